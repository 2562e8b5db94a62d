"""A disk that fails one fsync, whichever: it is never believed again."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final

import pytest

from tests.real.power.cuts import Tally, fail_once
from tests.real.power.work import Fault

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("mountable")]

SYNCS: Final = (*range(1, 31), *range(31, 121, 6))
"""Each of the start, then some of commits, files and checkpoints."""


def failed_at(folder: Path, syncs: Iterable[int], fault: Fault = "none") -> list[Tally]:
    work = partial(fail_once, fault=fault)
    with ThreadPoolExecutor(4) as threads:
        folders = (folder / f"{number}" for number in count())
        return list(threads.map(work, folders, syncs))


def test_nothing_is_lost_by_a_failed_sync_and_nothing_promised_after_it(
    tmp_path: Path,
) -> None:
    tallies = failed_at(tmp_path, SYNCS)

    assert [lost for tally in tallies for lost in tally.lost + tally.damaged] == []
    refused = [why for tally in tallies for why in tally.refused]
    assert len(refused) > 200
    assert all(why.startswith("the disk failed") for why in refused), set(refused)


def test_a_second_sync_that_succeeds_is_no_proof(tmp_path: Path) -> None:
    tallies = failed_at(tmp_path, range(31, 121, 4), "forgetful")

    assert [lost for tally in tallies for lost in tally.lost]
