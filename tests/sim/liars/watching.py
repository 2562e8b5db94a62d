"""What must hold for the honest when some of the others lie.

Of a liar's own disk and bench nothing is promised. Of a lot with one, an honest book
never says more than the liar did, and an honest bench never more than was asked of it.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from fabnet.production import handoff, receipt
from fabnet.production.lots.lot import Lot
from fabnet.production.receipt import LotClosed, lot_key
from fabnet.protocol.effects import Act, Effect, Keep
from fabnet.records.ids import CharterId, PeerId
from fabnet.records.message import Message
from fabnet.records.record import Record
from tests.sim.disk import Durable
from tests.sim.invariants import Invariants, Known, Piece
from tests.sim.network import Network


@dataclass(slots=True)
class Watching(Invariants):
    """Looks at all sites, and asks of liars nothing."""

    liars: set[PeerId] = field(default_factory=set)
    silent: set[PeerId] = field(default_factory=set)
    """Those whose log not everyone hears."""
    told: Counter[str] = field(default_factory=Counter)
    """The most good pieces that a liar ever said it made, by lot."""

    def hears_of(self, message: Message) -> None:
        """Know what a liar says of a lot."""
        counts: list[
            handoff.Receipt | handoff.Final | handoff.Attest | handoff.Counted
        ] = []
        match message.kind:
            case handoff.RECEIPT:
                counts = [message.read(handoff.Receipt)]
            case handoff.FINAL:
                counts = [message.read(handoff.Final)]
            case handoff.ATTEST:
                # Of a bench that it lost: a person counted, and it passes that on.
                counts = [message.read(handoff.Attest)]
            case handoff.STATUS:
                counts = list(message.read(handoff.Status).lots)
            case _:
                pass
        for said in counts:
            self._says(lot_key(said.job, said.epoch), said.good)

    def _says(self, key: str, good: int) -> None:
        self.told[key] = max(self.told[key], good)

    # Slots make a new class of this one, of which a bare `super()` does not know.

    def committed(self, peer: PeerId, durable: Sequence[Durable]) -> None:
        if peer not in self.liars:
            Invariants.committed(self, peer, durable)
            return
        for effect in durable:
            if isinstance(effect, Keep) and effect.record.kind == receipt.LOT_CLOSED:
                claim = effect.record.read(LotClosed)
                self._says(lot_key(claim.job, claim.epoch), claim.good)

    def _kept(self, peer: PeerId, record: Record) -> None:
        if record.author in self.liars:
            # It may say anything in any order, and of that honest sites keep a log.
            header = record.header
            at = (header.incarnation.counter, header.incarnation.random)
            place = (record.author, *map(str, at), str(header.seq))
            about = (record.kind, header.key or "") if record.is_notice else ()
            self.said[(*place, *about)] = record.id
        Invariants._kept(self, peer, record)

    def _booked(self, lot: Lot) -> None:
        if lot.maker not in self.liars:
            Invariants._booked(self, lot)
            return
        told = self.told[lot_key(lot.job, lot.epoch)]
        assert lot.good <= min(lot.pieces, told), "booked what no liar ever said"

    def leaves(self, peer: PeerId, message: Message) -> None:
        if peer in self.liars:
            self.hears_of(message)
        else:
            Invariants.leaves(self, peer, message)

    def heard(
        self, peer: PeerId, message: Message, known: Known, effects: Sequence[Effect]
    ) -> None:
        if peer not in self.liars:
            Invariants.heard(self, peer, message, known, effects)

    def begins(self, peer: PeerId, act: Act) -> Piece:
        if peer not in self.liars:
            return Invariants.begins(self, peer, act)
        piece = (lot_key(act.job, act.epoch), act.piece)
        self.benches[peer].in_machine[act.machine] = piece
        return piece

    def comes_out(self, peer: PeerId, machine: str, *, good: bool) -> None:
        bench = self.benches[peer]
        piece = bench.in_machine.get(machine)
        if piece is None:
            assert peer in self.liars, "a piece that no machine was making"
            return
        made_for = self.made_for.get((peer, machine), "")
        making = self.disks[peer].making(piece[0], made_for)
        asked_by_liar = making is not None and making.requester in self.liars
        if peer not in self.liars and not asked_by_liar:
            Invariants.comes_out(self, peer, machine, good=good)
            return
        del bench.in_machine[machine]
        bench.came_out[piece] = good
        (bench.good if good else bench.scrap)[piece[0]] += 1
        if making is not None and peer not in self.liars:
            most = making.pieces
            assert bench.good[piece[0]] <= most, "made more than a lot was asked for"

    def settled(self) -> dict[CharterId, int]:
        everyone = self.disks
        self.disks = {
            peer: disk for peer, disk in everyone.items() if peer not in self.liars
        }
        try:
            return Invariants.settled(self)
        finally:
            self.disks = everyone


def watched(network: Network) -> Watching:
    """Have a network's invariants know of liars, and return them."""
    watch = network.watch
    if not isinstance(watch, Watching):
        known = {
            each.name: getattr(watch, each.name) for each in dataclasses.fields(watch)
        }
        watch = Watching(**known)
        network.watch = watch
        for site in network.sites.values():
            site.watch = watch
    return watch
