"""A process that is one node with a machine and a person, and hands off one request.

The real store, blobs, mind and runner; what the world sees of them (an answer, a
machine that begins, a piece on the bench) is told line by line.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from fabnet.node.shell import Shell
from fabnet.node.store.changes import Durable
from fabnet.node.store.store import Store
from fabnet.production.job import Job
from fabnet.production.lots.lot import Lot
from fabnet.production.lots.making import Making
from fabnet.production.request import Item, Request
from fabnet.protocol.effects import Act
from fabnet.protocol.events import (
    AcceptLot,
    CountBench,
    Event,
    FacilitySeen,
    FileRequest,
    MachineSeen,
    PieceMade,
    Woke,
)
from fabnet.records.ids import PeerId, RecordId, Window
from fabnet.records.refusal import Refusal
from tests.node.cooperative import (
    JACKSON,
    NODE,
    charter_id,
    design,
    facility,
    offer,
    printer,
)
from tests.node.desk import World, at_desk, node_at
from tests.sim.disk import read

PIECES: Final = 2
DAY_MS: Final = 86_400_000
LOOK_S: Final = 0.05
MAKING_S: Final = 0.05
"""A piece takes a while, so that power can go while it is under way."""
Said = tuple[str, ...]
Piece = tuple[str, str, str]
"""Job, epoch and number."""


async def lay_out(folder: Path) -> None:
    """Make the data of a node whose design is published and that did nothing else."""
    async with at_desk(folder) as desk:
        await desk.people()
        await desk.cooperate()
        status, said = await desk.publish(design())
        assert status == 201, said


def hand_off(data: Path, bench: frozenset[Piece], fault: str, pipe: Connection) -> None:
    """Live until the request is fulfilled; the body of the process.

    With the fault `eager` the world is told before the disk has it.
    """
    if fault == "eager":
        keep = Store.commit

        async def told() -> None:
            """Be done at once, whatever the disk does."""

        def commit(
            store: Store, durable: Sequence[Durable], moment_ms: int
        ) -> Awaitable[None]:
            keep(store, durable, moment_ms).add_done_callback(_heedless)
            return told()

        setattr(Store, "commit", commit)  # noqa: B010  # the planted fault
    asyncio.run(_hand_off(data, bench, pipe.send))


def main(words: list[str]) -> None:
    """Live as a program: the data folder, and what lies on the bench."""
    data, *bench = words
    pieces = frozenset(spelt(each) for each in bench)

    def say(said: Said) -> None:
        sys.stdout.write(" ".join(said) + "\n")
        sys.stdout.flush()

    asyncio.run(_hand_off(Path(data), pieces, say))


def _heedless(_: asyncio.Future[None]) -> None:
    """Take no notice of what became of it."""


@dataclass(slots=True)
class Told(World):
    """A machine that makes what it is told to, and says so."""

    say: Callable[[Said], None] = print
    bench: set[Piece] = field(default_factory=set)

    async def act(self, effect: Act) -> None:
        self.say(("act", *_piece(effect)))
        await self.begun.put(effect)


async def _hand_off(
    data: Path, bench: frozenset[Piece], say: Callable[[Said], None]
) -> None:
    store = Store.open(data / "fabnet.db", NODE.public.peer, ballast_bytes=0)
    world = Told(say=say, bench=set(bench))
    shell, _ = node_at(data, store, world)
    post = shell.runner.post
    async with asyncio.TaskGroup() as tasks:
        work = [
            tasks.create_task(shell.runner.run()),
            tasks.create_task(_make(world, post_to=shell)),
        ]
        now_ms = shell.clock.now().moment_ms
        opened = (Window(now_ms - DAY_MS, now_ms + DAY_MS),)
        await post(Woke())
        await post(FacilitySeen(facility()))
        await post(MachineSeen(printer(), (offer(),), opened))
        await _see_to_it(shell, world)
        for task in work:
            task.cancel()
    await store.close()
    say(("done",))


async def _make(world: Told, *, post_to: Shell) -> None:
    """Let the machine make pieces, one after the other."""
    while True:
        act = await world.begun.get()
        await asyncio.sleep(MAKING_S)
        world.bench.add(_piece(act))
        world.say(("made", *_piece(act)))
        made = PieceMade(
            act.requester, act.job, act.epoch, act.piece, True, 60, 30, 6_000
        )
        await post_to.runner.post(made)


async def _see_to_it(shell: Shell, world: Told) -> None:
    """Be the person: file, count what is in doubt, accept; until all is fulfilled."""
    rows = shell.store.rows()
    if not rows.get("job") and not rows.get("closed-job"):
        await _ask(
            shell,
            world,
            lambda ask: FileRequest(ask, _request(shell), b"Ada", bytes(32)),
        )
    while not rows.get("closed-job"):
        await asyncio.sleep(LOOK_S)
        rows = shell.store.rows()
        for row in rows.get("making", {}).values():
            making = read(row, Making)
            if making.state == "in-doubt":
                await _ask(shell, world, _counted(making, world.bench))
        for row in rows.get("lot", {}).values():
            lot = read(row, Lot)
            if lot.state == "closed" and lot.closed is not None and not lot.accepted:
                await _ask(shell, world, _accepted(lot))


def _counted(making: Making, bench: set[Piece]) -> Callable[[int], Event]:
    piece = (making.job, str(making.epoch), str(making.intent))
    return lambda ask: CountBench(ask, making.job, making.epoch, piece in bench, "ada")


def _accepted(lot: Lot) -> Callable[[int], Event]:
    return lambda ask: AcceptLot(ask, lot.job, lot.epoch, ())


async def _ask(shell: Shell, world: Told, make: Callable[[int], Event]) -> None:
    answer = await shell.runner.ask(make)
    if not isinstance(answer, Refusal):
        world.say(("answered", answer))


def _request(shell: Shell) -> Request:
    now_ms = shell.clock.now().moment_ms
    return Request(
        (Item(design().cid, "hook", PIECES),), now_ms + DAY_MS // 2, None,
        "livelihood", "make_for_peer_at_cost", ("cost_recovery_only",), (), None,
        JACKSON, charter_id(), "a" * 64,
    )  # fmt: skip


def spelt(text: str) -> Piece:
    """Return the piece that `job/epoch/number` names."""
    job, epoch, number = text.split("/")
    return job, epoch, number


def _piece(act: Act) -> Piece:
    return act.job, str(act.epoch), str(act.piece)


# ---------------------------------------------------------------- afterwards


@dataclass(slots=True)
class Seen:
    """What a data folder says of the request."""

    broken: list[str] = field(default_factory=list)
    """Promises that it does not keep."""
    booked: int = 0
    fulfilled: bool = False


async def look(data: Path, said: list[Said]) -> Seen:
    """Hold what was told against what the real store finds in a data folder."""
    me = PeerId(NODE.public.peer)
    store = await asyncio.to_thread(Store.open, data / "fabnet.db", me, ballast_bytes=0)
    seen = Seen()
    try:
        rows = await asyncio.to_thread(store.rows)
        makings = [read(row, Making) for row in rows.get("making", {}).values()]
        for kind, *args in said:
            if kind == "answered" and await store.record(RecordId(args[0])) is None:
                seen.broken.append(f"answered and lost: {args[0]}")
            if kind == "act" and not any(_intends(each, args) for each in makings):
                seen.broken.append(f"begun without an intent: {args}")
        jobs = rows.get("closed-job", {}).values()
        seen.fulfilled = any(read(row, Job).state == "fulfilled" for row in jobs)
        seen.booked = sum(read(row, Lot).good for row in rows.get("lot", {}).values())
    finally:
        await store.close()
    return seen


def _intends(making: Making, piece: list[str]) -> bool:
    job, epoch, number = piece
    if (making.job, str(making.epoch)) != (job, epoch):
        return False
    return making.intent == int(number) or making.good + making.scrap >= int(number)


if __name__ == "__main__":
    main(sys.argv[1:])
