"""A node that does not run, opened for a stick: its disk and its mind, nothing else.

No link is held, nothing is listened to, no timer moves and no machine is told anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fabnet.cooperation.charter import lineage_of
from fabnet.errors import InputError
from fabnet.node.bundle.bringing import Bringer
from fabnet.node.bundle.local import LocalPorter
from fabnet.node.bundle.taking import Taker
from fabnet.node.clock import SystemClock
from fabnet.node.config import Config
from fabnet.node.keyring import Keyring
from fabnet.node.runner import Remembered, Runner
from fabnet.node.shelf import Shelf
from fabnet.node.store import incarnation
from fabnet.node.store.blobs import Blobs
from fabnet.node.store.store import Store
from fabnet.production.plan import Problem, Solved
from fabnet.protocol.effects import (
    Act,
    Compare,
    Look,
    Lower,
    Probe,
    Recall,
    Reconcile,
    Send,
    SendGot,
    SendProofs,
    Serve,
    Subscribe,
    Supply,
    TellKnown,
    Weigh,
)
from fabnet.protocol.events import (
    Compared,
    DiskSeen,
    NothingToServe,
    Recalled,
    Weighed,
)
from fabnet.protocol.voice import Identity
from fabnet.records import canonical
from fabnet.records.ids import CharterId

DATABASE = "fabnet.db"


@asynccontextmanager
async def alone(config: Config) -> AsyncIterator[LocalPorter]:
    """Open the node that a configuration describes; raise where it runs already."""
    canonical.prepare()
    clock = SystemClock()
    data_dir = config.node.data_dir
    if not (data_dir / DATABASE).exists():
        raise InputError("node.data_dir", f"no node ever ran in {data_dir}")
    keyring = Keyring.open(data_dir, clock.token)
    charter = lineage_of(await asyncio.to_thread(config.documents.charter.read_bytes))
    if charter is None:
        raise InputError("documents.charter", "expected a signed charter document")
    store = await asyncio.to_thread(
        Store.open,
        data_dir / DATABASE,
        keyring.node.public.peer,
        ballast_bytes=config.node.ballast_mib << 20,
    )
    try:
        blobs = await asyncio.to_thread(Blobs.open, data_dir / "blobs", store.alarm)
        start = await incarnation.begin(store, data_dir / incarnation.FILE_NAME, clock)
        identity = Identity(
            key=keyring.node,
            network=config.node.network,
            incarnation=start.incarnation,
            sealing_public=keyring.sealing.public,
            charter=charter,
            trust=frozenset(CharterId(each) for each in config.trust.federations),
            vouching=config.trust.vouching,
        )
        rows, notices = (
            await asyncio.to_thread(store.rows),
            await asyncio.to_thread(store.notices),
        )
        nobody = _Nobody(store)
        runner = Runner.restore(
            Remembered(identity, rows, notices),
            clock=clock,
            keeper=store,
            outlet=nobody,
            hands=nobody,
            recall=nobody.recall,
            plan=nobody.plan,
        )
        disk = await asyncio.to_thread(store.look_at_disk)
        await runner.alone(DiskSeen(disk))
        taker = Taker(identity, store, blobs)
        yield LocalPorter(
            taker, Bringer(identity, store, blobs, Shelf(), runner.ask_alone)
        )
    finally:
        await store.close()


class _Nobody:
    """Who hears a mind that is alone: only its store answers."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def compare(self, effect: Compare) -> Compared:
        """Look up what is kept where records were heard again."""
        return await self._store.beside(effect.records)

    async def weigh(self, effect: Weigh) -> Weighed:
        """Weigh what is kept of one log."""
        return await self._store.weigh(effect)

    async def recall(self, effect: Recall) -> Recalled:
        """Fetch nothing."""
        return Recalled(effect.cid, None, "no network")

    async def plan(self, problem: Problem) -> Solved:
        """Plan nothing: the runner asks for no plan while it is alone."""
        raise AssertionError(problem)

    async def act(self, effect: Act) -> None:
        """Tell no machine."""

    async def look(self, effect: Look) -> None:
        """Ask no machine: what became of a piece is found out at the next start."""

    async def tell_known(self, effect: TellKnown) -> None:
        """Answer no probe."""

    async def serve_batch(self, effect: Serve) -> NothingToServe | None:
        """Serve nobody."""

    async def reconcile(self, effect: Reconcile) -> None:
        """Reconcile with nobody."""

    async def supply(self, effect: Supply) -> None:
        """Send nobody anything."""

    def subscribe(self, effect: Subscribe) -> None:
        """Ask nobody."""

    def probe(self, effect: Probe) -> None:
        """Ask nobody."""

    def got(self, effect: SendGot) -> None:
        """Confirm nothing."""

    def prove(self, effect: SendProofs) -> None:
        """Tell nobody."""

    def send(self, effect: Send) -> None:
        """Send nothing: the courier repeats it at the next start."""

    def lower(self, effect: Lower) -> None:
        """Remember nothing of a peer that is not linked."""
