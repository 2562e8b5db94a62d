"""The workshop as its own node knows it: machines, what is leased, and what is free.

Whatever changes here is announced: how each machine is, and when it is free.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import msgspec

from fabnet.content.cid import Cid
from fabnet.production import facility as facilities
from fabnet.production import machine as machines
from fabnet.production import offer as offers
from fabnet.production.calendar import free_windows
from fabnet.production.facility import Facility
from fabnet.production.lots import making as makings
from fabnet.production.lots.making import Making
from fabnet.production.lots.remnant import Remnant
from fabnet.production.machine import Machine, MachineState
from fabnet.production.offer import CapacityOffer, FreeWindow, offer_key
from fabnet.production.receipt import lot_key
from fabnet.protocol.effects import Drop, Turn
from fabnet.protocol.events import Design, DiskState, MachineSeen, Piece
from fabnet.protocol.voice import Voice
from fabnet.records.ids import Incarnation, JobId, MachineId, Now, PeerId, Window

LOTS_MAX: Final = 10_000
"""Lots remembered at one facility; beyond it final ones are forgotten, oldest first,
and if none is final a new one is refused."""
FREE_FROM_MS: Final = 21_600_000
"""Offers begin at a quarter of a day, so that they do not change with every minute;
whoever plans by one counts from now."""


@dataclass(slots=True)
class Bench:
    """One machine here: as configured, and what it is doing."""

    machine: Machine
    offers: tuple[CapacityOffer, ...]
    opened: tuple[Window, ...]
    round_tick: int | None = None
    """When its round ends; nil while nobody waits."""
    told: tuple[object, ...] = ()
    """What the last announcement was made of."""
    told_permille: int = 0


@dataclass(slots=True)
class Workshop:
    """The machines here, and the lots others asked of them."""

    voice: Voice
    benches: dict[MachineId, Bench] = field(default_factory=dict)
    lots: dict[str, Making] = field(default_factory=dict)
    """By `key_of`."""
    live: dict[MachineId, dict[str, Making]] = field(default_factory=dict)
    """Those that are not final, by machine; each is in `lots` too."""
    designs: dict[Cid, Design] = field(default_factory=dict)
    """Of lots that are not final."""
    remnants: dict[str, Remnant] = field(default_factory=dict)
    """What is left of lots that an earlier database of ours was asked for; the same."""
    fences: dict[PeerId, Incarnation] = field(default_factory=dict)
    """Restored requesters that are still to be told of their older lots."""

    disk: DiskState = "ample"
    """How full our disk is; seen anew at each start."""

    def seen(self, turn: Turn, event: MachineSeen) -> None:
        """Know a machine as it is now, and offer its capacity."""
        bench = self.benches.get(event.machine.id)
        if bench is None:
            bench = Bench(event.machine, event.offers, event.opened)
            self.benches[event.machine.id] = bench
            turn.note(event.machine.id, "machine-seen", name=event.machine.name)
        bench.machine, bench.offers = event.machine, event.offers
        bench.opened = event.opened
        self.announce(turn, bench)

    def shows(self, turn: Turn, facility: Facility) -> None:
        """Tell others of the workshop itself."""
        self.voice.announce(
            turn, facilities.KIND, facility.id, facility, ttl_s=facility.ttl_s
        )

    def keep(self, turn: Turn, making: Making) -> None:
        """Write a lot down."""
        makings.check(making)
        key = self.key(making)
        self.remember(key, making)
        turn.put("making", key, making)

    def forget(self, turn: Turn, making: Making) -> None:
        """Let go of a lot that is known otherwise from here on."""
        key = self.key(making)
        del self.lots[key]
        self.live.get(making.machine, {}).pop(key, None)
        turn.do(Drop("making", key))

    def key_of(self, requester: PeerId, job: JobId, epoch: int) -> str:
        """Return the name under which a lot is held here, or would be.

        That is job and epoch. A job is one requester's, so where two ask for one lot
        one of them lies, and nobody here knows which: whoever came second has its own
        name beside it, and neither can hold up the other.
        """
        name = lot_key(job, epoch)
        own = f"{name} {requester}"
        if own in self.lots or own in self.remnants:
            return own
        first = self.lots.get(name) or self.remnants.get(name)
        return name if first is None or first.requester == requester else own

    def key(self, lot: Making | Remnant) -> str:
        """Return the name under which a lot is held here."""
        return self.key_of(lot.requester, lot.job, lot.epoch)

    def lot(self, piece: Piece) -> Making | None:
        """Return the lot of a piece that a machine speaks of."""
        return self.lots.get(self.key_of(piece.requester, piece.job, piece.epoch))

    def remember(self, key: str, making: Making) -> None:
        """Know a lot, now or again after a restart."""
        self.lots[key] = making
        live = self.live.setdefault(making.machine, {})
        if making.state == "final":
            live.pop(key, None)
        else:
            live[key] = making

    def announce(self, turn: Turn, bench: Bench) -> None:
        """Say how the machine is and when it is free, if that changed.

        What stays the same grows old, and the voice says it again by itself.
        """
        active, state = self.active(bench), self.state(bench)
        if self.disk != "ample" and state == "idle":
            # Nobody need plan with a machine that will be refused.
            state = "drained"
        from_ms = _from_ms(turn.now)
        taken = [(making.start_ms, making.end_ms) for making in active]
        told = (bench.machine, bench.offers, bench.opened, state, from_ms, taken)
        if told == bench.told:
            return
        bench.told = told
        machine = msgspec.structs.replace(bench.machine, state=state)
        ttl_s = machine.ttl_s
        self.voice.announce(turn, machines.KIND, machine.id, machine, ttl_s=ttl_s)
        free = self.free(bench, turn.now, active)
        windows = tuple(FreeWindow(each.start_ms, each.end_ms) for each in free)
        for offer in bench.offers:
            cut = msgspec.structs.replace(offer, windows=windows[: offers.WINDOWS_MAX])
            key = offer_key(offer.machine, offer.capability.process)
            self.voice.announce(turn, offers.KIND, key, cut, ttl_s=offer.ttl_s)

    def state(self, bench: Bench) -> MachineState:
        """Return how a machine is: as configured, unless it is making or in doubt."""
        active = self.active(bench)
        if any(making.state == "in-doubt" for making in active):
            return "in-doubt"
        if any(left.holds(bench.machine.id) for left in self.remnants.values()):
            return "in-doubt"
        under_way = any(making.intent is not None for making in active)
        return "busy" if under_way else bench.machine.state

    def active(self, bench: Bench) -> list[Making]:
        """Return the lots that hold a machine."""
        return [
            making
            for making in self.live.get(bench.machine.id, {}).values()
            if making.state in ("held", "ready", "running", "in-doubt")
        ]

    def queued(self, machine: MachineId) -> list[Making]:
        """Return the lots that wait for the end of a machine's round."""
        live = self.live.get(machine, {}).values()
        return [making for making in live if making.state == "queued"]

    def free(self, bench: Bench, now: Now, active: list[Making]) -> list[Window]:
        """Return when a machine is open and not leased to any of `active`."""
        from_ms = _from_ms(now)
        until_ms = from_ms + offers.HORIZON_S * 1_000
        taken = [Window(making.start_ms, making.end_ms) for making in active]
        return free_windows(bench.opened, taken, from_ms=from_ms, until_ms=until_ms)

    def since(self, offer: CapacityOffer) -> int:
        """Return the oldest version of an offer whose promise still stands."""
        key = offer_key(offer.machine, offer.capability.process)
        standing = self.voice.standing.get(f"{offers.KIND} {key}")
        return 0 if standing is None else standing.since

    def forget_one(self) -> bool:
        """Forget the oldest final lot; false when there is none."""
        for key, making in self.lots.items():
            if making.state == "final":
                del self.lots[key]
                return True
        return False


def next_change(moment_ms: int) -> int:
    """Return when offers next change by themselves: they begin at a quarter day."""
    return (moment_ms // FREE_FROM_MS + 1) * FREE_FROM_MS


def _from_ms(now: Now) -> int:
    return now.moment_ms // FREE_FROM_MS * FREE_FROM_MS
