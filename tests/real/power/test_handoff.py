"""A hand-off keeps its promises when the power goes at any change to the disk.

A cut takes more than a kill: what was written and not synced is gone too. Every change
is a place where a process can be killed between two system calls that matter.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path
from typing import Final

import pytest

from tests.real.power.handoff import lay_out
from tests.real.power.lives import NEVER, Handed, hand_off_cut_at
from tests.real.power.platter import Mode
from tests.real.power.traced import hand_off_traced

pytestmark = pytest.mark.real

MODES: Final[tuple[Mode, Mode]] = ("ext4", "strict")
STRIDE: Final = 1 if os.environ.get("FABNET_EVERY_CUT") else 8
"""Every change takes a quarter of an hour on two cores; every eighth, two minutes."""
SIDE_BY_SIDE: Final = 8
"""A hand-off mostly waits, for a round to end."""


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("laid-out")
    asyncio.run(lay_out(folder))
    return folder


def handed_off(
    folder: Path, laid_out: Path, cuts: Sequence[int], fault: str = "none"
) -> list[Handed]:
    with ThreadPoolExecutor(SIDE_BY_SIDE) as threads:
        lives = [
            threads.submit(
                hand_off_cut_at, folder / f"{cut}", laid_out, mode, cut, fault
            )
            for cut, mode in zip(cuts, cycle(MODES), strict=False)
        ]
        return [life.result() for life in lives]


@pytest.mark.usefixtures("mountable")
def test_the_book_equals_the_bench_wherever_the_power_goes(
    tmp_path: Path, laid_out: Path
) -> None:
    whole = hand_off_cut_at(tmp_path / "whole", laid_out, "strict", NEVER)
    assert (whole.wrong, whole.boots) == ([], 1)
    assert whole.changes > 300

    # And just after each piece was begun: few changes are made before it is done.
    cuts = {*range(1, whole.changes, STRIDE)}
    cuts |= {at + more for at in whole.begun for more in (1, 2, 3)}
    lives = handed_off(tmp_path, laid_out, sorted(cuts))

    assert [wrong for life in lives for wrong in life.wrong] == []
    assert sum(life.boots == 2 for life in lives) > 0.9 * len(lives)
    assert any(life.under_way for life in lives), "no cut with a piece under way"


@pytest.mark.usefixtures("mountable")
def test_a_world_that_is_told_before_the_disk_has_it_is_found_out(
    tmp_path: Path, laid_out: Path
) -> None:
    lives = handed_off(tmp_path, laid_out, range(60, 420, 30), "eager")

    assert [wrong for life in lives for wrong in life.wrong]


KILLS: Final = [
    ("pwrite64,fdatasync,fsync", "signal=KILL", when) for when in range(1, 140, 20)
]
ERRORS: Final = [("fdatasync,fsync", "error=EIO", when) for when in range(1, 41, 10)]


@pytest.mark.usefixtures("strace")
def test_the_book_equals_the_bench_after_a_kill_or_an_error_at_a_call(
    tmp_path: Path, laid_out: Path
) -> None:
    with ThreadPoolExecutor(4) as threads:
        lives = [
            threads.submit(hand_off_traced, tmp_path / f"{number}", laid_out, *how)
            for number, how in enumerate(KILLS + ERRORS)
        ]
        handed = [life.result() for life in lives]

    assert [wrong for life in handed for wrong in life.wrong] == []
    assert sum(life.boots == 2 for life in handed) > 0.7 * len(handed)
