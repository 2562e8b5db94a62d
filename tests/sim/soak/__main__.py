"""`make soak`: so many node-hours of every weather, or one seed and its story."""

from __future__ import annotations

import argparse
import sys
import time

from tests.sim.soak.campaign import STATE, Progress, cores, fingerprint, go_on
from tests.sim.soak.running import Outcome, run
from tests.sim.soak.weather import RESTORES, Case

TELL_S = 10
STORY_LINES = 60
YEAR_H = 8_766


def main() -> int:
    """Return 0 when all that was asked for held."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--hours", type=int, default=40_000, help="node-hours in all")
    parser.add_argument("--seed", type=int, help="live through this one again")
    parser.add_argument("--processes", type=int, default=cores())
    parser.add_argument("--restores", action="store_true", help="and put back backups")
    asked = parser.parse_args()
    restores = asked.restores or RESTORES
    if asked.seed is not None:
        return _again(Case.of(asked.seed, restores=restores))
    return _campaign(asked.hours, asked.processes, restores=restores)


def _again(case: Case) -> int:
    print(case)
    outcome = run(case)
    print(outcome.story)
    print(dict(outcome.fired), dict(outcome.work), sep="\n")
    print(
        outcome.fault
        or f"seed {case.seed}: nothing found in {case.node_hours} node-hours"
    )
    return 1 if outcome.fault else 0


def _campaign(hours: int, processes: int, *, restores: bool) -> int:
    code = fingerprint() + (" and backups" if restores else "")
    progress = Progress.load(STATE, code)
    print(f"{progress.node_hours} of {hours} node-hours were done; {STATE.name} knows")
    told_s = time.monotonic()
    try:
        for outcome, _ in go_on(
            progress, node_hours=hours, processes=processes, restores=restores
        ):
            progress.save(STATE)
            if outcome.fault:
                _tell(outcome)
            if outcome.fault or time.monotonic() - told_s > TELL_S:
                told_s = time.monotonic()
                print(_line(progress), flush=True)
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here")
    print(_line(progress))
    print("faults:", ", ".join(f"{it} {n}" for it, n in sorted(progress.fired.items())))
    for seed, fault in progress.failed.items():
        print(f"seed {seed}: {fault}\n    make soak SEED={seed}")
    return 1 if progress.failed else 0


def _line(progress: Progress) -> str:
    years, seeds = progress.node_hours / YEAR_H, progress.done + len(progress.ahead)
    return (
        f"{progress.node_hours} node-hours ({years:.2f} node-years), {seeds} seeds,"
        f" {progress.jobs} jobs, {progress.pieces} pieces,"
        f" {len(progress.failed)} failed,"
        f" {progress.rate:.0f} node-hours a CPU-second"
    )


def _tell(outcome: Outcome) -> None:
    seed = outcome.case.seed
    print(f"\nseed {seed} found something\n{outcome.case}")
    print(*outcome.story.splitlines()[-STORY_LINES:], sep="\n")
    print(outcome.fault)
    print(f"again, with its whole story: make soak SEED={seed}")
    print("then add it to tests/sim/soak/seeds.txt\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
