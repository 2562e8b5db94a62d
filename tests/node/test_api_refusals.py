"""Refusals of the API that nobody meets twice in a year, each for its reason."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from fabnet.node.api import whole
from fabnet.node.api.handlers import asking, people, requests
from fabnet.production.lots.making import Making
from fabnet.production.receipt import lot_key
from fabnet.protocol.effects import Drop, Keep, Put
from fabnet.records import canonical
from fabnet.records.ids import JobId
from fabnet.records.record import Record
from tests.node.cooperative import design
from tests.node.desk import Desk, Json, at_desk, request_body
from tests.node.storing import THEN, notice
from tests.node.test_api_designs import (
    CHANGED,
    FIRST,
    HOOK,
    RACK,
    made_from,
    publish,
)
from tests.node.test_api_walk import filed
from tests.node.test_api_why import until_planned

pytestmark = pytest.mark.asyncio
LETTERS = len("bafkrei") + 3


def reason(answer: tuple[int, dict[str, Json]]) -> str:
    return str(answer[1]["type"]).removeprefix("urn:fabnet:reason:")


async def test_there_is_an_end_to_tokens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_desk(tmp_path) as desk:
        await desk.people()
        monkeypatch.setattr(people, "TOKENS_MAX", 3)
        one_more = await desk.post("/v1/tokens", {"name": "ben", "role": "steward"})

    assert reason(one_more) == "too-many-tokens"


async def test_a_design_is_bounded_and_follows_its_own_lineage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cuckoo = made_from(
        CHANGED(HOOK, title="Cuckoo", lineage=RACK.cid, parents=(FIRST.cid,))
    )
    async with at_desk(tmp_path) as desk:
        await publish(desk, FIRST)
        assert reason(await desk.publish(cuckoo)) == "parent-of-another-lineage"
        monkeypatch.setattr(whole, "DESIGN_BYTES_MAX", 1)
        assert reason(await desk.publish(RACK)) == "design-too-large"


async def test_a_request_is_for_so_many_parts_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "ITEMS_MAX", 0)
    async with at_desk(tmp_path) as desk:
        await publish(desk, design())
        await desk.cooperate()
        said = await desk.post("/v1/requests", request_body(desk, 1), "steward")

    assert reason(said) == "too-many-parts"


async def test_an_answer_is_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_desk(tmp_path) as desk:
        job = await filed(desk)
        monkeypatch.setattr(asking, "ANSWER_S_MAX", 0)
        said = await desk.post(f"/v1/jobs/{job}/cancellation", role="steward")

    assert said[0] == 503
    assert reason(said) == "unanswered"


def alike() -> tuple[Record, Record]:
    """Return two records whose ids begin with the same three letters."""
    seen: dict[str, Record] = {}
    for number in range(1, 10_000):
        record = notice(1, f"press-{number}")
        other = seen.setdefault(record.id[:LETTERS], record)
        if other is not record:
            return other, record
    raise AssertionError("ids that never begin alike")


async def test_a_short_code_of_two_things_names_neither(tmp_path: Path) -> None:
    one, other = alike()
    async with at_desk(tmp_path) as desk:
        await desk.shell.store.commit([Keep(one, 1, None), Keep(other, 2, None)], THEN)
        said = await desk.get(f"/v1/jobs/{one.id[:LETTERS]}")

    assert (said[0], reason(said)) == (409, "ambiguous")


async def making_of(desk: Desk, job: str) -> Making:
    rows = desk.shell.store.rows()["making"]
    raw = rows[lot_key(JobId(job), 1)]
    return canonical.decode(raw, Making, bytes_max=len(raw))


async def test_before_its_terms_are_signed_a_lot_has_no_sheet_and_nobody_to_hand_to(
    tmp_path: Path,
) -> None:
    async with at_desk(tmp_path) as desk:
        job = await filed(desk)
        await until_planned(desk, job)
        await desk.until_lot(job, "confirmed")
        making = await making_of(desk, job)
        bare = msgspec.structs.replace(making, sealed=None, acceptance=None)
        key = lot_key(JobId(job), 1)
        await desk.shell.store.commit(
            [Put("making", key, canonical.encode(bare))], THEN
        )

        handover = await desk.get(f"/v1/lots/{job}/1/handover", "operator")
        assert reason(handover) == "not-confirmed"
        sheet = await desk.get(f"/v1/lots/{job}/1/sheet.svg", "operator")
        assert reason(sheet) == "not-leased"


async def test_who_planned_a_lot_that_is_only_made_here_is_told(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        job = await filed(desk)
        await until_planned(desk, job)
        await desk.until_lot(job, "confirmed")
        desk.shell.plans.forget()
        await desk.shell.store.commit([Drop("job", job)], THEN)

        said = await desk.get(f"/v1/jobs/{job}/why")

    assert reason(said) == "planned-elsewhere"
