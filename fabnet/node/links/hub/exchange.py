"""Messages by way of a hub: ours to whom we have no link, and others' past us.

A hub reads the header of a message and its signature, and passes the same bytes on.
Theory of operation: to each peer at most CREDIT_MAX forwarded messages are on their
way; it gives credit for what it took, and only then more follows. What finds no credit,
or nobody at home, waits in the mailbox, and where that is full it goes back with a
reason; so does what one peer sends faster than FORWARD_RATE. So a slow peer never fills
the hub, a hasty one never keeps it busy, and no peer waits for another.

Nothing here is a promise: the sender repeats each message until its recipient has it on
its disk, and every repetition goes by another of the recipient's hubs.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from fabnet.errors import MalformedError
from fabnet.node.links.frames import (
    CREDIT_MAX,
    CreditFrame,
    Frame,
    MessageFrame,
    ReturnedFrame,
)
from fabnet.node.links.hub.mailbox import Letter, Mailbox
from fabnet.node.links.hub.whereabouts import Whereabouts
from fabnet.protocol.address import Address
from fabnet.records.ids import PeerId
from fabnet.records.message import Message

logger = logging.getLogger(__name__)

FORWARD_COST: Final = 3
"""What a forwarded message costs its sender: a signature, and a row that may stay."""
CREDIT_S: Final = 0.2
"""How soon credit is given for fewer messages than half of CREDIT_MAX."""
REPEATED_MAX: Final = 4_096
"""Messages whose repetitions are counted: those of four full outboxes."""
WAYS_MAX: Final = 2_500
"""Authors of whom we know over which hub they were heard last."""
LOOKUP_MAX: Final = 64
"""Peers whose hubs are being looked up, and messages that wait for one of them; what
is more is repeated later."""
STRANGER: Final = "stranger"
NOT_YOURS: Final = "not-yours"
NOT_ATTACHED: Final = "not-attached"
FLOOD: Final = "flood"
NO_HUB: Final = "no-hub"


class Wire(Protocol):
    """The open links."""

    def is_linked(self, peer: PeerId) -> bool:
        """Whether a link to `peer` is open."""

    def pass_on(self, peer: PeerId, frame: Frame) -> bool:
        """Queue a frame for a linked peer; false when it did not go."""


@dataclass(slots=True)
class _Window:
    """What was forwarded over one link, either way, and not yet settled."""

    out: deque[Letter | None] = field(default_factory=deque)
    """On its way to the peer, the oldest first; nil for what no mailbox holds."""
    owed: int = 0
    """What we took and gave no credit for."""
    giving: asyncio.TimerHandle | None = None


class Exchange:
    """One node's part in it: as a sender, as a recipient, and as a hub."""

    def __init__(
        self,
        ours: PeerId,
        *,
        wire: Wire,
        mailbox: Mailbox,
        whereabouts: Whereabouts,
        is_known: Callable[[PeerId], bool],
        may_forward: Callable[[PeerId], bool],
    ) -> None:
        self._ours = ours
        self._wire = wire
        self.mailbox = mailbox
        self.whereabouts = whereabouts
        self._is_known = is_known
        self._may_forward = may_forward
        self._windows: dict[PeerId, _Window] = {}
        self._repeated: OrderedDict[bytes, int] = OrderedDict()
        self._ways: OrderedDict[PeerId, PeerId] = OrderedDict()
        self._looking: dict[PeerId, list[Message]] = {}
        self._asks: asyncio.Queue[PeerId] = asyncio.Queue(LOOKUP_MAX)
        self.is_hub = True
        """Whether the operator lets us forward for others, and hold what waits."""
        self.errand: Callable[[Address], None] = _nothing
        """Has somebody dialled for a message that has no way."""
        self.counted: Counter[str] = Counter()
        """Messages `forwarded`, `held`, and `returned`, since the start."""

    # ------------------------------------------------------------------ links

    def up(self, peer: PeerId) -> None:
        """Begin anew with a peer whose link is open."""
        self.down(peer)
        self._windows[peer] = _Window()

    def down(self, peer: PeerId) -> None:
        """Hold again what was on its way to a peer whose link is gone."""
        window = self._windows.pop(peer, None)
        if window is not None and window.giving is not None:
            window.giving.cancel()
        self.mailbox.came_back(peer)

    # ------------------------------------------------------------------ as a sender

    def route(self, message: Message) -> None:
        """Send a message of ours by way of a hub of its recipient, if one is linked."""
        recipient = message.header.recipient
        hubs = self.whereabouts.known(recipient)
        if hubs is not None:
            self._send(message, hubs)
            return
        waiting = self._looking.get(recipient)
        if waiting is None and not self._asks.full():
            self._looking[recipient] = [message]
            self._asks.put_nowait(recipient)
        elif waiting is not None and len(waiting) < LOOKUP_MAX:
            waiting.append(message)

    async def keep(self) -> None:
        """Look up the hubs of those that we have messages for, until cancelled."""
        while True:
            recipient = await self._asks.get()
            hubs = await self.whereabouts.find(recipient)
            for message in self._looking.pop(recipient):
                self._send(message, hubs)

    def _send(self, message: Message, hubs: tuple[Address, ...]) -> None:
        recipient = message.header.recipient
        linked = [it.peer for it in hubs if it.peer and self._wire.is_linked(it.peer)]
        times = self._times(message)
        if not linked:
            ways = self.whereabouts.ways(recipient)
            if ways:
                self.errand(ways[times % len(ways)])
            return
        # An answer goes the way that worked; a repetition goes another.
        way = self._ways.get(recipient)
        linked.sort(key=lambda hub: hub != way)
        frame = MessageFrame("message", message.envelope)
        self._wire.pass_on(linked[times % len(linked)], frame)

    def _times(self, message: Message) -> int:
        """Return how often a message was sent before."""
        name = hashlib.sha256(message.envelope).digest()
        times = self._repeated.pop(name, 0)
        self._repeated[name] = times + 1
        if len(self._repeated) > REPEATED_MAX:
            self._repeated.popitem(last=False)
        return times

    def returned(self, hub: PeerId, frame: ReturnedFrame) -> None:
        """Hear that a hub did not take a message; its repetition goes another way."""
        logger.info("%s: not forwarded to %s: %s", hub, frame.recipient, frame.why)
        if self._ways.get(frame.recipient) == hub:
            del self._ways[frame.recipient]

    # ------------------------------------------------------------------ as a recipient

    def took(self, hub: PeerId, message: Message) -> None:
        """Give a hub credit for a message of another that we took, sooner or later."""
        self._ways.pop(message.author, None)
        self._ways[message.author] = hub
        if len(self._ways) > WAYS_MAX:
            self._ways.popitem(last=False)
        window = self._windows.get(hub)
        if window is None:
            return
        window.owed += 1
        if window.owed >= CREDIT_MAX // 2:
            self._give_credit(hub, window)
        elif window.giving is None:
            loop = asyncio.get_running_loop()
            window.giving = loop.call_later(CREDIT_S, self._give_credit, hub, window)

    def _give_credit(self, hub: PeerId, window: _Window) -> None:
        if window.giving is not None:
            window.giving.cancel()
            window.giving = None
        if self._windows.get(hub) is window and window.owed:
            self._wire.pass_on(hub, CreditFrame("credit", window.owed))
            window.owed = 0

    # ------------------------------------------------------------------ as a hub

    async def forward(self, source: PeerId, message: Message) -> None:
        """Pass on what a peer has for another, hold it, or return it with a reason."""
        why = await self._why_not(source, message)
        if why is not None:
            self.counted["returned"] += 1
            frame = ReturnedFrame("returned", message.header.recipient, why)
            self._wire.pass_on(source, frame)

    async def _why_not(self, source: PeerId, message: Message) -> str | None:
        refused = self._refused(source, message)
        if refused is not None:
            return refused
        recipient = message.header.recipient
        window = self._windows.get(recipient)
        if window is not None and len(window.out) < CREDIT_MAX:
            self._pass_on(recipient, window, message.envelope, None)
            return None
        if not self._is_known(recipient):
            return NOT_ATTACHED
        hubs = await self.whereabouts.find(recipient)
        if all(hub.peer != self._ours for hub in hubs):
            return NOT_ATTACHED
        why = await self.mailbox.put(message)
        if why is None:
            self.counted["held"] += 1
            self.deliver(recipient)
        return why

    def _refused(self, source: PeerId, message: Message) -> str | None:
        if not self.is_hub:
            return NO_HUB
        if message.author != source:
            # One hub, never two: nothing goes round in circles.
            return NOT_YOURS
        if not self._is_known(source):
            return STRANGER
        return None if self._may_forward(source) else FLOOD

    def deliver(self, recipient: PeerId) -> None:
        """Send what waits for a peer, as far as it gave credit."""
        window = self._windows.get(recipient)
        while window is not None and len(window.out) < CREDIT_MAX:
            letter = self.mailbox.next(recipient)
            if letter is None:
                return
            letter.is_out = True
            self._pass_on(recipient, window, letter.row.envelope, letter)

    async def credit(self, peer: PeerId, messages: int) -> None:
        """Hear that a peer took some messages, and send more."""
        window = self._windows.get(peer)
        if window is None:
            return
        if messages > len(window.out):
            raise MalformedError(f"credit: {messages}, of {len(window.out)} sent")
        done = [window.out.popleft() for _ in range(messages)]
        await self.mailbox.taken(letter for letter in done if letter is not None)
        self.deliver(peer)

    def _pass_on(
        self, peer: PeerId, window: _Window, envelope: bytes, letter: Letter | None
    ) -> None:
        window.out.append(letter)
        self.counted["forwarded"] += 1
        self._wire.pass_on(peer, MessageFrame("message", envelope))


def _nothing(address: Address) -> None:
    """Dial nobody: whoever builds a node says who does."""
