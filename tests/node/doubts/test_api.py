"""Doubts at a running node: told, signed for and ended; who may, what is refused."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from fabnet.cooperation.benches import (
    ATTESTATION,
    WRITE_OFF,
    attestation_subject,
    write_off_subject,
)
from fabnet.production.handoff import CANCEL, STATUS, Cancel, Counted, Status
from fabnet.production.lots.remnant import Remnant
from fabnet.production.machine import KIND as MACHINE
from fabnet.production.receipt import lot_key
from fabnet.protocol.effects import Drop, Keep, Put
from fabnet.protocol.events import MessageHeard
from fabnet.records import canonical
from fabnet.records.body import Body
from fabnet.records.credential import Json as Signed
from fabnet.records.credential import issue
from fabnet.records.ids import Incarnation, JobId, RecordId
from fabnet.records.keys import SigningKey
from fabnet.records.message import seal_message
from fabnet.records.record import seal_record
from tests.node.cooperative import (
    DESIGNER,
    NODE,
    PRINTER,
    STEWARD,
    THEN,
    printer,
)
from tests.node.desk import Desk, Json, at_desk, base64_of
from tests.node.test_api_metrics import told
from tests.node.test_api_walk import CONTACT, NAME, filed
from tests.production.samples import MAKER, OURS, asked, job, key

pytestmark = pytest.mark.asyncio

LOST = job("of a database before")
OLDER, NEWER = Incarnation(1, 3), Incarnation(2, 8)


def signed(kind: str, subject: dict[str, Signed], *keys: SigningKey) -> Json:
    signing = keys or (STEWARD,)
    raw = issue(
        kind, issuer=signing[0].public.did, subject=subject, valid_from=THEN,
        keys=signing, created=THEN,
    )  # fmt: skip
    return {"document": base64_of(raw)}


def attestation(good: int, *keys: SigningKey, of: JobId = LOST) -> Json:
    subject = attestation_subject(
        job=of, epoch=1, site=NODE.public.peer, good=good, scrap=0
    )
    return signed(ATTESTATION, subject, *keys)


def write_off(of: str, missing: int, *keys: SigningKey) -> Json:
    subject = write_off_subject(
        job=of, epoch=1, requester=NODE.public.peer, missing=missing, reason="Flooded."
    )
    return signed(WRITE_OFF, subject, *keys)


async def bench_lost(desk: Desk) -> None:
    """Hear of a lot that an earlier database of this node was asked for."""
    await desk.people()
    await desk.cooperate()
    await hears(desk, CANCEL, Cancel(LOST, 1, OLDER))
    await until(desk, "bench-unknown")


async def hears(desk: Desk, kind: str, body: Body) -> None:
    """Bring the node a message, its own first one to itself."""
    ours = desk.shell.identity.incarnation
    message = seal_message(
        NODE, network="test", kind=kind, recipient=NODE.public.peer, to=ours,
        incarnation=ours, seq=1, moment_ms=0, body=body,
    )  # fmt: skip
    await desk.shell.runner.post(MessageHeard(message))


async def until(desk: Desk, kind: str) -> dict[str, Json]:
    """Ask again until something of a kind waits; return it."""
    async with asyncio.timeout(20):
        while True:
            for doubt in await listed(desk):
                if doubt["kind"] == kind:
                    return doubt
            await asyncio.sleep(0.05)


async def listed(desk: Desk, role: str = "steward") -> list[dict[str, Json]]:
    status, found = await desk.get("/v1/doubts", role)
    assert status == 200, found
    rows = found["doubts"]
    assert isinstance(rows, list)
    return [row for row in rows if isinstance(row, dict)]


def reason(no: dict[str, Json]) -> str:
    return str(no["type"]).removeprefix("urn:fabnet:reason:")


async def test_a_piece_in_doubt_is_told_with_what_to_type(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        name = await filed(desk)
        await desk.lose("the line dropped")
        doubt = await until(desk, "in-doubt")

        assert (
            doubt["command"] == f"fabnet count {name[7:15]} 1 good|scrap --person NAME"
        )
        assert doubt["machine_name"] == "The blue printer"
        assert doubt["other"] == "Jackson"
        assert "The blue printer" in str(doubt["sentence"])
        assert isinstance(doubt["since_ms"], int)
        for path in ("/", f"/jobs/{name}"):
            _, text = await desk.page(path)
            assert "Somebody must look" in text
            assert "fabnet count" in text
            assert NAME not in text
            assert CONTACT not in text
        _, page = await desk.page("/metrics")
        assert told(page)['fabnet_doubts{kind="in-doubt"}'] == 1

        body: Json = {"good": True, "person": "mara"}
        await desk.post(f"/v1/lots/{name}/1/count", body)
        assert "in-doubt" not in [it["kind"] for it in await listed(desk)]


async def test_a_lost_bench_is_counted_by_its_people_and_nobody_else(
    tmp_path: Path,
) -> None:
    async with at_desk(tmp_path, database=NEWER) as desk:
        await bench_lost(desk)
        restored, doubt = await listed(desk, "operator")
        assert (restored["kind"], restored["side"]) == ("restored", "node")
        assert isinstance(restored["since_ms"], int)
        assert (doubt["job"], doubt["epoch"]) == (LOST, 1)
        assert f"fabnet attest {LOST[7:15]}/1" in str(doubt["command"])
        _, text = await desk.page("/")
        assert f"Job {LOST[7:15]}" in text

        path = f"/v1/lots/{LOST[7:15]}/1/attestation"
        for body, status, why in (
            (attestation(2, DESIGNER), 403, "signers-missing"),
            (attestation(2, of=job("other")), 422, "document-of-another-lot"),
            (write_off(LOST, 2), 422, "document-unreadable"),
        ):
            answered, no = await desk.post(path, body, "steward")
            assert (answered, reason(no)) == (status, why)
        status, _ = await desk.post(path, attestation(2), "designer")
        assert status == 403

        status, said = await desk.post(path, attestation(2), "steward")
        assert status == 201, said
        assert [it["kind"] for it in await listed(desk)] == ["restored"]
        status, no = await desk.post(path, attestation(2), "steward")
        assert (status, reason(no)) == (409, "no-lost-lot")


async def test_a_job_that_only_a_lost_database_knew_has_its_page(
    tmp_path: Path,
) -> None:
    async with at_desk(tmp_path) as desk:
        name = JobId(RecordId(await filed(desk)))
        await desk.lose("the line dropped")
        await until(desk, "in-doubt")
        left = Remnant(name, 1, NODE.public.peer, "lost", OLDER, PRINTER, 1, 0, None)
        lot = lot_key(name, 1)
        rows: list[Drop | Put] = [
            Drop("job", name), Drop("lot", lot), Drop("making", lot),
            Put("remnant", lot, canonical.encode(left)),
        ]  # fmt: skip
        await desk.shell.store.commit(rows, 0)

        status, text = await desk.page(f"/jobs/{name}")
        assert status == 200
        assert "2 × Wall hook" in text
        assert "that are still known: 1" in text
        _, text = await desk.page("/")
        assert f'<a href="/jobs/{name}">Job {name[7:15]}</a>' in text

        fenced = canonical.encode(msgspec.structs.replace(left, state="fenced"))
        await desk.shell.store.commit([Put("remnant", lot, fenced)], 0)
        assert (await desk.page(f"/jobs/{name}"))[0] == 404


async def test_what_a_lot_lacks_is_written_off_and_owed_again(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        name = await filed(desk, pieces=3)
        await desk.make()
        async with asyncio.timeout(20):
            while (await desk.until_lot(name, "confirmed"))["good"] != 1:
                await asyncio.sleep(0.05)
        path = f"/v1/lots/{name}/1/write-off"

        status, no = await desk.post(path, write_off(name, 3), "steward")
        assert (status, reason(no)) == (409, "write-off-of-another-count")
        assert "3 pieces were signed for, and 2 are missing now" in str(no["detail"])
        status, no = await desk.post(path, write_off(name, 2, DESIGNER), "steward")
        assert (status, reason(no)) == (403, "signers-missing")

        status, said = await desk.post(path, write_off(name, 2), "operator")
        assert status == 201, said
        lot = await desk.until_lot(name, "written-off")
        assert lot["good"] == 1
        _, story = await desk.page(f"/jobs/{name}")
        assert "2 missing from workshop/printer were written off" in story


@pytest.mark.parametrize(
    "lot", ["abcdefgh/1", "ab/1", "bafkrei/1", f"{LOST}/9", f"{LOST}/x"]
)
async def test_a_lot_that_is_not_known_is_not_found(tmp_path: Path, lot: str) -> None:
    async with at_desk(tmp_path, database=NEWER) as desk:
        await bench_lost(desk)
        for what, body in (
            ("attestation", attestation(1)),
            ("write-off", write_off(LOST, 1)),
        ):
            status, _ = await desk.post(f"/v1/lots/{lot}/{what}", body, "steward")
            assert status == 404


async def test_pieces_that_only_their_maker_knows_of_are_told(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await desk.people()
        await desk.cooperate()
        ours = desk.shell.identity.incarnation
        told_of = (Counted(LOST, 1, 2, 0), Counted(job("none good"), 1, 0, 3))
        await hears(desk, STATUS, Status(ours, ours, told_of, 0))
        stray = await until(desk, "stray-lot")

        assert (stray["job"], stray["good"], stray["other"]) == (LOST, 2, "Jackson")
        assert [it["kind"] for it in await listed(desk)] == ["stray-lot"]


async def test_a_machine_that_waits_elsewhere_is_told_here(tmp_path: Path) -> None:
    lot = msgspec.structs.replace(
        asked(), state="confirmed", incarnation=OURS, machine=PRINTER,
        end_ms=4_000_000_000_000,
    )  # fmt: skip
    there = msgspec.structs.replace(printer(), state="in-doubt")
    notice = seal_record(
        key(1), network="test", kind=MACHINE, incarnation=OURS, seq=1, prev=None,
        moment_ms=0, about=PRINTER, body=there,
    )  # fmt: skip
    async with at_desk(tmp_path) as desk:
        await desk.people()
        row = Put("lot", lot_key(lot.job, lot.epoch), canonical.encode(lot))
        await desk.shell.store.commit([Keep(notice, 1, MAKER), row], 0)

        (doubt,) = await listed(desk)
        assert (doubt["kind"], doubt["peer"]) == ("waits-there", MAKER)


async def test_doubts_are_for_operators_and_stewards(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await desk.people()
        assert (await desk.get("/v1/doubts"))[0] == 401
        assert (await desk.get("/v1/doubts", "designer"))[0] == 403
