"""Keeping a few links of our own choice: choose, dial, remember who served well."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Annotated, Final, Protocol

import msgspec

from fabnet.errors import RemoteError
from fabnet.node.clock import Clock
from fabnet.node.links.limits.outbound import (
    ANCHORS,
    CANDIDATES_MAX,
    OUTBOUND_MIN,
    PER_BLOCK_MAX,
    Candidate,
    block_at,
    choose,
)
from fabnet.protocol import address as addresses
from fabnet.protocol.address import ADDRESS_CHARS_MAX, Address
from fabnet.protocol.community import Reach
from fabnet.protocol.effects import Drop, Put
from fabnet.records import canonical
from fabnet.records.body import Body
from fabnet.records.ids import CharterId, PeerId
from fabnet.records.peer_record import open_peer_record

logger = logging.getLogger(__name__)

LOOK_S: Final = 30
"""How often it is asked whether a link of ours is missing."""
AGAIN_MS: Final = 600_000
"""How long a peer that did not answer is passed over."""
FAILED_MAX: Final = 5_000
TABLE: Final = "anchor"
"""The anchors are rows beside the peer's own, which it does not read."""
_ROW_BYTES_MAX: Final = 2_048
_REACH_BYTES_MAX: Final = 4_096
"""Bytes of a notice's body: the peer record, and what is around it."""

Fits = Callable[[str], bool]
"""Whether a link may stay, by the IP address where the dialled name led."""
Hold = Callable[[Address, Fits], Awaitable[bool]]
Told = tuple[PeerId, PeerId | None, bytes]
"""A peer, who brought its notice, and the body of it."""


class AnchorRow(Body):
    """Where a peer was that served us well."""

    address: Annotated[str, msgspec.Meta(max_length=ADDRESS_CHARS_MAX)]


class Store(Protocol):
    """Where notices and anchors are kept."""

    async def reached(self, limit: int) -> list[Told]:
        """Return where peers say they are, the newest first."""

    def commit(self, durable: Sequence[Put | Drop], moment_ms: int) -> Awaitable[None]:
        """Queue one transaction; the result resolves when it is on disk."""


class Outbound:
    """Holds OUTBOUND_MIN links that we chose, while there are peers to choose from."""

    def __init__(
        self,
        *,
        clock: Clock,
        store: Store,
        hold: Hold,
        is_linked: Callable[[PeerId], bool],
        charter_of: Callable[[PeerId], CharterId | None],
        may_dial: Callable[[PeerId], bool],
    ) -> None:
        self._clock = clock
        self._store = store
        self._hold = hold
        self._is_linked = is_linked
        self._charter_of = charter_of
        self._may_dial = may_dial
        self._secret = clock.token(32)
        self._failed: dict[PeerId, int] = {}
        self.held: dict[PeerId, Candidate] = {}
        """Whom we dialled by our own choice, in the order they were chosen."""
        self.blocks: dict[PeerId, str] = {}
        """Where they really are, once dialled: names can all lead to one house."""
        self.anchors: dict[PeerId, str] = {}
        """Where they were, by peer; the longest held first."""

    def restore(self, rows: Mapping[str, bytes]) -> None:
        """Know again who served us well before the start."""
        for peer, raw in sorted(rows.items()):
            row = canonical.decode(raw, AnchorRow, bytes_max=_ROW_BYTES_MAX)
            self.anchors[PeerId(peer)] = row.address

    async def keep(self) -> None:
        """Look after the links of our choice until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                chosen = await self.look()
                for each in chosen:
                    tasks.create_task(self._dial(each), name=f"dial {each.peer}")
                await self._remember()
                await asyncio.sleep(LOOK_S)

    async def look(self) -> list[Candidate]:
        """Choose whom to dial now, and count them as held."""
        chosen: list[Candidate] = []
        candidates = await self._candidates()
        while len(self.held) < OUTBOUND_MIN:
            found = choose(candidates, self.held.values(), rank=self._rank)
            if found is None:
                break
            self.held[found.peer] = found
            chosen.append(found)
        return chosen

    async def _dial(self, candidate: Candidate) -> None:
        try:
            fits = partial(self._fits, candidate.peer)
            if not await self._hold(candidate.address, fits):
                self._failed[candidate.peer] = self._clock.now().tick_ms
                while len(self._failed) > FAILED_MAX:
                    del self._failed[next(iter(self._failed))]
        finally:
            self.held.pop(candidate.peer, None)
            self.blocks.pop(candidate.peer, None)

    def _fits(self, peer: PeerId, ip: str) -> bool:
        """Whether not too many of our links lead to the block of an IP address."""
        block = block_at(ip)
        others = [at for name, at in self.blocks.items() if name != peer]
        if others.count(block) >= PER_BLOCK_MAX:
            return False
        self.blocks[peer] = block
        return True

    async def _candidates(self) -> list[Candidate]:
        now = self._clock.now().tick_ms
        told = await self._store.reached(CANDIDATES_MAX)
        found: dict[PeerId, Candidate] = {}
        for peer, source, body in told:
            address = _address_in(body, peer)
            if address is not None:
                self._add(found, peer, address, source)
        for peer, text in self.anchors.items():
            self._add(found, peer, addresses.parse(text), None, is_anchor=True)
        return [
            each
            for each in found.values()
            if not self._is_linked(each.peer)
            and self._may_dial(each.peer)
            and self._failed.get(each.peer, -AGAIN_MS) + AGAIN_MS <= now
        ]

    def _add(
        self,
        found: dict[PeerId, Candidate],
        peer: PeerId,
        address: Address,
        source: PeerId | None,
        *,
        is_anchor: bool = False,
    ) -> None:
        charter = self._charter_of(peer)
        if charter is not None:
            found[peer] = Candidate(peer, charter, address, source, is_anchor)

    async def _remember(self) -> None:
        """Write down who has been linked longest of those we chose; keep the last two.

        With nobody linked nothing is forgotten: a bad hour must not cost the anchors.
        """
        linked = [each for each in self.held.values() if self._is_linked(each.peer)]
        wanted = {each.peer: each.address.text for each in linked[:ANCHORS]}
        for peer, text in self.anchors.items():
            if len(wanted) < ANCHORS:
                wanted.setdefault(peer, text)
        if wanted == self.anchors:
            return
        changes: list[Put | Drop] = [
            Drop(TABLE, peer) for peer in self.anchors if peer not in wanted
        ]
        changes += [
            Put(TABLE, peer, canonical.encode(AnchorRow(text)))
            for peer, text in wanted.items()
        ]
        self.anchors = wanted
        await self._store.commit(changes, self._clock.now().moment_ms)

    def _rank(self, candidate: Candidate) -> bytes:
        return hashlib.sha256(self._secret + candidate.peer.encode()).digest()


def _address_in(body: bytes, peer: PeerId) -> Address | None:
    """Return where a peer says it is, with its id; nil if we cannot dial it there."""
    try:
        reach = canonical.decode(body, Reach, bytes_max=_REACH_BYTES_MAX)
        record = open_peer_record(reach.peer_record)
    except RemoteError as error:
        logger.debug("%s: where it is does not read: %s", peer, error)
        return None
    if record.peer != peer:
        return None
    for binary in record.addresses:
        try:
            text = addresses.from_bytes(binary).text
            named = text if "/p2p/" in text else f"{text}/p2p/{peer}"
            found = addresses.parse(named)
        except RemoteError:
            continue
        if found.peer == peer:
            return found
    return None
