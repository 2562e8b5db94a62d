"""The core of the hand-off, said again in Promela and searched by Spin."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.real

MODEL = Path(__file__).with_name("handoff.pml")
INSTALL_S = 300
SEARCH_S = 600
"""Given up after so long; on an idle core the largest takes half a minute."""
BUGS = ("REISSUE", "AGAIN", "CANCEL_ENDS", "RERUN")


def run(where: Path, *command: str, seconds: int = SEARCH_S) -> str:
    done = subprocess.run(
        command, cwd=where, capture_output=True, text=True, timeout=seconds, check=True
    )
    return done.stdout


@pytest.fixture(scope="module")
def spin() -> str:
    """The model checker, installed if that is possible here."""
    if shutil.which("gcc") is None:
        pytest.skip("no C compiler for what Spin writes")
    if shutil.which("spin") is None and shutil.which("apt-get") is not None:
        for command in (["update"], ["install", "-y", "spin"]):
            subprocess.run(
                ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120", *command],
                capture_output=True, timeout=INSTALL_S, check=False,
            )  # fmt: skip
    found = shutil.which("spin")
    if found is None:
        pytest.skip("spin is not here and could not be installed")
    return found


def searched(spin: str, where: Path, *options: str) -> tuple[int, int]:
    """Return how many errors and states Spin finds."""
    run(where, spin, "-a", *options, str(MODEL))
    run(where, "gcc", "-O2", "-DSAFETY", "-DCOLLAPSE", "-w", "-o", "pan", "pan.c")
    told = run(where, "./pan", "-m2000000")
    errors = re.search(r"errors: (\d+)", told)
    states = re.search(r"(\d+(?:\.\d+e\+\d+)?) states, stored", told)
    assert errors is not None
    assert states is not None
    assert "max search depth too small" not in told
    return int(errors[1]), int(float(states[1]))


@pytest.mark.parametrize(
    ("options", "least"),
    [
        (("-DQ=2", "-DE=2", "-DCRASHES=2", "-DWRITE_OFF"), 200_000),
        (("-DQ=2", "-DE=3"), 2_000_000),
    ],
    ids=["written off", "three lots"],
)
def test_no_state_breaks_a_rule(
    spin: str, tmp_path: Path, options: tuple[str, ...], least: int
) -> None:
    errors, states = searched(spin, tmp_path, *options)

    assert errors == 0
    assert states >= least


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_found(spin: str, tmp_path: Path, bug: str) -> None:
    errors, _ = searched(spin, tmp_path, f"-D{bug}")

    assert errors == 1
