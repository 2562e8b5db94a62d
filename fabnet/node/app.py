"""A running node: everything built in order, in one TaskGroup, and taken down again.

Order of the end: stop listening, let go of the links, stop the mind, close the store.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp
from aiohttp import web

from fabnet.cooperation import charter as charters
from fabnet.cooperation import membership as memberships
from fabnet.cooperation import policy as policies
from fabnet.cooperation import vouches
from fabnet.cooperation.charter import CharterBody, lineage_of, named_in
from fabnet.cooperation.membership import MembershipBody
from fabnet.cooperation.policy import PolicyBody
from fabnet.cooperation.vouches import VouchesBody
from fabnet.errors import InputError, RestoredError
from fabnet.node.api.app import make_operator_app
from fabnet.node.api.handlers.people import first_token
from fabnet.node.clock import Clock, SystemClock
from fabnet.node.config import Config
from fabnet.node.drivers.floor import Floor
from fabnet.node.drivers.holding import held
from fabnet.node.gateway.gateway import add_gateway
from fabnet.node.gateway.index import Index
from fabnet.node.hubs.attaching import Attaching, Hub
from fabnet.node.hubs.errands import Errands
from fabnet.node.hubs.pinning import Pinning
from fabnet.node.joining.near import keep_near
from fabnet.node.keyring import Keyring, write_secret
from fabnet.node.links.dialling import Dialler
from fabnet.node.links.door import Bounds, open_door
from fabnet.node.links.fetching import Fetcher
from fabnet.node.links.guard import client_session
from fabnet.node.links.hub.chunks import Chunks
from fabnet.node.links.hub.mailbox import TABLE as LETTERS
from fabnet.node.links.limits.keeping import TABLE as ANCHORS
from fabnet.node.links.limits.keeping import Outbound
from fabnet.node.links.limits.metered import Metered
from fabnet.node.links.limits.proxies import proxies_in
from fabnet.node.links.limits.standing import TABLE as BLOCKS
from fabnet.node.links.limits.standing import Standing
from fabnet.node.links.limits.tolls import Tolls
from fabnet.node.links.links import Links
from fabnet.node.links.peer_id_auth import ServerAuth
from fabnet.node.links.public import make_public_app
from fabnet.node.planning.plans import Plans
from fabnet.node.runner import Remembered, Runner
from fabnet.node.shell import Shell
from fabnet.node.store import incarnation
from fabnet.node.store.blobs import Blobs
from fabnet.node.store.store import Store
from fabnet.production.place import place_at
from fabnet.protocol import address as addresses
from fabnet.protocol.events import DiskSeen, DiskState, Event, Placed, Publish, Woke
from fabnet.protocol.voice import Identity
from fabnet.records import canonical
from fabnet.records.body import Body
from fabnet.records.ids import CharterId, PeerId
from fabnet.records.peer_record import seal_peer_record
from fabnet.records.refusal import Refusal

logger = logging.getLogger(__name__)

ONE_TIME_FILE: Final = "one-time-token"
LOOK_S: Final = 5
"""How often to look how full the disk is: of 16 MiB of ballast, what is under way uses
less than 1 in that time."""
SHUTDOWN_S: Final = 3
"""Seconds that open requests get to finish."""


async def run_node(
    config: Config,
    *,
    ready: Callable[[str], None],
    begin_again: bool = False,
    clock: Clock | None = None,
) -> None:
    """Serve until cancelled; `ready` is called with the operator's address.

    Without a `clock` it is the computer's own.

    To `begin_again` is to go on under a new incarnation, as an operator may say of a
    node whose peers do not answer for good.
    A node that learns from its peers that it was brought back from an older copy
    begins again, under a new incarnation.
    """
    canonical.prepare()
    clock = SystemClock() if clock is None else clock
    begun = True
    while begun:
        begun = False
        try:
            await _run_once(config, ready, clock, begin_again=begin_again)
        except* RestoredError as group:
            logger.warning("restored from an older copy: %s", first_of(group))
            begun, begin_again = True, False


def first_of(group: BaseExceptionGroup[RestoredError]) -> RestoredError:
    """Return the first error in a group, however deep."""
    first = group.exceptions[0]
    return first_of(first) if isinstance(first, BaseExceptionGroup) else first


async def _run_once(
    config: Config, ready: Callable[[str], None], clock: Clock, *, begin_again: bool
) -> None:
    data_dir = config.node.data_dir
    keyring = Keyring.open(data_dir, clock.token)
    charter = _charter_id(config)
    async with AsyncExitStack() as stack:
        memories = [it.memory for it in config.machines if it.memory is not None]
        stack.enter_context(held(memories))
        store = await asyncio.to_thread(
            Store.open,
            data_dir / "fabnet.db",
            keyring.node.public.peer,
            ballast_bytes=config.node.ballast_mib << 20,
        )
        stack.push_async_callback(store.close)
        blobs = await asyncio.to_thread(Blobs.open, data_dir / "blobs", store.alarm)
        beside = data_dir / incarnation.FILE_NAME
        start = await incarnation.begin(store, beside, clock)
        if begin_again:
            above = start.incarnation.counter
            start = await incarnation.renew(store, beside, clock, above=above)
        identity = Identity(
            key=keyring.node,
            network=config.node.network,
            incarnation=start.incarnation,
            sealing_public=keyring.sealing.public,
            charter=charter,
            trust=frozenset(CharterId(each) for each in config.trust.federations),
            vouching=config.trust.vouching,
        )
        notices = await asyncio.to_thread(store.notices)
        rows = await asyncio.to_thread(store.rows)
        remembered = Remembered(identity, rows, notices)
        session = await stack.enter_async_context(
            client_session(config.peers.allow_private)
        )
        node = _join(config, identity, clock, store, blobs, session, remembered)
        shell = Shell(
            identity=identity,
            config=config,
            person_secret=keyring.person_secret,
            sealing=keyring.sealing,
            place=place_at(config.facility.latitude, config.facility.longitude),
            clock=clock,
            store=store,
            blobs=blobs,
            runner=node.runner,
            linked=node.links.peers,
            links=node.links,
            finish_by_hand=node.floor.finish_by_hand,
            set_machine=node.floor.set_machine,
            plans=node.plans,
        )
        try:
            await _serve(config, keyring, node, shell, ready)
        except* RestoredError as group:
            above = first_of(group).above
            await incarnation.renew(store, beside, clock, above=above)
            raise


@dataclass(frozen=True, slots=True)
class _Node:
    """The parts that hold each other's ends."""

    runner: Runner
    links: Links
    floor: Floor
    dialler: Dialler
    outbound: Outbound
    fetcher: Fetcher
    plans: Plans


