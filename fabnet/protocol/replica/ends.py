"""Where each author's log ends: below its lowest proven fork, or at its quota.

Proofs only add up and the lowest place counts, so whoever has the same proofs sees the
same logs, in whatever order they came ("first seen wins" does not converge). A cut that
a charter names is `community`'s to know; both are told to the store as one effect.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Final

import msgspec

from fabnet.protocol.community import Community
from fabnet.protocol.effects import Drop, Turn, Void
from fabnet.protocol.voice import HeadRow
from fabnet.records.ids import Count, Incarnation, PeerId
from fabnet.records.proofs.fork import Fork
from fabnet.records.record import ENVELOPE_BYTES_MAX, Header

FORKS_PER_AUTHOR_MAX: Final = 8
"""Incarnations of one author of which a fork is kept, the lowest; with so many, nothing
past the highest of them counts either. One is enough to retire a key."""
LOG_RECORDS_MAX: Final = 100_000
"""Records of one (author, incarnation) that count: its log ends there."""
LOG_BYTES_MAX: Final = 50 * 1024 * 1024
"""Bytes of their bodies: the log ends before the record that would exceed them, though
a later one would fit, so that all sites keep the same prefix."""

Author = tuple[PeerId, Incarnation]


class ChainRow(HeadRow):
    """The newest record kept of one (author, incarnation), and what its log weighs."""

    body_bytes: Count = 0
    ended: Annotated[bytes, msgspec.Meta(max_length=ENVELOPE_BYTES_MAX)] = b""
    """The envelope of the next record when that one would exceed the quota, so that no
    more is taken; another at its place is still a fork."""


def place_key(author: PeerId, incarnation: Incarnation) -> str:
    """Return the key of a row about one (author, incarnation)."""
    return f"{author} {incarnation.counter} {incarnation.random}"


@dataclass(slots=True)
class Ends:
    """The proven forks, the lowest of each (author, incarnation)."""

    community: Community
    forks: dict[Author, Fork] = field(default_factory=dict)

    def counts(self, header: Header) -> bool:
        """Whether that place is below every proven fork of its author, and its cut."""
        return self.reaches(header.author, header.incarnation, header.seq)

    def reaches(self, author: PeerId, incarnation: Incarnation, seq: int) -> bool:
        """Whether a log counts up to that place."""
        last = self.last(author, incarnation)
        return last is None or seq <= last

    def last(self, author: PeerId, incarnation: Incarnation) -> int | None:
        """Return the last place of a log that counts; nil where it has no end yet."""
        fork = self.forks.get((author, incarnation))
        ends = [] if fork is None else [fork.seq - 1]
        bounds = self._last(author), self.community.cut(author)
        ends += [
            seq if incarnation == where else 0
            for where, seq in filter(None, bounds)
            if incarnation >= where
        ]
        return min(ends, default=None)

    def is_silenced(self, author: PeerId) -> bool:
        """Whether an author forked in so many incarnations that no notice counts."""
        return self._last(author) is not None

    def learn(self, turn: Turn, fork: Fork) -> bool:
        """Keep a proof if it is lower than what we have; whether it was."""
        place = (fork.author, fork.incarnation)
        held = self.forks.get(place)
        last = self._last(fork.author)
        if held is not None and held.seq <= fork.seq:
            return False
        if held is None and last is not None and fork.incarnation > last[0]:
            return False
        self.forks[place] = fork
        self.community.forked.add(fork.author)
        turn.put("fork", place_key(*place), fork.pair)
        turn.do(Void(*place, fork.seq - 1, onward=False))
        self._bound(turn, fork.author)
        return True

    def remember(self, fork: Fork) -> None:
        """Know a fork that was proven before a restart."""
        self.forks[fork.author, fork.incarnation] = fork
        self.community.forked.add(fork.author)

    def _of(self, author: PeerId) -> list[Incarnation]:
        if author not in self.community.forked:
            return []
        return sorted(each for peer, each in self.forks if peer == author)

    def _last(self, author: PeerId) -> tuple[Incarnation, int] | None:
        """Return the place past which nothing counts of whoever forks too often."""
        kept = self._of(author)
        if len(kept) < FORKS_PER_AUTHOR_MAX:
            return None
        return kept[-1], self.forks[author, kept[-1]].seq - 1

    def _bound(self, turn: Turn, author: PeerId) -> None:
        for incarnation in self._of(author)[FORKS_PER_AUTHOR_MAX:]:
            del self.forks[author, incarnation]
            turn.do(Drop("fork", place_key(author, incarnation)))
        last = self._last(author)
        if last is not None:
            turn.do(Void(author, *last, onward=True))
