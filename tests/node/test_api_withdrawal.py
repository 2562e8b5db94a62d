"""A design is recalled through the API: who may, what is told, and to whom."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from fabnet.content.cid import Cid, of_raw
from fabnet.designs.documents.withdrawal import (
    CREDENTIAL,
    KIND,
    Withdrawal,
    WithdrawalBody,
    subject_of,
)
from fabnet.designs.revision import parse
from fabnet.node.withdrawn import OF_AUTHOR_MAX, withdrawn_of
from fabnet.production.receipt import lot_key
from fabnet.protocol.effects import Put
from fabnet.records import canonical
from fabnet.records.credential import issue
from fabnet.records.ids import Incarnation, RecordId
from fabnet.records.keys import SigningKey, seal
from fabnet.records.record import seal_record
from tests.node.cooperative import DESIGNER, NODE, SEALING, STEWARD, THEN, design
from tests.node.desk import Desk, Json, at_desk, base64_of, request_body
from tests.node.storing import keeps, opened
from tests.production.samples import changed, job, queued

pytestmark = pytest.mark.asyncio

WHY = "The hook <b>snaps</b> below zero."
NAME, CONTACT = "Rosa Delgado", "+1 555 0100"
INSTEAD = of_raw(b"a stronger hook")


def document(
    *keys: SigningKey, cid: Cid | None = None, replacement: Cid | None = INSTEAD
) -> bytes:
    said = Withdrawal(
        revision=cid or design().cid,
        severity="recall",
        reason=WHY,
        replacement=replacement,
    )
    signing = keys or (DESIGNER,)
    return issue(
        CREDENTIAL,
        issuer=signing[0].public.did,
        subject=subject_of(said),
        valid_from=THEN,
        keys=signing,
        created=THEN,
    )


async def withdraw(desk: Desk, raw: bytes) -> tuple[int, dict[str, Json]]:
    body: Json = {"document": base64_of(raw)}
    return await desk.post("/v1/withdrawals", body, "designer")


async def making(desk: Desk) -> str:
    """Return a job of which one piece is made and one is in the machine."""
    await desk.people()
    await desk.cooperate()
    status, said = await desk.publish(design())
    assert status == 201, said
    body = request_body(desk, 3, name=NAME, contact=CONTACT)
    status, said = await desk.post("/v1/requests", body, "steward")
    assert status == 201, said
    await desk.make()
    return str(said["job"])


def only(found: Json) -> dict[str, Json]:
    assert isinstance(found, list)
    assert len(found) == 1
    assert isinstance(found[0], dict)
    return found[0]


async def until_told(desk: Desk) -> dict[str, Json]:
    async with asyncio.timeout(20):
        while True:
            _, found = await desk.get("/v1/withdrawals")
            told = found["withdrawals"]
            if isinstance(told, list) and told:
                assert isinstance(told[0], dict)
                return told[0]
            await asyncio.sleep(0.05)


async def test_a_recall_ends_what_is_made_and_lists_whom_it_touches(
    tmp_path: Path,
) -> None:
    async with at_desk(tmp_path) as desk:
        job = await making(desk)

        status, said = await withdraw(desk, document())
        assert status == 201, said
        await desk.make()
        lot = await desk.until_lot(job, "closed")
        assert lot["good"] == 2, "the piece in the machine is finished, and no more"

        told = await until_told(desk)
        assert (told["severity"], told["reason"]) == ("recall", WHY)
        assert (told["signed_by"], told["replacement"]) == (["Ada"], INSTEAD)
        touched = only(told["jobs"])
        assert (touched["job"], touched["good"], touched["pieces"]) == (job, 2, 3)
        _, shown = await desk.get(f"/v1/jobs/{job}")
        assert (shown["state"], shown["unplaced"]) == ("refused", "design-withdrawn")
        _, one = await desk.get(f"/v1/designs/{design().cid}")
        assert (one["withdrawn"], one["replacement"]) == (WHY, INSTEAD)


async def test_pieces_of_a_recalled_design_are_accepted_all_the_same(
    tmp_path: Path,
) -> None:
    async with at_desk(tmp_path) as desk:
        job = await making(desk)
        await withdraw(desk, document())
        await desk.make()
        await desk.until_lot(job, "closed")

        status, said = await desk.post(f"/v1/lots/{job}/1/acceptance", {}, "steward")

        assert status == 201, said
        story = await desk.shell.store.story(job)
        assert story[-1].code == "accepted"
        closed = await desk.shell.store.records(kind="request-closed/1")
        assert len(closed) == 1


async def test_a_new_request_is_refused_with_the_reason(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await making(desk)
        await withdraw(desk, document())
        await until_told(desk)

        status, no = await desk.post("/v1/requests", request_body(desk, 1), "steward")

        assert (status, no["field"]) == (422, "items[0].revision")
        assert no["detail"] == f"The design was recalled: “{WHY}”."


async def test_whom_the_pieces_were_for_is_told_to_operators_alone(
    tmp_path: Path,
) -> None:
    async with at_desk(tmp_path) as desk:
        await making(desk)
        await withdraw(desk, document())
        await until_told(desk)
        path = f"/v1/withdrawals/{design().cid}/recipients"

        assert (await desk.get(path))[0] == 401
        for role in ("designer", "steward"):
            assert (await desk.get(path, role))[0] == 403
        _, found = await desk.get(path, "operator")
        who = only(found["recipients"])
        assert (who["name"], who["contact"], who["side"]) == (
            NAME,
            CONTACT,
            "requester",
        )
        for open_to_all in ("/v1/withdrawals", "/withdrawals", "/", "/v1/jobs"):
            _, text = await desk.page(open_to_all)
            assert NAME not in text
            assert CONTACT not in text


async def test_a_facility_finds_whom_a_lot_was_for_where_confirm_told_it(
    tmp_path: Path,
) -> None:
    lot = changed(queued(), revision=design().cid, state="final", good=2, reason="made")
    told = b'{"name": "Rosa Delgado", "contact": "+1 555 0100"}'
    context = lot_key(lot.job, lot.epoch).encode()
    box = seal(told, to=SEALING.public, context=context, seed=b"o" * 32)
    async with at_desk(tmp_path) as desk:
        await desk.people()
        for number, sealed in enumerate((box, b"to another key" * 8), start=1):
            made = changed(lot, sealed=sealed, job=job(f"job {number}"))
            if number == 1:
                made = changed(made, job=lot.job)
            put = Put("making", lot_key(made.job, 1), canonical.encode(made))
            await desk.shell.store.commit([put], 0)
        path = f"/v1/withdrawals/{design().cid}/recipients"
        _, reply = await desk.get(path, "operator")

    found = reply["recipients"]
    assert isinstance(found, list)
    rows = [each for each in found if isinstance(each, dict)]
    known = {(each["name"], each["contact"], each["good"]) for each in rows}
    assert known == {(NAME, CONTACT, 2), ("", "", 2)}
    assert {each["cooperative"] for each in rows} == {lot.charter}


async def test_the_page_tells_of_it_and_shows_no_markup_of_strangers(
    tmp_path: Path,
) -> None:
    async with at_desk(tmp_path) as desk:
        job = await making(desk)
        await withdraw(desk, document())
        await until_told(desk)

        _, text = await desk.page("/")
        assert "Recalled designs" in text
        assert "The hook &lt;b&gt;snaps&lt;/b&gt; below zero." in text

        _, text = await desk.page("/withdrawals")
        assert job[7:15] in text
        assert "The hook &lt;b&gt;snaps&lt;/b&gt; below zero." in text
        assert f"/designs/{INSTEAD}" in text
        _, text = await desk.page(f"/jobs/{job}")
        assert "Refused: the design was recalled." in text


async def test_only_what_counts_is_carried(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await making(desk)
        for raw, reason in (
            (document(STEWARD), "rightsholders-missing"),
            (document(cid=of_raw(b"unknown"), replacement=None), "no-such-design"),
            (b"no document", "not-authentic"),
        ):
            status, no = await withdraw(desk, raw)
            assert (status, no["type"]) == (422, f"urn:fabnet:reason:{reason}")
        assert not await desk.shell.store.records(kind=KIND)
        _, found = await desk.get("/v1/withdrawals")
        assert found["withdrawals"] == []


async def test_false_ones_of_another_node_do_not_bury_a_true_one(
    tmp_path: Path,
) -> None:
    cid, made = design().cid, parse(design().manifest)
    said = [(STEWARD, document())]
    said += [(NODE, document(STEWARD, replacement=None))] * (OF_AUTHOR_MAX + 1)
    records = [
        seal_record(
            author, network="test", kind=KIND, incarnation=Incarnation(1, 7), seq=seq,
            prev=None if seq == 1 else RecordId(of_raw(b"before")), moment_ms=seq,
            about=cid, body=WithdrawalBody(raw),
        )
        for seq, (author, raw) in enumerate(said, start=1)
    ]  # fmt: skip
    async with opened(tmp_path) as store:
        await store.commit(keeps(records), 0)

        found = await withdrawn_of(store, made, cid)

    assert found is not None
    assert found.reason == WHY
