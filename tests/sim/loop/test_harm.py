"""A hand-off between two whole nodes, harmed wherever a task of theirs may wait."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from fabnet.node.store.changes import Durable
from fabnet.node.store.store import Store
from tests.sim.loop import threads
from tests.sim.loop.harm import MEET_S, REST_S, Harm, Harmed, each_await, hand_off
from tests.sim.loop.watching import nothing_unkept
from tests.sim.loop.world import (
    ADDRESSES,
    World,
    copied,
    lived,
    quick_disk,
    settled,
)

TOWNS: Final = ("jackson", "detroit")
HARMS: Final[tuple[Harm, ...]] = ("cancel", "stop", "cut")
PLACES: Final = 90
"""Tasks of either node wait at least so often in one hand-off; fewer where Python is
newer, since aiohttp then begins its requests' tasks past the loop."""
STRIDE: Final = 60
"""`make test` takes one place of so many, each in an order of its own."""
REAL_STRIDE: Final = 10
"""`make test-real` takes one of so many; all, with EVERY in the environment."""
EVERY: Final = "FABNET_EVERY_AWAIT"
MEETINGS: Final = 4
"""In so many two dial each other within a few milliseconds at least once."""
SLOW_S: Final = (1.0, 4.0)
"""How long each commit takes on a card that is about to fail."""
SILENT_S: Final = 90
"""Longer than a link waits for the answer to a ping."""


@pytest.fixture(scope="module")
def towns() -> Iterator[Path]:
    """Let two towns meet, once for all stories."""
    with quick_disk() as disk:
        settled(disk / "two", TOWNS)
        yield disk / "two"


def harmed(towns: Path, name: str, harm: Harm, at: int, seed: int) -> Harmed:
    """Harm one hand-off, and hold what comes of it to what must hold."""
    folder = copied(towns, towns.with_name(f"{name}-{harm}-{at}-{seed}"))
    told = hand_off(folder, name, harm, at=at, seed=seed)
    shutil.rmtree(folder)
    where = f"{name}, {harm}, place {at} of seed {seed}: {told.at}"
    assert not told.wrong, f"{where}: {told.wrong}"
    assert told.ended_with is None, f"{where}: {told.ended_with!r}"
    return told


def test_two_that_dial_each_other_at_once_keep_one_link_at_both_ends(
    towns: Path,
) -> None:
    alone = lived(copied(towns, towns.with_name("meeting")), 0, _meet)

    assert not alone


async def _meet(world: World) -> list[str]:
    """Start both a few times; return who had no link then."""
    alone: list[str] = []
    for start in range(MEETINGS):
        await world.starts()
        await asyncio.sleep(MEET_S)
        alone += [
            f"{person.node.town.name} at start {start}"
            for person in world.people
            if not await person.is_linked()
        ]
        await world.stops()
    return alone


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("name", TOWNS)
def test_a_harm_at_any_await_loses_nothing(towns: Path, name: str, harm: Harm) -> None:
    first = 1 + 11 * (2 * HARMS.index(harm) + TOWNS.index(name))
    for at in range(first, PLACES, STRIDE):
        assert harmed(towns, name, harm, at, seed=at).at


@pytest.mark.real  # a minute of CPU; `make test` samples the same
@pytest.mark.parametrize("harm", ["cancel", "stop"])
@pytest.mark.parametrize("name", TOWNS)
def test_a_harm_at_each_await_loses_nothing(towns: Path, name: str, harm: Harm) -> None:
    """Each line and kind of task, and one place of so many, or all."""
    unharmed = hand_off(copied(towns, towns.with_name(f"{name}-{harm}")), name)
    stride = 1 if os.environ.get(EVERY) else REAL_STRIDE
    strides = range(1, len(unharmed.places) + 1, stride)
    for at in sorted({*strides, *each_await(unharmed.places)}):
        assert harmed(towns, name, harm, at, seed=0).at == unharmed.places[at - 1]


def test_who_asks_just_before_a_stop_is_answered_first(towns: Path) -> None:
    """The node is stopped while the request that came is on its way to the disk."""
    unharmed = hand_off(copied(towns, towns.with_name("asked")), "jackson")
    kept = (place.startswith("perform at runner.py") for place in unharmed.places)
    asked = 1 + list(kept).index(True)
    told = harmed(towns, "jackson", "stop", asked, seed=0)

    assert told.acknowledged == unharmed.acknowledged == 2, "a request, an acceptance"
    assert told.stopped_s < 1, "nobody else was waited for"


def test_a_node_that_tells_before_it_has_kept_is_found(
    towns: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = Store.commit

    async def done() -> None:
        """Be done at once, whatever the disk does."""

    def commit(
        store: Store, durable: Sequence[Durable], moment_ms: int
    ) -> Awaitable[None]:
        keep(store, durable, moment_ms).add_done_callback(lambda _: None)
        return done()

    monkeypatch.setattr(Store, "commit", commit)

    with pytest.raises(AssertionError, match="H11: left before it was kept"):
        hand_off(copied(towns, towns.with_name("eager")), "detroit")


def test_what_is_lost_with_its_link_is_said_again_until_it_is_acknowledged(
    towns: Path,
) -> None:
    copies, wrong = lived(
        copied(towns, towns.with_name("outbox")), 1, _loses_each_first
    )

    said = {line: count for line, count in copies.items() if "ack/1" not in line}
    assert len(said) == 4, "asked, held, confirmed and over"
    assert min(said.values()) > 1, f"lost, and not said again: {said}"
    assert not wrong


async def _loses_each_first(world: World) -> tuple[Counter[str], list[str]]:
    """Cut the link under the first copy of each message."""
    copies: Counter[str] = Counter()

    def cut(line: str) -> None:
        copies[line] += 1
        if copies[line] == 1 and "ack/1" not in line:
            world.loop.wires.breaks(ADDRESSES.values())

    return copies, await _ended(world, cut)


def test_a_disk_that_takes_seconds_delays_and_loses_nothing(
    towns: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "WAKE_S", SLOW_S)
    told = hand_off(copied(towns, towns.with_name("slow")), "detroit")

    assert not told.wrong


@pytest.mark.parametrize("line", ["jackson: confirm/1", "detroit: final/1"])
def test_a_wire_that_falls_silent_delays_and_loses_nothing(
    towns: Path, line: str
) -> None:
    folder = copied(towns, towns.with_name(f"silent-{line[:7]}"))
    wrong = lived(folder, 1, partial(_falls_silent, line=line))

    assert not wrong


async def _falls_silent(world: World, line: str) -> list[str]:
    """Let nothing through for a while, from the moment a message leaves."""
    wires = world.loop.wires
    cut: list[str] = []

    def part(said: str) -> None:
        if said.startswith(line) and not cut:
            cut.append(said)
            wires.part(*(ADDRESSES[name] for name in TOWNS))
            world.loop.call_later(SILENT_S, wires.heal)

    wrong = await _ended(world, part)
    assert cut, "it was never said"
    return wrong


async def _ended(world: World, then: Callable[[str], None]) -> list[str]:
    with nothing_unkept(world.nodes, then):
        await world.starts()
        await asyncio.sleep(MEET_S)
        await world.until_over()
        await asyncio.sleep(REST_S)
        await world.stops()
    return world.wrong()
