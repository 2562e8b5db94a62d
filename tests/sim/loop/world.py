"""Towns on the loop: laid out once, lived in from copies of that."""

from __future__ import annotations

import asyncio
import logging
import random
import shutil
import tempfile
import tomllib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Final, TypeVar
from unittest.mock import patch

from fabnet.node import founding
from fabnet.node.keyring import Keyring
from tests.real.cities import checks
from tests.real.cities.export import export
from tests.real.cities.towns import Town, lay_out
from tests.sim.loop import threads
from tests.sim.loop.loop import Loop
from tests.sim.loop.node import LoopClock, Node
from tests.sim.loop.people import LOOK_S, Person

T = TypeVar("T")

ADDRESSES: Final = {
    "jackson": "10.0.0.1",
    "detroit": "10.0.0.2",
    "barcelona": "10.0.0.3",
}
"""Jackson asks and has no machine, Detroit makes, Barcelona is a third who knows."""
MAKER: Final = "detroit"
TIME_FACTOR: Final = 10
"""A piece takes six seconds: nothing else happens meanwhile."""
STORY_S: Final = 3_600
"""Virtual seconds in which any story here must end."""
SETTLED_S: Final = 120
"""When stories begin: the towns have met, and been stopped."""


@dataclass
class World:
    """Nodes and people."""

    loop: Loop
    nodes: list[Node]
    people: list[Person] = field(init=False)

    def __post_init__(self) -> None:
        self.people = [Person(node) for node in self.nodes]

    def __getitem__(self, name: str) -> Person:
        return next(each for each in self.people if each.node.town.name == name)

    async def starts(self) -> None:
        for node in self.nodes:
            node.starts()
        for node in self.nodes:
            await node.is_ready()

    async def stops(self) -> None:
        for node in self.nodes:
            if node.is_up:
                error = await node.stops()
                assert error is None, error

    async def until(
        self, holds: Callable[[], Awaitable[bool]], every_s: float = LOOK_S
    ) -> None:
        async with asyncio.timeout(STORY_S):
            while not await holds():
                await asyncio.sleep(every_s)

    async def until_over(self) -> None:
        """Let people do their part until Jackson's one job is over."""
        asker = self["jackson"]
        async with asyncio.timeout(STORY_S):
            while not await asker.is_served():
                for person in self.people:
                    await person.tends()
                await asyncio.sleep(LOOK_S)

    def wrong(self) -> list[str]:
        """Return what does not hold between disks and benches, once all are down."""
        found = [export(node.town) for node in self.nodes]
        told = [
            (at, "record", id_)
            for at, person in enumerate(self.people)
            for id_ in person.acknowledged
        ]
        return checks.wrong(found, told) + checks.unsettled(found)


def lived(
    folder: Path,
    seed: int,
    story: Callable[[World], Awaitable[T]],
    *,
    at_s: float = SETTLED_S,
) -> T:
    """Live through a story in the towns of `folder`; nothing may be left over of it."""
    with (
        _played(),
        _heeded() as errors,
        asyncio.Runner(loop_factory=lambda: Loop(seed, at_s)) as runner,
    ):
        loop = runner.get_loop()
        assert isinstance(loop, Loop)

        async def live() -> T:
            world = World(loop, [Node(loop, town) for town in towns_in(folder)])
            told = await story(world)
            await world.stops()
            assert not loop.wires.ends, "a connection is open, and nobody is there"
            return told

        with patch("aiohttp.connector.monotonic", loop.time):
            random.seed(seed)  # aiohttp's dice, which mask what is sent
            told = runner.run(live())
        assert not loop.gone_wrong, loop.gone_wrong
        assert not errors, errors
        return told


@contextmanager
def _heeded() -> Iterator[list[str]]:
    """Collect what is logged as an error: nothing may be swallowed."""
    heard: list[str] = []

    class Heed(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(self.format(record))

    handler = Heed(logging.ERROR)
    logging.getLogger().addHandler(handler)
    try:
        yield heard
    finally:
        logging.getLogger().removeHandler(handler)


@contextmanager
def _played() -> Iterator[None]:
    """Have the writer's thread be one of the loop's."""
    played = SimpleNamespace(Thread=threads.Thread, Condition=threads.Condition)
    with patch("fabnet.node.store.writer.threading", played):
        yield


# ---------------------------------------------------------------- before all stories


@contextmanager
def quick_disk() -> Iterator[Path]:
    """Return a folder in memory where there is one: the loop plays the disk's time."""
    memory = Path("/dev/shm")
    where = memory if memory.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="fabnet-loop-", dir=where) as folder:
        yield Path(folder)


def settled(folder: Path, names: Sequence[str]) -> None:
    """Found the towns, and let them come to know each other and the one design."""
    for name in names:
        (folder / name / "data").mkdir(mode=0o700, parents=True)
    addresses = [ADDRESSES[name] for name in names]
    for town in lay_out(folder, addresses, LoopClock(None, "founder"), names):
        tables = tomllib.loads(town.config.read_text("utf-8"))
        printer = tables["machine"][0]
        printer.update(time_factor=TIME_FACTOR)
        tables["machine"] = [printer] if town.name == MAKER else []
        founding.write(town.config, founding.config_toml(tables))
    lived(folder, 0, _settle, at_s=0)


async def _settle(world: World) -> None:
    await world.starts()
    for person in world.people:
        await person.moves_in()
    await world["jackson"].publishes()

    async def all_know() -> bool:
        return all([await each.knows(1) for each in world.people])

    await world.until(all_know)
    await asyncio.sleep(SETTLED_S - 10 - world.loop.time())


def copied(settled: Path, to: Path) -> Path:
    """Copy the settled towns, so that a story begins where they are."""
    shutil.copytree(settled, to)
    config = to / MAKER / founding.CONFIG_FILE
    config.write_text(config.read_text("utf-8").replace(str(settled), str(to)))
    return to


def towns_in(folder: Path) -> list[Town]:
    """Return the towns that were laid out in a folder."""
    found: list[Town] = []
    for name, address in ADDRESSES.items():
        at = folder / name
        if not at.exists():
            continue
        charter = founding.id_of((at / founding.CHARTER_FILE).read_bytes())
        keyring = Keyring.open(at / "data", _no_dice)
        found.append(Town(name, at, address, keyring.node.public.peer, charter))
    return found


def _no_dice(length: int) -> bytes:
    raise AssertionError(f"{length} bytes: the keys were made when towns were founded")