def _join(  # noqa: PLR0917  # each part is built once, here, and named at the call
    config: Config,
    identity: Identity,
    clock: Clock,
    store: Store,
    blobs: Blobs,
    session: aiohttp.ClientSession,
    remembered: Remembered,
) -> _Node:
    runners: list[Runner] = []

    async def post(event: Event) -> None:
        # The runner needs the links and the links the runner: this is the knot.
        await runners[0].post(event)

    def is_known(peer: PeerId) -> bool:
        return peer in named or runners[0].is_vouched(peer)

    def charter_of(peer: PeerId) -> CharterId | None:
        return runners[0].charter_of(peer)

    dialled = map(addresses.parse, config.peers.dial)
    named = {address.peer for address in dialled}
    standing = Standing(clock, store)
    standing.restore(remembered.rows.get(BLOCKS, {}))
    links = Links(
        identity,
        store=store,
        peer_record=_peer_record(config, identity, clock),
        post=post,
        standing=standing,
        tolls=Tolls(clock, is_known),
    )
    links.exchange.mailbox.restore(remembered.rows.get(LETTERS, {}))
    links.chunks = Chunks(blobs, links, links.charge)
    floor = Floor(config, identity.charter, clock=clock, post=post)
    dialler = Dialler(identity, links=links, session=session, clock=clock)
    outbound = Outbound(
        clock=clock,
        store=store,
        hold=dialler.hold,
        is_linked=links.is_linked,
        charter_of=charter_of,
        may_dial=lambda peer: standing.why_not(peer) is None,
    )
    outbound.restore(remembered.rows.get(ANCHORS, {}))
    fetcher = Fetcher(
        identity,
        store=store,
        blobs=blobs,
        links=links,
        dialler=dialler,
        session=session,
    )
    plans = Plans(clock)
    runner = Runner.restore(
        remembered,
        clock=clock,
        keeper=Metered(store, links.charge),
        outlet=links,
        hands=floor.hands,
        recall=fetcher.recall,
        plan=plans.plan,
    )
    runners.append(runner)
    return _Node(runner, links, floor, dialler, outbound, fetcher, plans)


