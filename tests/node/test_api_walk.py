"""The main way through the API: publish, request, make, accept, and see it told."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from fabnet.designs.documents.passport import open_passport
from fabnet.node.api.handlers.handover import get_handover
from fabnet.node.api.problem import Problem
from fabnet.node.api.table import Call
from fabnet.production.receipt import Acceptance
from fabnet.records.credential import open_credential
from fabnet.records.jose import enveloped
from fabnet.records.keys import SealingKey
from tests.node.cooperative import NODE, design
from tests.node.desk import Desk, Json, at_desk, request_body

pytestmark = pytest.mark.asyncio

NAME = "Rosa Delgado"
CONTACT = "+1 555 0100"


async def filed(desk: Desk, pieces: int = 2) -> str:
    await desk.people()
    await desk.cooperate()
    status, said = await desk.publish(design())
    assert status == 201, said
    body = request_body(desk, pieces, name=NAME, contact=CONTACT)
    status, said = await desk.post("/v1/requests", body, "steward")
    assert status == 201, said
    return str(said["job"])


def only(found: Json) -> dict[str, Json]:
    assert isinstance(found, list)
    assert len(found) == 1
    assert isinstance(found[0], dict)
    return found[0]


async def test_a_request_is_made_accepted_and_told_in_one_story(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        job = await filed(desk)
        await desk.make()
        await desk.make()
        lot = await desk.until_lot(job, "closed")
        assert (lot["good"], lot["progress_permille"]) == (2, 1_000)
        assert lot["machine_name"] == "The blue printer"

        status, said = await desk.post(f"/v1/lots/{job}/1/acceptance", {}, "steward")
        assert status == 201, said
        _, shown = await desk.get(f"/v1/jobs/{job[7:15]}")
        assert (shown["job"], shown["state"]) == (job, "fulfilled")

        _, story = await desk.get(f"/v1/stories/{job}")
        told = [line["code"] for line in _lines(story)]
        for code in (
            "request-filed",
            "placed",
            "lease-held",
            "piece-made",
            "fulfilled",
        ):
            assert code in told
        assert told.index("placed") < told.index("piece-made") < told.index("accepted")


async def test_the_passport_of_a_lot_opens_and_names_the_design(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        job = await filed(desk, pieces=1)
        await desk.make()
        await desk.until_lot(job, "closed")

        status, raw = await desk.page(f"/v1/passports/{job[7:15]}/1")
        assert status == 200
        passport = open_passport(raw.encode())
        assert (passport.design, passport.quantity) == (design().cid, 1)
        status, jwt = await desk.page(f"/v1/passports/{job[7:15]}/1/jwt")
        assert status == 200
        assert jwt == enveloped(open_credential(raw.encode()), NODE)
        assert (await desk.get(f"/v1/passports/{job}/2/jwt"))[0] == 404
        assert (await desk.get(f"/v1/passports/{job}/2"))[0] == 404
        assert (await desk.get(f"/v1/passports/{job}/x"))[0] == 404


async def test_minutes_within_one_cooperative_stay_pending_and_the_sum_is_zero(
    tmp_path: Path,
) -> None:
    async with at_desk(tmp_path) as desk:
        job = await filed(desk, pieces=1)
        await desk.make()
        await desk.until_lot(job, "closed")
        _, credit = await desk.get("/v1/credit")
        assert only(credit["pending"])["reason"] == "not-accepted"

        await desk.post(f"/v1/lots/{job}/1/acceptance", {}, "steward")
        _, credit = await desk.get("/v1/credit")
        assert only(credit["pending"])["reason"] == "same-cooperative"
        assert credit["sum_minutes"] == 0


async def test_a_facility_sees_that_what_it_made_was_accepted(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        job = await filed(desk, pieces=1)
        await desk.make()
        await desk.until_lot(job, "closed")
        _, before = await desk.get("/v1/makings")
        _, given = await desk.post(f"/v1/lots/{job}/1/acceptance", {}, "steward")
        _, after = await desk.get("/v1/makings")

        assert only(before["makings"])["accepted"] is False
        assert only(after["makings"])["accepted"] is True
        assert only(after["makings"])["closed"] != given["id"]
        assert only(before["makings"])["closed"] is not None


async def test_no_more_minutes_are_granted_than_claimed(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        job = await filed(desk, pieces=1)
        await desk.make()
        await desk.until_lot(job, "closed")

        minutes: Json = {"minutes": [{"kind": "machine", "minutes": 999_999}]}
        status, no = await desk.post(f"/v1/lots/{job}/1/acceptance", minutes, "steward")
        assert status == 409
        assert no["type"] == "urn:fabnet:reason:more-than-claimed"


async def test_pieces_may_be_taken_without_granting_a_minute(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        job = await filed(desk, pieces=1)
        await desk.make()
        await desk.until_lot(job, "closed")

        body: Json = {"minutes": []}
        await desk.post(f"/v1/lots/{job}/1/acceptance", body, "steward")
        [record] = await desk.shell.store.records(kind="acceptance/1")
        granted = record.read(Acceptance).minutes
        assert sum(each.minutes for each in granted) == 0


async def test_who_a_piece_is_for_is_shown_to_nobody(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        job = await filed(desk)
        await desk.make()
        await desk.until_lot(job, "confirmed")

        paths = ("/", f"/jobs/{job}", "/v1/jobs", f"/v1/jobs/{job}", "/v1/makings")
        for path in (*paths, f"/v1/stories/{job}", "/v1/node"):
            _, text = await desk.page(path)
            assert NAME not in text, path
            assert CONTACT not in text, path


async def test_an_operator_of_the_facility_learns_for_whom_a_confirmed_lot_is(
    tmp_path: Path,
) -> None:
    async with at_desk(tmp_path) as desk:
        job = await filed(desk)
        await desk.make()
        await desk.until_lot(job, "confirmed")
        path = f"/v1/lots/{job[7:15]}/1/handover"

        status, told = await desk.get(path, "operator")

        assert status == 200
        assert (told["name"], told["contact"]) == (NAME, CONTACT)
        for role, refused in ((None, 401), ("steward", 403), ("designer", 403)):
            status, told = await desk.get(path, role)
            assert status == refused
            assert NAME not in str(told)
        for other in (f"/v1/lots/{job}/2/handover", f"/v1/lots/{job}/x/handover"):
            assert (await desk.get(other, "operator"))[0] == 404


async def test_a_handover_sealed_to_another_key_is_told_as_its_requester_s_fault(
    tmp_path: Path,
) -> None:
    async with at_desk(tmp_path) as desk:
        job = await filed(desk)
        await desk.make()
        await desk.until_lot(job, "confirmed")
        other = SealingKey.from_seed(b"o" * 32)
        desk.shell = replace(desk.shell, sealing=other)
        answer = await get_handover(
            Call(desk.shell, {"job": job, "epoch": "1"}, asyncio.Lock())
        )

        assert isinstance(answer, Problem)
        assert answer.type == "urn:fabnet:reason:unreadable-handover"


async def test_the_pages_show_machines_designs_jobs_and_the_story(
    tmp_path: Path,
) -> None:
    async with at_desk(tmp_path) as desk:
        job = await filed(desk)
        await desk.make()
        await desk.until_lot(job, "confirmed")

        status, home = await desk.page("/")
        assert status == 200
        for shown in (
            "Wall hook",
            "CERN-OHL-S-2.0",
            "The blue printer",
            "busy",
            "<svg",
        ):
            assert shown in home
        assert f'href="/jobs/{job}"' in home
        assert 'http-equiv="refresh" content="5"' in home
        status, page = await desk.page(f"/jobs/{job[7:15]}")
        assert status == 200
        assert "Placed: 2 × hook on The blue printer" in page


async def test_a_new_node_has_a_page_that_says_what_is_missing(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        status, home = await desk.page("/")

        assert status == 200
        assert "No workshop is known yet" in home
        assert "Nobody has asked for anything yet" in home


async def test_a_page_of_nothing_says_so_as_a_page(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        status, page = await desk.page("/jobs/<b>nothing")

        assert status == 404
        assert "<!doctype html>" in page
        assert "<b>nothing" not in page


async def test_a_cancelled_request_is_cancelled_and_only_once(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        job = await filed(desk)
        await desk.until_lot(job, "confirmed")
        path = f"/v1/jobs/{job[7:15]}/cancellation"

        assert (await desk.post(path, {}, "steward"))[0] == 201
        await desk.make()
        await desk.until_lot(job, "closed")
        status, no = await desk.post(f"/v1/lots/{job}/7/acceptance", {}, "steward")
        assert (status, no["title"]) == (404, "No closed lot")


async def test_what_people_say_of_machines_reaches_them(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await desk.people()

        for name, status in (("printer", 201), ("loom", 404)):
            path = f"/v1/machines/workshop/{name}/state"
            assert (await desk.post(path, {"state": "drained"}))[0] == status
        assert desk.world.states["workshop/printer"] == "drained"
        path = "/v1/machines/workshop/printer/piece"
        assert (await desk.post(path, {"good": False}))[0] == 201
        assert desk.world.by_hand == [("workshop/printer", False)]
        status, no = await desk.post("/v1/machines/workshop/x/piece", {"good": True})
        assert (status, no["type"]) == (409, "urn:fabnet:reason:no-piece-open")


async def test_a_piece_in_doubt_is_counted_by_a_person_who_is_not_named(
    tmp_path: Path,
) -> None:
    async with at_desk(tmp_path) as desk:
        job = await filed(desk, pieces=1)
        await desk.lose("the power went out")
        await desk.until_making(job, "in-doubt")

        body: Json = {"good": True, "person": NAME}
        status, said = await desk.post(f"/v1/lots/{job}/1/count", body)
        assert status == 201, said
        await desk.until_lot(job, "closed")
        _, story = await desk.get(f"/v1/stories/{job}")
        assert "bench-counted" in [line["code"] for line in _lines(story)]
        assert NAME not in str(story)


async def test_a_file_of_a_design_is_saved_and_never_shown(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await desk.people()
        await desk.publish(design())
        url = f"{desk.url}/v1/designs/{design().cid}/files/hook.scad"

        async with desk.client.get(url) as response:
            assert await response.read() == design().files["hook.scad"]
            assert response.headers["Content-Disposition"].startswith("attachment")
            assert "sandbox" in response.headers["Content-Security-Policy"]
            assert response.headers["X-Content-Type-Options"] == "nosniff"
        for path in ("nothing.stl", "../fabnet.sqlite", "%2e%2e/fabnet.sqlite"):
            async with desk.client.get(url.replace("hook.scad", path)) as response:
                assert response.status == 404


def _lines(story: dict[str, Json]) -> list[dict[str, Json]]:
    lines = story["lines"]
    assert isinstance(lines, list)
    return [line for line in lines if isinstance(line, dict)]
