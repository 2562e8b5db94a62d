"""Messages held for attached nodes that are away: signed, counted, and not for long.

What is refused or lost here is lost to nobody: its sender repeats it until the
recipient itself says that it is on its disk. So a mailbox has bounds and no promises.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Final

import msgspec

from fabnet.errors import DiskFullError
from fabnet.node.clock import Clock
from fabnet.node.links.limits.standing import Keeper
from fabnet.protocol.effects import Drop, Put
from fabnet.records import canonical
from fabnet.records.body import Body
from fabnet.records.ids import Moment, PeerId, PeerIdText
from fabnet.records.message import MESSAGE_BYTES_MAX, Message

TABLE: Final = "letter"
"""Letters are rows beside the peer's own, which it does not read."""
TTL_MS: Final = 7 * 86_400_000
"""How long a letter is held: a workshop on holiday. Then its sender tries elsewhere."""
HELD_BYTES_MAX: Final = 32 * 1_024 * 1_024
"""All letters: they are in memory, too, and a hub may be a small computer."""
PER_RECEIVER_BYTES_MAX: Final = 1_024 * 1_024
"""Letters for one node: a hundred hand-offs from beginning to end."""
PER_SENDER_BYTES_MAX: Final = 512 * 1_024
"""Letters of one node to all others: nobody fills another's box alone."""
FULL: Final = "mailbox-full"
RECEIVER_FULL: Final = "receiver-full"
SENDER_FULL: Final = "sender-full"
_ROW_BYTES_MAX: Final = MESSAGE_BYTES_MAX + 1_024


class LetterRow(Body):
    """One message that waits for its recipient."""

    author: PeerIdText
    recipient: PeerIdText
    until_ms: Moment
    envelope: Annotated[bytes, msgspec.Meta(max_length=MESSAGE_BYTES_MAX + 256)]


@dataclass(slots=True)
class Letter:
    """One message that waits, or is on its way to its recipient."""

    key: str
    row: LetterRow
    is_out: bool = False
    """Whether it was sent, and not yet taken."""


class Mailbox:
    """All letters, by recipient, in the order they came."""

    def __init__(self, keeper: Keeper, clock: Clock) -> None:
        self._keeper = keeper
        self._clock = clock
        self._letters: dict[PeerId, dict[str, Letter]] = {}
        self._sent_bytes: dict[PeerId, int] = {}
        self._held_bytes: dict[PeerId, int] = {}
        self.held_bytes = 0

    def restore(self, rows: Mapping[str, bytes]) -> None:
        """Know again what was held before the start."""
        read = [
            Letter(key, canonical.decode(raw, LetterRow, bytes_max=_ROW_BYTES_MAX))
            for key, raw in rows.items()
        ]
        for letter in sorted(read, key=lambda it: (it.row.until_ms, it.key)):
            self._add(letter)

    def __len__(self) -> int:
        return sum(len(letters) for letters in self._letters.values())

    async def put(self, message: Message) -> str | None:
        """Hold a message until its recipient comes; return why it is not, or nil.

        One that is held already is not held twice.
        """
        await self.expire()
        header = message.header
        key = f"{header.recipient} {hashlib.sha256(message.envelope).hexdigest()}"
        if key in self._letters.get(header.recipient, {}):
            return None
        size = len(message.envelope)
        if self.held_bytes + size > HELD_BYTES_MAX:
            return FULL
        if self._held_bytes.get(header.recipient, 0) + size > PER_RECEIVER_BYTES_MAX:
            return RECEIVER_FULL
        if self._sent_bytes.get(header.author, 0) + size > PER_SENDER_BYTES_MAX:
            return SENDER_FULL
        now_ms = self._clock.now().moment_ms
        row = LetterRow(
            header.author, header.recipient, now_ms + TTL_MS, message.envelope
        )
        letter = Letter(key, row)
        self._add(letter)
        try:
            await self._keeper.commit([Put(TABLE, key, canonical.encode(row))], now_ms)
        except DiskFullError:
            self._remove(letter)
            return FULL
        return None

    def next(self, recipient: PeerId) -> Letter | None:
        """Return the oldest letter to `recipient` that is not on its way, or nil."""
        letters = self._letters.get(recipient, {}).values()
        return next((letter for letter in letters if not letter.is_out), None)

    def came_back(self, recipient: PeerId) -> None:
        """Hold again what was on its way over a link that is gone."""
        for letter in self._letters.get(recipient, {}).values():
            letter.is_out = False

    async def taken(self, letters: Iterable[Letter]) -> None:
        """Let go of letters: their recipient has them, or their time is over."""
        gone = [letter for letter in letters if self._remove(letter)]
        if gone:
            drops = [Drop(TABLE, letter.key) for letter in gone]
            await self._keeper.commit(drops, self._clock.now().moment_ms)

    async def expire(self) -> None:
        """Let go of what waited too long."""
        now_ms = self._clock.now().moment_ms
        late: list[Letter] = []
        for letters in self._letters.values():
            for letter in letters.values():
                if letter.row.until_ms > now_ms:
                    break  # the others came later
                late.append(letter)
        await self.taken(late)

    def _add(self, letter: Letter) -> None:
        row = letter.row
        self._letters.setdefault(row.recipient, {})[letter.key] = letter
        self._count(row, len(row.envelope))

    def _remove(self, letter: Letter) -> bool:
        row = letter.row
        letters = self._letters.get(row.recipient, {})
        if letters.pop(letter.key, None) is None:
            return False
        if not letters:
            del self._letters[row.recipient]
        self._count(row, -len(row.envelope))
        return True

    def _count(self, row: LetterRow, size: int) -> None:
        self.held_bytes += size
        for table, peer in (
            (self._sent_bytes, row.author),
            (self._held_bytes, row.recipient),
        ):
            table[peer] = table.get(peer, 0) + size
            if not table[peer]:
                del table[peer]
