"""The 2,036 real workshops whose places are known, five machines each, 10,000 requests.

Places are of the Fab Lab list that lies beside this project; what stands in a workshop
and what is asked is made up. Everything is a `Problem` of the product's own values, so
that encoding is part of what is timed, and the scalar oracle of the tests can be asked.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.figure import Figure
from benchmarks.scheduling.plainly import Scan
from fabnet.designs.requirement import Requirement
from fabnet.production.capability import Capability
from fabnet.production.offer import FreeWindow
from fabnet.production.place import Place, place_at
from fabnet.production.plan import Offered, Problem, Wanted
from fabnet.records.ids import CharterId, FacilityId, JobId, PeerId
from fabnet.scheduling import fast
from fabnet.scheduling.encode import encode
from fabnet.scheduling.index.state import Arrive, Lot, State
from fabnet.scheduling.lines import Lines
from fabnet.scheduling.model import Encoded
from tests.scheduling.oracle import Taken, identity, judge, machine_of, turn
from tests.scheduling.problems import (
    HOUR_MS,
    NOW_MS,
    WEIGHTS,
    capability,
    offered,
    requirement,
    wanted,
)

DATA = Path(__file__).parents[2].parent / "shared/data/okw_iop_fablabs_2237.json"
REQUESTS = 10_000
SEEDS = tuple(range(1, 3 if os.environ.get("QUICK") == "1" else 11))
SAMPLE = 12
WAITING = 2_000
ARRIVING = 600
KINDS = (
    ("3d-printing.fdm", ("pla", "petg", "abs", "tpu")),
    ("laser-cutting.co2", ("plywood", "acrylic", "cardboard", "felt")),
    ("cnc-milling.router", ("plywood", "mdf", "aluminium", "foam")),
    ("sewing", ("cotton", "felt", "leather")),
    ("vinyl-cutting", ("vinyl", "paper")),
)


def places() -> list[Place]:
    """Return where each workshop is, of those whose place is known."""
    labs = json.loads(DATA.read_text(encoding="utf-8"))
    spots = [lab["geocoding"] for lab in labs if lab["geocoding"]]
    return [place_at(spot["latitude"], spot["longitude"]) for spot in spots]


def problem(dice: random.Random) -> Problem:
    """Return what stands in the workshops, and what people near them ask for."""
    where = places()
    offers = [
        _offer(dice, lab, number, place)
        for lab, place in enumerate(where)
        for number in range(len(KINDS))
    ]
    asked = [_request(dice, number, where) for number in range(REQUESTS)]
    return Problem(tuple(asked), tuple(offers), NOW_MS, WEIGHTS)


def _offer(dice: random.Random, lab: int, number: int, place: Place) -> Offered:
    process, all_ = KINDS[number]
    some = dice.sample(all_, dice.randint(1, len(all_)))
    can: Capability = capability(
        process=process,
        materials=tuple(sorted(some)),
        size_x_um=dice.randint(150, 1_200) * 1_000,
        size_y_um=dice.randint(150, 900) * 1_000,
        tolerance_um=dice.choice((100, 200, 400)),
    )
    start_ms = NOW_MS + dice.choice((0, 0, 1, 6, 20, 40)) * HOUR_MS
    return offered(
        f"lab-{lab}/{number}",
        peer=PeerId(f"peer-{lab}"),
        facility=FacilityId(f"lab-{lab}"),
        charter=CharterId(f"coop-{lab // 4}"),
        capability=can,
        pace_permille=dice.randint(600, 1_600),
        setup_s=dice.randint(120, 1_800),
        energy_w=dice.randint(60, 2_000),
        windows=(FreeWindow(start_ms, NOW_MS + 300 * HOUR_MS),),
        place=place,
        grid_g_per_kwh=dice.randint(30, 700),
    )


def _request(dice: random.Random, number: int, where: list[Place]) -> Wanted:
    process, materials = dice.choices(KINDS, (5, 3, 2, 1, 1))[0]
    lab = dice.randrange(len(where))
    need: Requirement = requirement(
        process=process.partition(".")[0],
        materials=tuple(sorted(dice.sample(materials, dice.randint(1, 2)))),
        size_x_um=dice.randint(10, 400) * 1_000,
        size_y_um=dice.randint(10, 300) * 1_000,
        tolerance_um=dice.choice((None, None, 200)),
        mass_mg=dice.randint(1, 3_000) * 1_000,
    )
    return wanted(
        JobId(f"job-{number:05}"),
        requirement=need,
        pieces=dice.randint(1, 12),
        reference_s=dice.randint(120, 5_400),
        due_ms=NOW_MS + dice.randint(4, 240) * HOUR_MS,
        need_weight=dice.choice((500, 1_000, 3_000)),
        radius_m=dice.choice((None, None, 2_000_000)),
        place=where[lab],
        charter=CharterId(f"coop-{lab // 4}"),
    )


def workshops() -> Iterator[Figure]:
    """Yield how often faster than the scalar oracle all requests are placed."""
    if not DATA.exists():
        return
    either = (True, False) if fast.INSTALLED else (False,)
    found: dict[bool, list[tuple[float, float]]] = {name: [] for name in either}
    for seed in SEEDS:
        asked = problem(random.Random(seed))
        for compiled, runs in found.items():
            runs.append(_against_oracle(asked, compiled=compiled))
    for compiled, runs in found.items():
        ratios, seconds = zip(*runs, strict=True)
        name = "numba" if compiled else "numpy alone"
        yield Figure(
            f"12: {len(places())} real workshops × {len(KINDS)} machines, {REQUESTS} "
            f"requests, encoded, ranked and placed by urgency, {name}: times as fast "
            f"as the scalar oracle ({SAMPLE} requests of it timed, with the same lots; "
            f"median of seeds; worst {min(ratios):.0f}; {median(seconds):.2f} s)",
            median(ratios), "×", 300, 1.0, SEEDS, at_least=True,
        )  # fmt: skip


def _against_oracle(asked: Problem, *, compiled: bool) -> tuple[float, float]:
    """Return how often faster than the oracle, and the CPU seconds."""
    start = time.thread_time()
    encoded = encode(asked)
    state = State(encoded, compiled=compiled)
    rows = encoded.rows.turn
    lots = state.burst(rows)
    took = time.thread_time() - start
    oracle_s = _slowly(asked, encoded, rows.tolist()[:SAMPLE], lots[:SAMPLE])
    return oracle_s / SAMPLE * REQUESTS / took, took


def arrivals() -> Iterator[Figure]:
    """Yield how often faster than a scan a request that arrives is placed.

    It comes as a value to both: `apply` checks it, encodes it and writes it down, and
    `place` gives it its time; the scan checks and encodes it with the same code, and
    reads the row where it is written down already. They go first by turns.
    """
    if not DATA.exists():
        return
    asked = problem(random.Random(1))
    asked = replace(asked, wanted=asked.wanted[: WAITING + ARRIVING])
    all_, before = encode(asked), replace(asked, wanted=asked.wanted[:WAITING])
    for compiled in (True, False) if fast.INSTALLED else (False,):
        state, scan = State(encode(before), compiled=compiled), Scan(all_)
        lines = Lines(all_.bits, all_.charters, asked.moment_ms)
        new = asked.wanted[WAITING:]
        took = np.array(
            [
                _arrive(state, scan, lines, WAITING + at, want, first=at % 2 == 0)
                for at, want in enumerate(new)
            ]
        )[20:]
        name = "numba" if compiled else "numpy alone"
        for at in (50, 99):
            arrive, place, scanned, encoded = np.percentile(took, at, axis=0)
            yield Figure(
                f"5: one request that arrives, {name}, p{at}: times as fast as a numpy "
                f"full scan, both from the value, first by turns ({arrive:.0f} µs to "
                f"encode it and place it, of which {place:.0f} to place it; "
                f"{encoded:.0f} of the scan's {scanned:.0f} to encode it with the same "
                f"code)",
                float(scanned / arrive), "×", 12 if compiled else 1, 1.0, (1,),
                at_least=True,
            )  # fmt: skip


def _arrive(
    state: State, scan: Scan, lines: Lines, row: int, want: Wanted, *, first: bool
) -> tuple[float, ...]:
    """Return microseconds: all, of which to place; of the scan, of which to encode.

    Whoever reads the request first waits for it to come into the cache.
    """
    ours = _placed(state, want) if first else None
    start = time.thread_time_ns()
    lines.line(want, row, lines.asks(want.requirement)[0])
    encoded = time.thread_time_ns()
    cost_ms, slot, end_ms = scan.place(row)
    scanned = time.thread_time_ns()
    lot, took, placing = ours or _placed(state, want)
    assert (
        (lot.cost_ms, lot.slot, lot.end_ms) == (cost_ms, slot, end_ms)
        if lot
        else (slot < 0)
    )
    return took, placing, (scanned - start) / 1e3, (encoded - start) / 1e3


def _placed(state: State, want: Wanted) -> tuple[Lot | None, float, float]:
    """Return the lot, and microseconds: all, of which to place."""
    start = time.thread_time_ns()
    (row,) = state.apply(Arrive(want))
    arrived = time.thread_time_ns()
    lot = state.place(row)
    placed = time.thread_time_ns()
    return lot, (placed - start) / 1e3, (placed - arrived) / 1e3


def _slowly(
    asked: Problem, encoded: Encoded, rows: list[int], lots: list[Lot | None]
) -> float:
    """Return the CPU seconds of the oracle, which must find the same lots."""
    offers, taken, slot_of = sorted(asked.offered, key=identity), Taken(), {}
    for slot, offer in enumerate(encoded.offered):
        slot_of[identity(offer)] = slot
    assert (
        rows
        == sorted(
            range(len(asked.wanted)), key=lambda row: turn(asked, asked.wanted[row])
        )[: len(rows)]
    )
    start = time.thread_time()
    for row, lot in zip(rows, lots, strict=True):
        want = asked.wanted[row]
        verdicts = [judge(asked, want, offer, taken) for offer in offers]
        best = min(verdicts, key=lambda verdict: verdict.nearness)
        if best.window is None:
            assert lot is None
            continue
        taken.setdefault(machine_of(best.offered), []).append((best.window, want))
        assert lot is not None
        assert lot.slot == slot_of[identity(best.offered)]
        assert lot.cost_ms == best.cost_ms
        assert NOW_MS + lot.end_ms == best.window.end_ms
    return time.thread_time() - start
