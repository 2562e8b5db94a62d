"""All meetings: who is invited, answered and cut off, and where a cursor ends after.

Whoever serves invites a subscriber that is far behind, instead of sending everything
since; that one looks, is sent what it lacks, and subscribes where the inviter was.
Answering costs no memory: only whoever looks remembers how far it came. Where nothing
is heard of it for a while, or a bound is met, the feed by cursor does it all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from fabnet.errors import RemoteError
from fabnet.protocol.effects import Lower, Reconcile, Supply, Turn
from fabnet.protocol.events import ReconcileHeard, SupplyHeard
from fabnet.protocol.gossip import CursorRow, Gossip
from fabnet.protocol.ranges.words import Lack, Look, Ranges, unpack_places
from fabnet.protocol.reconcile.meeting import Meeting
from fabnet.protocol.replica.holdings import Holdings
from fabnet.records.ids import PeerId
from fabnet.records.record import Record

MEETINGS_MAX: Final = 16
"""Peers that we reconcile with at once, a megabyte each at most; whoever else invites
goes on to serve us by cursor."""
MEETING_WAIT_MS: Final = 30_000
"""How long an answer is waited for."""


@dataclass(slots=True)
class Open:
    """A meeting that goes on."""

    meeting: Meeting
    upto: CursorRow | None = None
    """Where the peer was when it invited us; nil when it is the one that looks."""
    due_tick: int = 0


@dataclass(slots=True)
class Meetings:
    """The meetings that go on, by peer."""

    gossip: Gossip
    holdings: Holdings
    open: dict[PeerId, Open] = field(default_factory=dict)
    steps: int = 0
    """Numbers what we ask, so that an answer that comes twice is known."""

    def __post_init__(self) -> None:
        self.gossip.holdings, self.gossip.meeting = self.holdings, self.open

    def hear(self, turn: Turn, event: ReconcileHeard) -> None:
        """Take what a peer says of what it has, and answer."""
        peer = event.peer
        match event.said:
            case Ranges(_, 0):
                self._invited(turn, peer, event.said)
            case Ranges():
                self._answered(turn, peer, event.said)
            case Look(_, step, prefixes, ahead):
                self.gossip.awaits(turn, peer)
                if prefixes:
                    turn.do(Reconcile(peer, self.holdings.ranges(step, prefixes)))
                if ahead:
                    self._told(turn, peer, ahead)
            case Lack():
                self.gossip.awaits(turn, peer)
                self._lacks(turn, peer, event.said)

    def _lacks(self, turn: Turn, peer: PeerId, lack: Lack) -> None:
        try:
            places = unpack_places(lack.places)
        except RemoteError as error:
            turn.do(Lower(peer, str(error)))
            return
        self.holdings.follow()
        found = tuple(self.holdings.place(each) for each in places)
        turn.do(Supply(peer, lack.step, found))

    def _invited(self, turn: Turn, peer: PeerId, whole: Ranges) -> None:
        if peer in self.open or self.gossip.goes_first(turn, peer):
            return
        if len(self.open) >= MEETINGS_MAX or self.holdings.replica.bare.is_full:
            return
        row = CursorRow(whole.incarnation, whole.upto)
        meets = self.open[peer] = Open(Meeting(self.holdings), row)
        self._go_on(turn, peer, meets.meeting.begin(whole))

    def _answered(self, turn: Turn, peer: PeerId, ranges: Ranges) -> None:
        meets = self.open.get(peer)
        if meets is None:
            return  # it ended since
        self._go_on(turn, peer, meets.meeting.hear(ranges))

    def _told(self, turn: Turn, peer: PeerId, ahead: bytes) -> None:
        meets = self.open.get(peer)
        if meets is None:
            if len(self.open) >= MEETINGS_MAX:
                return
            meets = self.open[peer] = Open(Meeting(self.holdings))
        self.holdings.follow()
        self._go_on(turn, peer, meets.meeting.told(ahead))

    def asked_for(self, turn: Turn, event: SupplyHeard) -> tuple[Record, ...]:
        """Return what of a supply is to be taken: all, or nothing of a liar's."""
        meets = self.open.get(event.peer)
        if meets is None or event.step != meets.meeting.lacked:
            return ()  # it ended since, or this was said twice
        fault = meets.meeting.supplied(event.done, event.records)
        if fault is not None:
            self._ends(turn, event.peer, fault)
            return ()
        return event.records

    def taken(self, turn: Turn, event: SupplyHeard) -> None:
        """Go on after a supply was taken."""
        meets = self.open.get(event.peer)
        if meets is None or event.step != meets.meeting.lacked:
            return
        # It is not its fault what we asked for.
        turn.spare(event.peer)
        self.holdings.saw(turn)
        self.holdings.follow()
        meets.meeting.took(event.records, turn.now.moment_ms)
        self._go_on(turn, event.peer, None)

    def _go_on(self, turn: Turn, peer: PeerId, fault: str | None) -> None:
        """Say what is next, or end a meeting."""
        if fault is not None:
            self._ends(turn, peer, fault)
            return
        meets = self.open[peer]
        meeting = meets.meeting
        meets.due_tick = turn.now.tick_ms + MEETING_WAIT_MS
        self.steps += 2
        look, lack = meeting.look(self.steps - 1), meeting.lack(self.steps)
        for said in (look, lack):
            if said is not None:
                turn.do(Reconcile(peer, said))
        if not meeting.is_over:
            return
        del self.open[peer]
        if meets.upto is not None and not meeting.is_short:
            replica = self.holdings.replica
            known = replica.community.is_vouched(peer, turn.now.moment_ms)
            penned = known and replica.has_penned(peer)
            self.gossip.caught_up(turn, peer, meets.upto, known=known, penned=penned)
        self.gossip.met(turn, peer)

    def _ends(self, turn: Turn, peer: PeerId, fault: str) -> None:
        turn.do(Lower(peer, fault))
        del self.open[peer]
        self.gossip.met(turn, peer)

    def link_down(self, peer: PeerId) -> None:
        """Forget a meeting."""
        self.open.pop(peer, None)

    def tick(self, turn: Turn) -> None:
        """Give up whoever does not answer: the feed goes on without."""
        now = turn.now.tick_ms
        for peer in [it for it, meets in self.open.items() if meets.due_tick <= now]:
            del self.open[peer]
            self.gossip.met(turn, peer)

    def due_tick(self) -> int | None:
        """When `tick` next has something to do."""
        return min((it.due_tick for it in self.open.values()), default=None)