async def _serve(
    config: Config,
    keyring: Keyring,
    node: _Node,
    shell: Shell,
    ready: Callable[[str], None],
) -> None:
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(node.runner.run(), name="runner")
        disk = await asyncio.to_thread(shell.store.look_at_disk)
        await node.runner.post(DiskSeen(disk))
        await node.runner.post(Woke())
        looking = tasks.create_task(_watch_disk(shell, disk), name="disk")
        await _publish_documents(config, shell)
        describing = tasks.create_task(node.floor.describe(), name="floor")
        try:
            # Closed while the mind still answers those who have asked.
            async with AsyncExitStack() as doors:
                index = await _open(doors, config, keyring, node, shell)
                dialling = [
                    tasks.create_task(node.dialler.keep(at), name=f"dial {at.text}")
                    for at in map(addresses.parse, config.peers.dial)
                ]
                reached = tasks.create_task(_be_reached(config, node, shell))
                choosing = tasks.create_task(node.outbound.keep(), name="outbound")
                indexing = tasks.create_task(index.keep(), name="gateway")
                if config.peers.lan:
                    near = keep_near(config, shell, node.links, node.dialler)
                    dialling.append(tasks.create_task(near, name="lan"))
                await _say_ready(config, shell, ready)
                try:
                    failure = await shell.store.alarm.wait()
                    running.cancel()  # of what the disk does not take, nothing is done
                    raise failure
                finally:
                    for task in (*dialling, reached, choosing, indexing):
                        task.cancel()
                    looking.cancel()
                    describing.cancel()
        finally:
            running.cancel()


async def _open(
    doors: AsyncExitStack,
    config: Config,
    keyring: Keyring,
    node: _Node,
    shell: Shell,
) -> Index:
    """Listen on both ports until `doors` is closed; return what must be kept up."""
    auth = ServerAuth(
        keyring.node,
        _hosts(config),
        shell.clock.token(32),
        lambda: shell.clock.now().tick_ms,
        shell.clock.token,
    )
    node.links.exchange.is_hub = config.listen.hub
    proxies = proxies_in(config.listen.proxies)
    public = make_public_app(
        auth=auth, links=node.links, blobs=shell.blobs, proxies=proxies
    )
    index = add_gateway(
        public,
        identity=shell.identity,
        store=shell.store,
        blobs=shell.blobs,
        clock=shell.clock,
        addresses=config.listen.addresses,
        proxies=proxies,
    )
    if config.listen.public is not None:
        bounds = Bounds(proxies=tuple(proxies))
        await open_door(
            doors, public, config.listen.public, shutdown_s=SHUTDOWN_S, bounds=bounds
        )
    await _listen(doors, make_operator_app(shell), *config.listen.operator)
    return index


async def _say_ready(
    config: Config, shell: Shell, ready: Callable[[str], None]
) -> None:
    first = await first_token(shell.store, shell.clock)
    if first is not None:
        await asyncio.to_thread(_write_token, config, first)
    host, port = config.listen.operator
    ready(f"http://{host}:{port}")
    logger.info("ready as %s", shell.identity.peer)


