"""Why a job is where it is, asked of a running node: its API, its command, its page."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest

from fabnet.node.api.plans.why import Speech
from fabnet.node.cli.main import main
from fabnet.node.clock import StillClock
from fabnet.node.planning.plans import ENTRIES_MAX, PLANS_MAX, Plans
from fabnet.production.plan import Certificate, Problem
from fabnet.records.ids import JobId
from fabnet.scheduling.plan import plan
from tests.node.cooperative import NODE, PRINTER
from tests.node.desk import Desk, Json, at_desk, request_body
from tests.node.test_api_walk import filed
from tests.scheduling.problems import offered, problem, wanted

Capture = pytest.CaptureFixture[str]
PATIENCE_S = 60
"""The first plan of a process may compile its loops first, on a busy machine."""


async def until_planned(desk: Desk, job: str) -> dict[str, Json]:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            status, told = await desk.get(f"/v1/jobs/{job}/why")
            if status == 200:
                return told
            await asyncio.sleep(0.05)


@pytest.mark.asyncio
async def test_how_near_the_best_a_plan_is_reaches_the_answer_and_the_story(
    tmp_path: Path,
) -> None:
    async with at_desk(tmp_path) as desk:
        job = await filed(desk)
        told = await until_planned(desk, job)
        sure = told["certificate"]
        assert isinstance(sure, dict)
        assert sure["cost_ms"] == sure["bound_ms"] != 0
        assert told["certificate_sentence"] == (
            "No plan that makes the same over these offers can cost less."
        )
        async with asyncio.timeout(PATIENCE_S):
            while "could have cost less" not in (await desk.page(f"/jobs/{job}"))[1]:
                await asyncio.sleep(0.05)


def test_a_plan_that_may_not_be_the_best_says_by_how_much() -> None:
    held = Certificate(cost_ms=10_000, bound_ms=9_876)
    assert Speech("en").certificate(held) == (
        "No plan that makes the same over these offers can cost more than 1.24 % less."
    )


def row(told: dict[str, Json]) -> dict[str, Json]:
    rows = told["rows"]
    assert isinstance(rows, list)
    [only] = rows
    assert isinstance(only, dict)
    return only


@pytest.mark.asyncio
async def test_a_placed_job_says_why_here_and_what_would_change_it(
    tmp_path: Path, capsys: Capture
) -> None:
    async with at_desk(tmp_path) as desk:
        job = await filed(desk)
        told = row(await until_planned(desk, job))
        chosen = told["chosen"]
        assert isinstance(chosen, dict)
        assert (chosen["machine"], chosen["peer"]) == (PRINTER, NODE.public.peer)
        sentences = told["sentences"]
        assert isinstance(sentences, list)
        here, alone = sentences
        assert str(here).startswith("2 × hook on The blue printer at ")
        assert alone == "No other machine would do."
        assert told["change_sentences"] == [
            "Nothing that could be asked otherwise, one thing at a time, would "
            "change it."
        ]

        asked = f"{PRINTER}@{NODE.public.peer}"
        _, said = await desk.get(f"/v1/jobs/{job[7:15]}/why?machine={asked}")
        verdict = row(said)["asked"]
        assert isinstance(verdict, dict)
        assert verdict["reason"] == "chosen"
        assert str(verdict["sentence"]).endswith("is the one that was chosen.")

        words = ["why", job[7:15], "--api", desk.url]
        assert await asyncio.to_thread(main, words) == 0
        printed = capsys.readouterr().out
        assert str(here) in printed
        assert "What would change it" in printed
        assert await asyncio.to_thread(main, [*words, "--machine", PRINTER]) == 0
        assert "is the one that was chosen." in capsys.readouterr().out
        assert await asyncio.to_thread(main, [*words, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["job"] == job

        status, page = await desk.page(f"/jobs/{job}")
        assert status == 200
        assert "<h2>Why here</h2>" in page
        assert "<h2>What would change it</h2>" in page
        assert 'class="gantt"' in page
        assert "2 × Wall hook" in page
        assert "<script" not in page


@pytest.mark.asyncio
async def test_a_job_without_a_machine_says_what_radius_would_do(
    tmp_path: Path,
) -> None:
    async with at_desk(tmp_path) as desk:
        await filed(desk)
        body = request_body(desk, 1)
        body["radius_km"] = 1
        body["place"] = {"latitude": 32.5, "longitude": -90.2}
        status, said = await desk.post("/v1/requests", body, "steward")
        assert status == 201, said
        told = row(await until_planned(desk, str(said["job"])))
        assert told["unplaced"] == "too-far"
        changes = told["changes"]
        assert isinstance(changes, list)
        [change] = changes
        assert isinstance(change, dict)
        assert (change["kind"], change["was"]) == ("radius", 1_000)
        assert re.match(
            r"If it might be \d+ km away, The blue printer at .* would make it, ready ",
            str(change["sentence"]),
        )
        _, page = await desk.page(f"/jobs/{said['job']}")
        assert "<h2>Why nowhere yet</h2>" in page
        assert str(change["sentence"]) in page


@pytest.mark.asyncio
async def test_what_nobody_planned_here_is_told_apart(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        job = await filed(desk)
        await until_planned(desk, job)
        status, no = await desk.get(f"/v1/jobs/{job}/why?machine=workshop/none")
        assert (status, no["field"]) == (422, "machine")
        assert (await desk.get("/v1/jobs/zzzzzzzz/why"))[0] == 404
        desk.shell.plans.forget()
        status, no = await desk.get(f"/v1/jobs/{job}/why")
        assert (status, no["type"]) == (404, "urn:fabnet:reason:plan-forgotten")
        status, page = await desk.page(f"/jobs/{job}")
        assert status == 200
        assert "Why here" not in page


# ------------------------------------------------------------------ what is remembered


async def told_of(plans: Plans, job: str) -> list[int]:
    async def no_needs() -> dict[str, int]:
        return {}

    found = await plans.explain(JobId(job), None, no_needs)
    return [] if found is None else [each.planned_ms for each in found]


def at(moment_ms: int, *jobs: str) -> Problem:
    asked = problem([wanted(job) for job in jobs], [offered()])
    return Problem(asked.wanted, asked.offered, moment_ms, asked.weights)


@pytest.mark.asyncio
async def test_each_row_is_explained_by_the_plan_that_it_was_last_part_of() -> None:
    plans = Plans(StillClock())
    for moment_ms, jobs in ((10**12, "ab"), (10**12 + 1, "b")):
        await plans.plan(at(moment_ms, *jobs))
    assert await told_of(plans, "a") == [10**12]
    assert await told_of(plans, "b") == [10**12 + 1]
    assert await told_of(plans, "c") == []


@pytest.mark.asyncio
async def test_so_many_plans_are_remembered_and_then_the_oldest_is_forgotten() -> None:
    plans = Plans(StillClock())
    for number in range(PLANS_MAX + 1):
        await plans.plan(at(10**12 + number, f"job-{number}"))
    assert await told_of(plans, "job-0") == []
    assert await told_of(plans, "job-1") == [10**12 + 1]


@pytest.mark.asyncio
async def test_a_plan_of_a_great_city_pushes_out_the_others_and_stays() -> None:
    plans = Plans(StillClock())
    small, large = at(10**12, "a"), at(10**12 + 1, "b")
    plans.remember(small, plan(small))
    crowd = Problem(
        large.wanted, large.offered * ENTRIES_MAX, large.moment_ms, large.weights
    )
    plans.remember(crowd, plan(large))
    assert await told_of(plans, "a") == []
    assert plans.count == 1
