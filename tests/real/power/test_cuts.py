"""What was acknowledged is there after a power cut, at whatever moment it comes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.real.power.cuts import suffer
from tests.real.power.platter import Mode

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("mountable")]

LIVES, CUTS = 15, 5
"""75 cuts in each mode."""


@pytest.mark.parametrize("mode", ["ext4", "strict"])
def test_75_cuts_lose_nothing_that_was_acknowledged(tmp_path: Path, mode: Mode) -> None:
    tally = suffer(tmp_path, mode, lives=LIVES, cuts=CUTS)

    assert (tally.lost, tally.damaged, tally.estranged) == ([], [], [])
    assert tally.cuts == LIVES * CUTS
    assert tally.acknowledged > 30 * tally.cuts, "a harness that hears little"


@pytest.mark.parametrize("mode", ["ext4", "strict"])
def test_a_cut_finds_what_synchronous_normal_loses(tmp_path: Path, mode: Mode) -> None:
    assert suffer(tmp_path, mode, lives=4, cuts=2, fault="normal").lost


def test_a_cut_finds_names_whose_directory_was_not_synced(tmp_path: Path) -> None:
    assert suffer(tmp_path, "strict", lives=3, cuts=3, fault="no-directory-sync").lost


def test_a_cut_finds_files_that_were_renamed_before_they_were_synced(
    tmp_path: Path,
) -> None:
    assert suffer(tmp_path, "ext4", lives=3, cuts=2, fault="no-file-sync").damaged


def test_a_cut_finds_a_word_given_before_the_commit(tmp_path: Path) -> None:
    assert suffer(tmp_path, "ext4", lives=3, cuts=2, fault="early-word").lost
