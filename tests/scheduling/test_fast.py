"""One switch says whether loops are compiled, and a plan does not depend on it."""

from __future__ import annotations

import ast
import hashlib
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import fabnet.scheduling
from fabnet.scheduling import fast

ROOM = Path(fabnet.scheduling.__file__).parent
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


def _kernels_that_build_on_others() -> dict[str, list[Path]]:
    """Return each file of kernels, and the other such files that it takes from."""
    found: dict[str, list[Path]] = {}
    for path in sorted(ROOM.rglob("kernel*.py")):
        taken = [
            node.module.rpartition(".")[2]
            for node in ast.parse(path.read_text(encoding="utf-8")).body
            if isinstance(node, ast.ImportFrom) and node.module
        ]
        others = [path.with_name(f"{name}.py") for name in taken if "kernel" in name]
        if others:
            found[path.relative_to(ROOM.parents[1]).as_posix()] = others
    return found


@pytest.mark.parametrize(("path", "others"), _kernels_that_build_on_others().items())
def test_what_was_compiled_of_other_kernels_is_not_kept(
    path: str, others: list[Path]
) -> None:
    """Numba looks at a kernel's own file alone: that names the others' digest."""
    kernel = importlib.import_module(path.removesuffix(".py").replace("/", "."))

    source = b"".join(other.read_bytes() for other in others)

    assert hashlib.sha256(source).hexdigest()[:16] == kernel.BUILT_ON


def test_three_files_of_kernels_build_on_others() -> None:
    assert len(_kernels_that_build_on_others()) == 3


@pytest.mark.skipif(not fast.INSTALLED, reason="numba is not installed")
def test_a_kernel_is_compiled() -> None:
    def twice(number: int) -> int:
        return 2 * number

    kernel = fast.compiled(twice)
    assert kernel is not twice
    assert kernel(21) == 42
