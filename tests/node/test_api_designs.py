"""Designs through the API and its pages: searched, followed, compared, counted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

import msgspec
import pytest

from fabnet.content import cid as cids
from fabnet.content.cid import Cid
from fabnet.content.unixfs import file_cid, folder
from fabnet.cooperation.charter import lineage_of
from fabnet.designs.documents.grant import CREDENTIAL as GRANT
from fabnet.designs.documents.grant import Grant, grant_of, subject_of
from fabnet.designs.documents.passport import CREDENTIAL as PASSPORT
from fabnet.designs.documents.passport import SOURCE_YEARS_MS, passport_subject
from fabnet.designs.requirement import Requirement
from fabnet.designs.revision import (
    FileEntry,
    Origin,
    Part,
    Revision,
    Rightsholder,
    encode,
    parse,
)
from fabnet.node import founding
from fabnet.production import receipt
from fabnet.production.receipt import Acceptance, LotClosed, lot_key
from fabnet.protocol.community import DocumentRow
from fabnet.protocol.effects import Keep, Put
from fabnet.records import canonical
from fabnet.records.civil import moment_of, rfc3339
from fabnet.records.credential import issue
from fabnet.records.ids import (
    CharterId,
    FacilityId,
    Incarnation,
    JobId,
    MachineId,
    RecordId,
)
from fabnet.records.keys import SigningKey
from fabnet.records.record import seal_record
from tests.designs.documents.test_passport import PASSPORT as PAPER
from tests.node.cooperative import DESIGNER, THEN, Published, design
from tests.node.desk import Desk, Json, at_desk

pytestmark = pytest.mark.asyncio

CHANGED = msgspec.structs.replace
EVE = SigningKey.from_seed(b"eve".ljust(32))
HOOK = parse(design().manifest)
MEDIA = {"csv": "text/csv", "md": "text/markdown", "scad": "application/x-openscad"}


def made_from(
    revision: Revision,
    files: Mapping[str, bytes] | None = None,
    signer: SigningKey = DESIGNER,
) -> Published:
    """Return a design ready to be published, signed by `signer`."""
    files = design().files if files is None else files
    listed = tuple(
        FileEntry(
            path=path,
            cid=cids.of_raw(data),
            bytes=len(data),
            media_type=MEDIA[path.rpartition(".")[2]],
            role="bom" if "bom" in path else "source",
        )
        for path, data in files.items()
    )
    manifest = encode(CHANGED(revision, files=listed))
    granted = grant_of(parse(manifest), cids.of_raw(manifest))
    assert isinstance(granted, Grant), granted
    document = issue(
        GRANT,
        issuer=signer.public.did,
        subject=subject_of(granted),
        valid_from=THEN,
        keys=[signer],
        created=THEN,
    )
    held = folder({path: file_cid([data]) for path, data in files.items()})
    return Published(dict(files), manifest, document, held.cid)


def after(*parents: Cid, signer: SigningKey = DESIGNER, **changes: object) -> Published:
    """Return a version that says it follows the first."""
    holder = Rightsholder(did=signer.public.did, name="Whoever")
    revision = CHANGED(
        HOOK,
        lineage=FIRST.cid,
        parents=parents or (FIRST.cid,),
        rightsholders=(holder,),
        **changes,
    )
    return made_from(revision, signer=signer)


FIRST = made_from(HOOK)
SECOND = after(version="2.0", function="Holds two coats.")
FORK = after(version="eve", signer=EVE)

PLATE = Part(
    name="Plate",
    requirement=Requirement(
        "laser-cutting", ("plywood",), 120_000, 80_000, 4_000,
        None, 4_000, None, None, (), 20_000, 10,
    ),
    reference_s=90,
    quantity=2,
    files=(),
    licence="CC-BY-SA-4.0",
)  # fmt: skip
RACK = made_from(
    CHANGED(
        HOOK,
        title="Perchero de unión",
        parts=(*HOOK.parts, PLATE),
        derived_from=(Origin(cid=FIRST.cid, relation="part", quantity=3),),
    ),
    {
        **design().files,
        "bom.csv": b"part;qty;type\nHook;1;POSH\nM4 screw;4;STD\nglue;a bit;BUY\n",
    },
)


async def publish(desk: Desk, *designs: Published) -> None:
    await desk.people()
    for each in designs:
        status, said = await desk.publish(each)
        assert status == 201, said


async def found(desk: Desk, **asked: str) -> list[Json]:
    status, said = await desk.get(f"/v1/designs?{urlencode(asked)}")
    assert status == 200, said
    return [each["cid"] for each in objects(said["designs"])]


def objects(found: Json) -> list[dict[str, Json]]:
    assert isinstance(found, list)
    return [each for each in found if isinstance(each, dict)]


# ------------------------------------------------------------------ search


async def test_designs_are_found_by_words_and_facts(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await publish(desk, FIRST, RACK)

        assert await found(desk) == [RACK.cid, FIRST.cid]
        assert await found(desk, text="hook") == [FIRST.cid, RACK.cid]
        assert await found(desk, text="UNION perchero") == [RACK.cid]
        assert await found(desk, process="laser-cutting") == [RACK.cid]
        assert await found(desk, material="plywood", licence="cc-by-sa-4.0") == [
            RACK.cid
        ]
        assert await found(desk, text="nothing at all") == []


async def test_a_search_goes_on_where_it_ended(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await publish(desk, FIRST, RACK, SECOND)
        _, page = await desk.get("/v1/designs?limit=2")
        _, rest = await desk.get(f"/v1/designs?limit=2&after={page['more']}")

        assert (page["count"], rest["count"], rest["more"]) == (3, 3, "")
        assert [each["cid"] for each in objects(rest["designs"])] == [FIRST.cid]


async def test_what_comes_after_a_search_is_found_by_the_next(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await publish(desk)
        assert await found(desk) == []
        for each in (FIRST, SECOND, RACK):
            await desk.publish(each)
            assert each.cid in await found(desk)
        assert await found(desk, lineage=FIRST.cid) == [SECOND.cid, FIRST.cid]
        assert await found(desk, newest="yes") == [RACK.cid, SECOND.cid]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("txt=x", "txt: unknown; did you mean 'text'"),
        ("text=a&text=b", "text: occurs twice"),
        ("limit=0", "limit: expected"),
        ("newest=maybe", "newest: invalid"),
        ("lineage=x", "lineage: expected a CID"),
        ("after=x", "after: expected what"),
        (f"text={'x' * 201}", "text: expected at most 200"),
    ],
)
async def test_an_odd_search_is_told_by_its_field(
    tmp_path: Path, query: str, told: str
) -> None:
    async with at_desk(tmp_path) as desk:
        status, no = await desk.get(f"/v1/designs?{query}")

        assert status == 422
        assert str(no["detail"]).startswith(told), no["detail"]


# ------------------------------------------------------------------ lineage


async def test_a_version_by_the_same_hand_supersedes_and_another_is_a_fork(
    tmp_path: Path,
) -> None:
    async with at_desk(tmp_path) as desk:
        await publish(desk, FIRST, SECOND, FORK)
        _, first = await desk.get(f"/v1/designs/{FIRST.cid}")
        _, lineage = await desk.get(f"/v1/designs/{SECOND.cid}/lineage")

        assert first["superseded_by"] == [SECOND.cid]
        assert first["forks"] == [FORK.cid]
        assert first["newest"] == lineage["newest"] == [SECOND.cid]
        standing = {it["cid"]: it["standing"] for it in objects(lineage["members"])}
        assert standing == {
            FIRST.cid: "first", SECOND.cid: "line", FORK.cid: "fork"
        }  # fmt: skip
        [step] = objects(lineage["ancestors"])
        assert (step["cid"], step["standing"]) == (FIRST.cid, "held")


async def test_a_parent_that_nobody_has_is_unknown(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        gone = cids.of_raw(b"gone")
        third = after(gone, version="3")
        await publish(desk, FIRST, third)
        _, lineage = await desk.get(f"/v1/designs/{third.cid}/lineage")

        [step] = objects(lineage["ancestors"])
        assert (step["cid"], step["standing"]) == (gone, "unknown")
        assert lineage["newest"] == [FIRST.cid]


async def test_origins_are_shown_from_both_ends(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await publish(desk, FIRST, RACK)
        _, rack = await desk.get(f"/v1/designs/{RACK.cid}")
        _, first = await desk.get(f"/v1/designs/{FIRST.cid}")

        assert objects(rack["derived_from"]) == [
            {"cid": FIRST.cid, "title": "Wall hook", "relation": "part", "quantity": 3}
        ]
        assert first["drawn_on_by"] == [RACK.cid]


# ------------------------------------------------------------------ diff and bill


async def test_a_diff_says_what_changed_in_words_too(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await publish(desk, FIRST, SECOND)
        _, diff = await desk.get(f"/v1/designs/{FIRST.cid}/diff/{SECOND.cid}")

        told = [each["sentence"] for each in objects(diff["changes"])]
        assert "The version was 1.0, and is 2.0." in told
        assert f"It follows {FIRST.cid[:15]}… now." in told
        _, same = await desk.get(f"/v1/designs/{FIRST.cid}/diff/{FIRST.cid}")
        assert same["changes"] == []
        path = f"/v1/designs/{FIRST.cid}/diff/{cids.of_raw(b'gone')}"
        assert (await desk.get(path))[0] == 404


async def test_a_bill_lists_what_to_make_to_buy_and_other_designs(
    tmp_path: Path,
) -> None:
    async with at_desk(tmp_path) as desk:
        await publish(desk, FIRST, RACK)
        _, bill = await desk.get(f"/v1/designs/{RACK.cid}/bom?units=2")

        assert [
            (it["part"], it["pieces"], it["licence"]) for it in objects(bill["made"])
        ] == [("hook", 2, "CERN-OHL-S-2.0"), ("Plate", 4, "CC-BY-SA-4.0")]
        [inner] = objects(bill["designs"])
        assert (inner["name"], inner["units"]) == ("Wall hook", 6)
        [bought] = objects(bill["bought"])
        assert (bought["name"], bought["thousandths"]) == ("M4 screw", 8_000)
        [note] = objects(bill["notes"])
        assert note["sentence"] == "bom.csv, row 4: qty cannot be read: a bit."


# ------------------------------------------------------------------ a whole unit


def asking(desk: Desk, **wanted: Json) -> dict[str, Json]:
    return {
        "due": desk.due(), "need": "other", "for": {"name": "Rosa"}, **wanted
    }  # fmt: skip


async def test_a_whole_unit_is_asked_for_in_one_request(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await publish(desk, FIRST, RACK)
        await desk.cooperate()
        body = asking(
            desk,
            units=[{"revision": RACK.cid, "units": 2}],
            items=[{"revision": RACK.cid, "part": "Plate", "pieces": 1}],
        )
        status, said = await desk.post("/v1/requests", body, "steward")
        assert status == 201, said
        _, job = await desk.get(f"/v1/jobs/{said['job']}")

        wanted = [
            (it["revision"], it["part"], it["pieces"]) for it in objects(job["items"])
        ]
        # Three wall hooks go into each rack, and have a part of the same name.
        assert wanted == [
            (RACK.cid, "Plate", 5), (RACK.cid, "hook", 2), (FIRST.cid, "hook", 6)
        ]  # fmt: skip


async def test_units_that_cannot_be_had_whole_are_refused(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await publish(desk, RACK)
        await desk.cooperate()
        for units, reason in (
            ([{"revision": RACK.cid, "units": 1}], "design-not-held"),
            ([{"revision": cids.of_raw(b"x"), "units": 1}], "no-such-design"),
            ([], "wrong-field"),
        ):
            body = asking(desk, units=units)  # type: ignore[arg-type]  # is JSON
            status, no = await desk.post("/v1/requests", body, "steward")
            assert status in (409, 422)
            assert no["type"] == f"urn:fabnet:reason:{reason}"
        await desk.publish(FIRST)
        body = asking(desk, units=[{"revision": FIRST.cid, "units": 10_000}])
        body["items"] = [{"revision": FIRST.cid, "part": "hook", "pieces": 1}]
        status, no = await desk.post("/v1/requests", body, "steward")
        assert no["type"] == "urn:fabnet:reason:too-many-of-a-part"


# ------------------------------------------------------------------ evidence


def lot_of(
    desk: Desk,
    key: SigningKey,
    cid: Cid,
    epoch: int,
    *,
    charter: CharterId,
    taker: SigningKey | None = None,
) -> list[Keep]:
    """Return what a facility elsewhere said of a finished lot, and who took it: we."""
    job = JobId(cids.of_raw(b"a request of ours"))
    passport = CHANGED(
        PAPER, made_by=key.public.peer, facility=FacilityId("works"), charter=charter,
        design=cid, part="hook", quantity=2, job=job, epoch=epoch, minutes=10 * epoch,
        source_until=rfc3339(moment_of(THEN) + 2 * SOURCE_YEARS_MS),
    )  # fmt: skip
    signed = issue(
        PASSPORT, issuer=key.public.did, subject=passport_subject(passport),
        valid_from=THEN, keys=[key], created=THEN,
    )  # fmt: skip
    us = desk.shell.identity
    account = LotClosed(
        job, epoch, us.peer, MachineId("works/printer"), 2, 0, "made", (), 60, 12_000,
        PAPER.licence_acceptance, signed,
    )  # fmt: skip
    closed = seal_record(
        key, network="test", kind=receipt.LOT_CLOSED, incarnation=Incarnation(1, 1),
        seq=epoch, prev=None if epoch == 1 else RecordId(job), moment_ms=1,
        about=lot_key(job, epoch), body=account,
    )  # fmt: skip
    taken = seal_record(
        taker or us.key, network="test", kind=receipt.ACCEPTANCE,
        incarnation=Incarnation(9, 9),
        seq=epoch, prev=None if epoch == 1 else RecordId(job), moment_ms=1,
        about=lot_key(job, epoch),
        body=Acceptance(job, epoch, closed.id, 2, ()),
    )  # fmt: skip
    at = 1_000 + 10 * epoch + (5 if taker else 0)
    return [Keep(closed, at, key.public.peer), Keep(taken, at + 1, None)]


async def test_cooperatives_that_made_it_are_counted_by_accepted_lots(
    tmp_path: Path,
) -> None:
    async with at_desk(tmp_path) as desk:
        await publish(desk, FIRST)
        await desk.cooperate()
        detroit = SigningKey.from_seed(b"detroit".ljust(32))
        charter = founding.cooperative(
            "Detroit", nodes=[detroit.public.peer], steward=EVE, moment_ms=1
        )
        id_ = lineage_of(charter)
        assert id_ is not None
        row = canonical.encode(DocumentRow(charter))
        lots = [
            lot_of(desk, detroit, FIRST.cid, epoch, charter=id_) for epoch in (1, 2, 3)
        ]
        liar = lot_of(desk, EVE, FIRST.cid, 4, charter=id_)
        closed, taken = lots[2]
        _, forged = lot_of(desk, detroit, FIRST.cid, 3, charter=id_, taker=EVE)
        kept = [*lots[0], *lots[1], closed, forged, *liar]
        await desk.shell.store.commit([Put("charter", f"{id_} 1", row), *kept], 1)

        _, shown = await desk.get(f"/v1/designs/{FIRST.cid}")
        [maker] = objects(shown["made_by"])
        # The third lot was accepted by nobody who asked for it, and Eve's node, which
        # says that it made the fourth, is of no cooperative.
        assert (maker["cooperative"], maker["lots"], maker["pieces"]) == (id_, 2, 4)
        assert (maker["is_author"], maker["witnessed_lots"]) == (False, 2)
        assert shown["made_independently_by"] == 1
        assert objects(shown["measured"]) == [
            {"part": "hook", "lots": 2, "piece_s": 300, "piece_mg": 12_600,
             "piece_wh": 90}
        ]  # fmt: skip
        await desk.shell.store.commit([taken], 2)
        _, shown = await desk.get(f"/v1/designs/{FIRST.cid}")
        assert objects(shown["made_by"])[0]["lots"] == 3
        status, page = await desk.page(f"/designs/{FIRST.cid}")
        assert status == 200
        assert "independently by 1." in page


async def test_what_its_own_cooperative_made_is_not_independent(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await publish(desk, FIRST)
        await desk.cooperate()
        body = asking(desk, units=[{"revision": FIRST.cid, "units": 1}])
        status, said = await desk.post("/v1/requests", body, "steward")
        assert status == 201, said
        await desk.make()
        await desk.until_lot(str(said["job"]), "closed")
        path = f"/v1/designs/{FIRST.cid}"
        assert (await desk.get(path))[1]["made_by"] == []

        await desk.post(f"/v1/lots/{said['job']}/1/acceptance", {}, "steward")
        _, shown = await desk.get(path)
        [maker] = objects(shown["made_by"])
        assert (maker["is_author"], maker["pieces"], maker["witnessed_lots"]) == (
            True, 1, 0,
        )  # fmt: skip
        assert shown["made_independently_by"] == 0


# ------------------------------------------------------------------ pages


async def test_designs_are_searched_on_a_page_without_script(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await publish(desk, FIRST, RACK)
        status, page = await desk.page("/designs?text=perchero&newest=yes")

        assert status == 200
        assert '<form class="search" action="/designs" method="get"' in page
        assert f'href="/designs/{RACK.cid}"' in page
        assert f'href="/designs/{FIRST.cid}"' not in page
        assert "<script" not in page
        # Nobody's words are wiped while they type.
        assert 'http-equiv="refresh"' not in page
        status, page = await desk.page("/designs?text=%22%3E%3Cb%3Ex")
        assert "<b>x" not in page
        assert "No design that is known here" in page
        async with desk.client.get(desk.url + "/designs") as response:
            policy = response.headers["Content-Security-Policy"]
            assert "form-action 'self'" in policy


async def test_the_page_of_a_design_shows_its_bill_and_its_kin(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await publish(desk, FIRST, SECOND, FORK, RACK)
        _, first = await desk.page(f"/designs/{FIRST.cid}")
        _, rack = await desk.page(f"/designs/{RACK.cid}?units=2")

        assert "<strong>Superseded</strong>" in first
        assert f"/v1/designs/{FIRST.cid}/diff/{SECOND.cid}" in first
        assert "on somebody else’s word" in first
        assert "Buy 8 × M4 screw" in rack
        assert "Make 4 × Plate" in rack
        assert "6 × <a" in rack
        assert (await desk.page("/designs/bafkrei"))[0] == 404
