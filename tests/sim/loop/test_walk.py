"""Three whole nodes on the loop: one request, and the same again in another process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sim.loop.walking import Walked, walk
from tests.sim.loop.world import ADDRESSES, copied, quick_disk, settled

SEED = 1
OTHER_SEED = 2
TURNS_MAX = 8_000
"""Turns of the loop for one request at three nodes; it takes about three thousand."""


@pytest.fixture(scope="module")
def towns() -> Iterator[Path]:
    """Let three towns meet, once for all stories."""
    with quick_disk() as disk:
        settled(disk / "three", tuple(ADDRESSES))
        yield disk / "three"


@pytest.fixture(scope="module")
def walked(towns: Path) -> Walked:
    return walk(copied(towns, towns.with_name("walked")), SEED)


def test_three_nodes_live_from_request_to_acceptance_on_a_clock_of_their_own(
    walked: Walked,
) -> None:
    assert not walked.wrong
    (lot,) = walked.lots.values()
    assert (lot.state, lot.good, lot.accepted) == ("closed", lot.pieces, True)
    said = [line.rpartition(" ")[0] for line in walked.messages]
    assert said.index("jackson: confirm/1") < said.index("detroit: final/1")
    assert walked.lasted_s > 10, "the piece alone takes six seconds"
    assert walked.turns < TURNS_MAX, "somebody turns in circles"


def test_a_seed_is_the_same_in_every_process(towns: Path, walked: Walked) -> None:
    folder = copied(towns, towns.with_name("again"))
    script = (
        "import sys; from pathlib import Path\n"
        "from tests.sim.loop.walking import walk\n"
        "print(walk(Path(sys.argv[1]), int(sys.argv[2])).digest)"
    )
    told = subprocess.run(
        [sys.executable, "-c", script, str(folder), str(SEED)],
        env={**os.environ, "PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert told.stdout.strip() == walked.digest


def test_another_seed_is_another_story(towns: Path, walked: Walked) -> None:
    other = walk(copied(towns, towns.with_name("other")), OTHER_SEED)

    assert not other.wrong
    assert other.digest != walked.digest
