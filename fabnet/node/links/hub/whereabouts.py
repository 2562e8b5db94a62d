"""By way of which hubs a peer is reached, as its own signed peer record says."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Final, Protocol

from fabnet.errors import RemoteError
from fabnet.node.clock import Clock
from fabnet.protocol import address as addresses
from fabnet.protocol.address import Address
from fabnet.protocol.community import REACH_KIND, Reach
from fabnet.records.ids import PeerId
from fabnet.records.peer_record import PeerRecord, open_peer_record
from fabnet.records.record import Record

FRESH_MS: Final = 5_000
"""How long it is not asked again where a peer is."""
PLACES_MAX: Final = 2_500
"""Peers remembered; the longest unasked is looked up again."""


class Records(Protocol):
    """Where notices are kept."""

    async def records(
        self, *, kind: str | None = None, author: PeerId | None = None, limit: int = 100
    ) -> list[Record]:
        """Return records, the newest arrival first."""


@dataclass(frozen=True, slots=True)
class _Place:
    seq: int
    """Of the peer record that says so: the greatest counts."""
    hubs: tuple[Address, ...]
    places: tuple[Address, ...]
    """Where it is dialled itself."""
    fresh_until_tick: int


class Whereabouts:
    """The hubs of each peer."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock
        self._places: OrderedDict[PeerId, _Place] = OrderedDict()

    def told(self, record: PeerRecord) -> None:
        """Hear where a peer is, from itself."""
        self._note(record, self._clock.now().tick_ms)

    def known(self, peer: PeerId) -> tuple[Address, ...] | None:
        """Return the hubs of a peer if that was looked up lately, or nil."""
        place = self._places.get(peer)
        fresh = place is not None and self._clock.now().tick_ms < place.fresh_until_tick
        return place.hubs if place is not None and fresh else None

    def ways(self, peer: PeerId) -> tuple[Address, ...]:
        """Return whom to dial to reach a peer: itself, or else its hubs."""
        place = self._places.get(peer)
        return () if place is None else place.places or place.hubs

    async def find(self, peer: PeerId) -> tuple[Address, ...]:
        """Return the hubs of a peer; none for one that has none, or is not known."""
        known = self.known(peer)
        if known is not None:
            return known
        found = await self._records.records(kind=REACH_KIND, author=peer, limit=1)
        until = self._clock.now().tick_ms + FRESH_MS
        said = [_said(each) for each in found]
        for record in said or [PeerRecord(peer, 0, ())]:
            self._note(record, until)
        return self._places[peer].hubs

    def _note(self, record: PeerRecord, fresh_until_tick: int) -> None:
        before = self._places.pop(record.peer, None)
        if before is not None and before.seq > record.seq:
            place = replace(before, fresh_until_tick=fresh_until_tick)
        else:
            hubs, places = hubs_in(record), places_in(record)
            place = _Place(record.seq, hubs, places, fresh_until_tick)
        self._places[record.peer] = place
        if len(self._places) > PLACES_MAX:
            self._places.popitem(last=False)


def hubs_in(record: PeerRecord) -> tuple[Address, ...]:
    """Return the hubs by way of which a peer says that it is reached."""
    hubs: list[Address] = []
    for binary in record.addresses:
        try:
            hub, peer = addresses.from_relayed(binary)
        except RemoteError:
            continue  # one that is dialled, or of a transport we do not have
        if peer == record.peer and hub.peer != peer:
            hubs.append(hub)
    return tuple(hubs)


def places_in(record: PeerRecord) -> tuple[Address, ...]:
    """Return where a peer says that it is dialled itself, with its id."""
    places: list[Address] = []
    for binary in record.addresses:
        try:
            place = addresses.named(addresses.from_bytes(binary), record.peer)
        except RemoteError:
            continue  # one by way of a hub, or of a transport we do not have
        if place.peer == record.peer:
            places.append(place)
    return tuple(places)


def _said(notice: Record) -> PeerRecord:
    try:
        record = open_peer_record(notice.read(Reach).peer_record)
    except RemoteError:
        return PeerRecord(notice.author, 0, ())
    return record if record.peer == notice.author else PeerRecord(notice.author, 0, ())
