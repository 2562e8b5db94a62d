"""What is on offer: facilities, machines and capacity, as live notices tell it.

Soft state: each notice counts for its `ttl_s` of our own clock and then is gone, so a
workshop that fell silent drops out by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from fabnet.production import facility as facilities
from fabnet.production import machine as machines
from fabnet.production import offer as offers
from fabnet.production.facility import Facility
from fabnet.production.machine import Machine
from fabnet.production.offer import CapacityOffer
from fabnet.production.plan import Offered
from fabnet.protocol.community import Community
from fabnet.protocol.effects import Turn
from fabnet.records.ids import PeerId
from fabnet.records.record import Record

T = TypeVar("T", Facility, Machine, CapacityOffer)

NOTICES_MAX: Final = 50_000
"""Live notices of each sort: 10,000 workshops of five machines. At the bound a new one
is not listed until an old one expires."""


@dataclass(frozen=True, slots=True)
class Live(Generic[T]):
    """A notice's body, its version, and when it stops counting."""

    body: T
    version: int
    until_tick: int


@dataclass(slots=True)
class Market:
    """All that is on offer, by peer and name."""

    community: Community
    facilities: dict[tuple[PeerId, str], Live[Facility]] = field(default_factory=dict)
    machines: dict[tuple[PeerId, str], Live[Machine]] = field(default_factory=dict)
    offers: dict[tuple[PeerId, str], Live[CapacityOffer]] = field(default_factory=dict)
    soonest_tick: int | None = None
    """When the next notice may expire; early at worst, never late."""
    changed: bool = False
    """Whether anything was listed or expired since a plan last asked."""

    def hear(self, turn: Turn, record: Record) -> None:
        """List a facility, machine or capacity offer; anything else is ignored.

        Raises RemoteError for one that does not read.
        """
        match record.kind:
            case facilities.KIND:
                self._list(turn, self.facilities, record, record.read(Facility))
            case machines.KIND:
                self._list(turn, self.machines, record, record.read(Machine))
            case offers.KIND:
                self._list(turn, self.offers, record, record.read(CapacityOffer))
            case _:
                pass

    def offered(self, moment_ms: int) -> tuple[Offered, ...]:
        """Return every live offer whose machine and facility are known, in order."""
        found: list[Offered] = []
        for (peer, _), offer in sorted(self.offers.items(), key=lambda item: item[0]):
            facility = self.facilities.get((peer, offer.body.facility))
            machine = self.machines.get((peer, offer.body.machine))
            if facility is None or machine is None or peer in self.community.forked:
                continue
            found.append(
                Offered(
                    peer=peer,
                    version=offer.version,
                    offer=offer.body,
                    machine_name=machine.body.name,
                    facility_name=facility.body.name,
                    place=facility.body.place,
                    charter=facility.body.charter,
                    state=machine.body.state,
                    grid_g_per_kwh=facility.body.grid_g_per_kwh,
                    permitted=self._belongs(peer, facility.body, moment_ms),
                )
            )
        return tuple(found)

    def is_current(self, peer: PeerId, machine: str, version: int) -> bool:
        """Whether a machine's offer of that version still stands."""
        return peer not in self.community.forked and any(
            live.version == version
            for (author, _), live in self.offers.items()
            if author == peer and live.body.machine == machine
        )

    def tick(self, turn: Turn) -> None:
        """Take off the list what has expired."""
        if self.soonest_tick is None or self.soonest_tick > turn.now.tick_ms:
            return
        self._expire(turn, self.facilities)
        self._expire(turn, self.machines)
        self._expire(turn, self.offers)
        books = (self.facilities, self.machines, self.offers)
        ends = [live.until_tick for book in books for live in book.values()]
        self.soonest_tick = min(ends, default=None)

    def due_tick(self) -> int | None:
        """When `tick` next has something to do."""
        return self.soonest_tick

    def _belongs(self, peer: PeerId, facility: Facility, moment_ms: int) -> bool:
        # Without its sealing key nothing could be confirmed to it: do not ask.
        is_theirs = (
            self.community.charter_of(peer) == facility.charter
            and peer in self.community.sealing_keys
        )
        return is_theirs and self.community.is_vouched(peer, moment_ms)

    def _list(
        self,
        turn: Turn,
        book: dict[tuple[PeerId, str], Live[T]],
        record: Record,
        body: T,
    ) -> None:
        place = (record.author, record.header.key or "")
        if place not in book and len(book) >= NOTICES_MAX:
            return
        until = turn.now.tick_ms + body.ttl_s * 1_000
        held = book.get(place)
        book[place] = Live(body, record.header.seq, until)
        soonest = self.soonest_tick
        self.soonest_tick = until if soonest is None else min(soonest, until)
        if held is None or held.body != body:
            self.changed = True

    def _expire(self, turn: Turn, book: dict[tuple[PeerId, str], Live[T]]) -> None:
        now = turn.now.tick_ms
        for place in [key for key, live in book.items() if live.until_tick <= now]:
            del book[place]
            self.changed = True
