"""The hand-off as a program on the system's own disk, killed by strace at one call."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Final

from tests.house.tree import ROOT
from tests.real.power.handoff import Piece, Said
from tests.real.power.lives import Handed, live_through

RUN_S_MAX: Final = 120


def hand_off_traced(
    folder: Path, laid_out: Path, calls: str, fate: str, when: int
) -> Handed:
    """Hand off a request; one of `calls` meets its fate, and it is started again.

    Calls are counted in each thread by itself; the writer is one.
    """
    data = folder / "data"
    shutil.copytree(laid_out, data)

    def boot(number: int, bench: frozenset[Piece]) -> list[Said]:
        inject = f"inject={calls}:{fate}:when={when}"
        trace = ("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={calls}")
        program = (sys.executable, "-m", "tests.real.power.handoff", str(data))
        on_it = tuple("/".join(piece) for piece in sorted(bench))
        first = (*trace, "-e", inject) if number == 0 else ()
        done = subprocess.run(
            (*first, *program, *on_it),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=RUN_S_MAX,
            check=False,
        )
        lines = done.stdout.splitlines(keepends=True)
        # The last may be cut short: then nobody was told.
        return [tuple(line.split()) for line in lines if line.endswith("\n")]

    dice = random.Random(f"{calls} {fate} {when}")
    return live_through(folder, boot, partial(shutil.copytree, data), dice)