async def _be_reached(config: Config, node: _Node, shell: Shell) -> None:
    """Say where we are reached: at our own addresses, as a hub, or by way of hubs."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(node.links.exchange.keep(), name="routing")
        errands = Errands(node.dialler.hold)
        node.links.exchange.errand = errands.ask
        tasks.create_task(errands.keep(), name="errands")
        if not config.listen.addresses:
            attaching = _attaching(config, node, shell, errands)
            tasks.create_task(attaching.keep(), name="attaching")
            return
        placed = Placed(_peer_record(config, shell.identity, shell.clock))
        await node.runner.post(placed)
        pinning = Pinning(
            shell.identity.peer,
            store=shell.store,
            blobs=shell.blobs,
            fetcher=node.fetcher,
            links=node.links,
        )
        tasks.create_task(pinning.keep(), name="pinning")


def _attaching(
    config: Config, node: _Node, shell: Shell, errands: Errands
) -> Attaching:
    """Return what keeps hubs for a node that names no address of its own."""

    def linked() -> list[Hub]:
        # A link for a message is soon let go; nobody should come to us that way.
        passing = {address.peer for address in errands.held}
        return [
            Hub(peer, charter, addresses.named(address, peer))
            for peer in node.links.dialled()
            if peer not in passing
            if (charter := node.runner.charter_of(peer)) is not None
            for address in node.links.addresses.get(peer, ())[:1]
        ]

    async def tell(hubs: tuple[Hub, ...]) -> None:
        record = _peer_record(config, shell.identity, shell.clock, hubs)
        node.links.introduce(record)
        await node.runner.post(Placed(record))

    return Attaching(linked, tell, node.dialler.speaks)


async def _watch_disk(shell: Shell, disk: DiskState) -> None:
    """Tell the mind whenever the disk is fuller, or less full, than it was."""
    while True:
        await asyncio.sleep(LOOK_S)
        seen = await asyncio.to_thread(shell.store.look_at_disk)
        if seen != disk:
            logger.warning("room on the disk: it was %s, it is %s", disk, seen)
            await shell.runner.post(DiskSeen(seen))
        disk = seen


def _write_token(config: Config, token: str) -> None:
    """Leave the first operator's token where only whoever owns the disk can read it."""
    path = config.node.data_dir / ONE_TIME_FILE
    path.unlink(missing_ok=True)
    write_secret(path, token.encode())


async def _listen(
    stack: AsyncExitStack, app: web.Application, host: str, port: int
) -> None:
    runner = web.AppRunner(
        app, auto_decompress=False, access_log=None, shutdown_timeout=SHUTDOWN_S
    )
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, host, port)
    await site.start()


async def _publish_documents(config: Config, shell: Shell) -> None:
    """Carry the configured documents as our first records, each once."""
    documents = config.documents
    wanted: list[tuple[str, Path]] = [
        (charters.KIND, documents.charter),
        *((charters.KIND, path) for path in documents.federations),
        *((memberships.KIND, path) for path in documents.memberships),
        *((vouches.KIND, path) for path in documents.vouches),
    ]
    if documents.policy is not None:
        wanted.append((policies.KIND, documents.policy))
    for kind, path in wanted:
        raw = await asyncio.to_thread(_read, path)
        about, body = _carried(kind, raw)
        ours = await shell.store.records(
            kind=kind, author=shell.identity.peer, limit=500
        )
        if any(record.read(type(body)) == body for record in ours):
            continue
        said = await shell.runner.ask(_publishing(kind, about, body))
        if isinstance(said, Refusal):
            raise InputError(f"documents: {path}", f"refused: {said.reason}")


def _publishing(kind: str, about: str | None, body: Body) -> Callable[[int], Event]:
    return lambda ask: Publish(ask, kind, about, body)


def _carried(kind: str, raw: bytes) -> tuple[str | None, Body]:
    match kind:
        case charters.KIND:
            return None, CharterBody(raw)
        case memberships.KIND:
            return named_in(raw, "member"), MembershipBody(raw)
        case vouches.KIND:
            return named_in(raw, "voucher"), VouchesBody(raw)
        case _:
            return policies.charter_of(raw), PolicyBody(raw)


def _charter_id(config: Config) -> CharterId:
    charter = lineage_of(_read(config.documents.charter))
    if charter is None:
        raise InputError("documents.charter", "expected a signed charter document")
    return charter


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"documents: {path}", f"cannot be read: {error}") from error


def _peer_record(
    config: Config, identity: Identity, clock: Clock, hubs: tuple[Hub, ...] = ()
) -> bytes:
    listed = [
        addresses.to_bytes(addresses.parse(text)) for text in config.listen.addresses
    ]
    listed += [addresses.to_relayed(hub.address, identity.peer) for hub in hubs]
    # Seconds since 1970 only grow from start to start, which is all a seq must do here.
    seq = (identity.incarnation.counter << 32) + clock.now().moment_ms // 1_000
    return seal_peer_record(identity.key, seq, listed)


def _hosts(config: Config) -> frozenset[str]:
    """Return the Host headers we answer to: those of the addresses we announce."""
    named = [addresses.parse(text) for text in config.listen.addresses]
    return frozenset(addresses.authority(address).lower() for address in named)
