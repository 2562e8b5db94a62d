"""One switch says whether loops are compiled, and a plan does not depend on it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fabnet.scheduling import fast

ASK = "from fabnet.scheduling import fast; print(fast.INSTALLED, fast.FAST)"


def _asked(switch: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"FABNET_NUMBA": switch},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.split()


def test_the_switch_turns_compiling_off() -> None:
    installed, runs = _asked("0")
    assert (installed, runs) == (str(fast.INSTALLED), "False")


def test_what_is_installed_is_used() -> None:
    installed, runs = _asked("1")
    assert installed == runs


@pytest.mark.skipif(not fast.INSTALLED, reason="numba is not installed")
def test_a_kernel_is_compiled() -> None:
    def twice(number: int) -> int:
        return 2 * number

    kernel = fast.compiled(twice)
    assert kernel is not twice
    assert kernel(21) == 42
