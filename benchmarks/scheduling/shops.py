"""The family of queue problems that the benchmarks are about, by lots, machines, seed.

One family, not all: lots of a process, machines of one or two, at random places of a
square; half of the lots are released later; due dates are one to five times the work
after; the need is 1, 2, 4 or 8; carrying costs up to 21 steps. A step is ten minutes,
and all times are whole steps, so that models in steps say the same.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fabnet.scheduling.queue.shop import NEVER, Ints, Shop, check

STORED = Path(__file__).with_name("proven.json")
"""What `proven.py` found of some of them."""
STEP_MS = 600_000
HORIZON = 400
"""Steps that machines are open."""


def shop(lots: int, machines: int, seed: int) -> Shop:
    """Return one problem: tardiness by need, waiting and carrying, summed."""
    dice = np.random.default_rng(seed)
    processes = min(max(machines // 10, 3), 25)
    can = np.zeros((processes, machines), np.bool_)
    can[np.arange(machines) % processes, np.arange(machines)] = True
    second = dice.integers(0, processes, machines)
    twice = np.flatnonzero(dice.random(machines) < 0.5)
    can[second[twice], twice] = True
    pace = dice.uniform(0.6, 1.6, machines)
    places, homes = dice.random((machines, 2)), dice.random((lots, 2))
    work = dice.integers(2, 17, lots)
    release = np.where(dice.random(lots) < 0.5, 0, dice.integers(0, 40, lots))
    due = release + (work * dice.uniform(1, 5, lots)).astype(np.int64)
    need = dice.choice([1_000, 2_000, 4_000, 8_000], lots, p=[0.4, 0.3, 0.2, 0.1])
    able = can[dice.integers(0, processes, lots)]
    lot, slot = np.nonzero(able)
    length = np.maximum(np.ceil(work[lot] / pace[slot]), 1).astype(np.int64)
    away = np.rint(np.hypot(*(places[slot] - homes[lot]).T) * 15).astype(np.int64)
    return check(
        Shop(
            release_ms=release * STEP_MS,
            due_ms=due * STEP_MS,
            deadline_ms=np.full(lots, NEVER),
            need_permille=need,
            wait=np.ones(lots, np.int64),
            unplaced_ms=np.full(lots, 10_000 * STEP_MS),
            family=np.repeat([0, 1], [lots, machines]),
            first=np.append(0, np.cumsum(able.sum(axis=1))),
            slot=slot,
            length_ms=length * STEP_MS,
            fixed_ms=away * STEP_MS,
            machine=np.arange(machines),
            window=np.arange(machines + 1),
            open_ms=dice.integers(0, 12, machines) * STEP_MS,
            close_ms=np.full(machines, HORIZON * STEP_MS),
            change_ms=np.zeros((2, 1), np.int64),
            late_permille=1_000,
        )
    )


def by_due(each: Shop) -> Ints:
    """Return lots by due date: what the best dispatching rule goes by."""
    return np.argsort(each.due_ms, kind="stable")
