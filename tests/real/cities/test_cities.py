"""Five real nodes under twenty faults: nothing is lost, nothing made twice unseen.

`FABNET_SEED=7 make test-real ARGS=tests/real/cities` draws other faults;
`--log-cli-level=INFO` tells of them also when all is well.
"""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random

import pytest

from fabnet.node.clock import SystemClock
from tests.real.cities import faults, tools
from tests.real.cities.checks import unsettled, wrong
from tests.real.cities.export import Export, export
from tests.real.cities.faults import Fault
from tests.real.cities.node import DISK_MB, Node
from tests.real.cities.people import People, wishes
from tests.real.cities.towns import TOWNS, lay_out
from tests.real.cities.wires import SUBNET, NoWiresError, Wires, address, run

logger = logging.getLogger(__name__)
pytestmark = [pytest.mark.real, pytest.mark.allow_hosts([f"{SUBNET}.0/24"])]

SEED = int(os.environ.get("FABNET_SEED", "1"))
SETTLE_S = 300
LOOK_S = 2.0
LINES_MAX = 400
"""Lines of stories that a failing run prints."""


@pytest.fixture
def wires() -> Iterator[Wires]:
    missing = tools.missing()
    if missing is not None:
        pytest.skip(missing)
    wires = Wires(len(TOWNS))
    try:
        wires.up()
        for tried in (wires.lose, wires.slow, wires.heal):
            tried(0)
    except NoWiresError as error:
        wires.down()
        pytest.skip(f"this computer lets us build no networks: {error}")
    yield wires
    wires.down()


@pytest.fixture
def nodes(wires: Wires, tmp_path: Path) -> Iterator[list[Node]]:
    """Lay out five towns, each on a small disk of its own."""
    disks = [tmp_path / name / "data" for name in TOWNS]
    try:
        for disk in disks:
            disk.mkdir(parents=True)
            size = f"size={DISK_MB}m,mode=700"
            run("mount", "-t", "tmpfs", "-o", size, "tmpfs", str(disk))
        addresses = [address(town) for town in range(len(TOWNS))]
        towns = lay_out(tmp_path, addresses, SystemClock())
        yield [Node(town, at, wires, logger.info) for at, town in enumerate(towns)]
    except NoWiresError as error:
        pytest.skip(f"this computer gives us no small disks: {error}")
    finally:
        for disk in disks:
            subprocess.run(("umount", disk), capture_output=True, check=False)


@pytest.mark.asyncio
async def test_five_towns_keep_their_books_through_twenty_faults(
    nodes: list[Node], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    no_strace = tools.no_strace()
    kinds = [kind for kind in faults.KINDS if kind != "eio" or no_strace is None]
    dice = Random(SEED)
    events = faults.drawn(dice, len(nodes), kinds)
    # A failing run prints what was logged: the seed, and what befell whom.
    caplog.set_level(logging.INFO, __name__)
    logger.info("seed %d; %s", SEED, no_strace or "all kinds of faults")
    try:
        people = await _live_through(nodes, events, dice, tmp_path)
    finally:
        async with asyncio.TaskGroup() as tasks:
            for node in nodes:
                tasks.create_task(node.stop())
    towns = [export(node.town) for node in nodes]

    found = [line for node in nodes for line in node.wrong]
    found += [*wrong(towns, people.acknowledged), *unsettled(towns)]

    made = sum(town.good.total() for town in towns)
    done = len(people.acknowledged)
    logger.info("%d good pieces, %d acknowledged writes", made, done)
    assert not found, "\n".join([*found, "", *_stories(towns, found)])
    assert made, "a run in which nothing is made proves nothing"


async def _live_through(
    nodes: list[Node],
    events: Sequence[Fault],
    dice: Random,
    folder: Path,
) -> People:
    """Let the faults happen to towns at work, then wait until all is settled."""
    people = People(nodes, dice)
    async with AsyncExitStack() as stack:
        async with asyncio.TaskGroup() as starting:
            for node in nodes:
                starting.create_task(node.start())
        await people.move_in(stack)
        await people.publish(folder / "design")
        async with asyncio.TaskGroup() as tasks:
            living = [tasks.create_task(node.tend()) for node in nodes]
            living.append(tasks.create_task(people.live()))
            async with asyncio.TaskGroup() as busy:
                for wish in wishes(dice, len(nodes)):
                    busy.create_task(people.wish(wish))
                busy.create_task(faults.befall(events, nodes))
            logger.info(await _calm(nodes))
            for each in living:
                each.cancel()
    return people


async def _calm(nodes: list[Node]) -> str:
    """Wait until nothing is open any more, or for as long as anyone would."""
    looks = round(SETTLE_S / LOOK_S)
    left: list[str] = []
    for look in range(looks):
        await asyncio.sleep(LOOK_S)
        before, left = left, unsettled([export(node.town) for node in nodes])
        if not left:
            return f"settled after {look * LOOK_S:.0f} s of calm; last came {before}"
    return f"not settled after {SETTLE_S} s: {left}"


def _stories(towns: Sequence[Export], found: Sequence[str]) -> list[str]:
    """Return what the towns tell of the jobs in which something is wrong."""
    lines: list[str] = []
    for town in towns:
        for subject, code, args in town.stories:
            if subject[7:15] and any(subject[7:15] in line for line in found):
                lines.append(f"{town.town:<10} {subject[7:15]} {code} {args}")
    return lines[-LINES_MAX:]
