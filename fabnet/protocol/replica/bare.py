"""Records that came without a body, which somebody else may have.

Heads do not tell of bodies. So whoever reconciles asks for these by their places, and
does not say that it has all that another has while there are any.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from fabnet.protocol.effects import Drop, Turn
from fabnet.protocol.replica.ends import Author, place_key
from fabnet.protocol.voice import CountRow
from fabnet.records.ids import Incarnation, PeerId
from fabnet.records.record import Header

BARE_MAX: Final = 20_000
"""Places remembered; a node that took more has them filled by the feed alone, and does
not reconcile any more."""
TABLE: Final = "bare"


@dataclass(slots=True)
class Bare:
    """Places of logs whose record has no body here."""

    places: dict[Author, set[int]] = field(default_factory=dict)
    count: int = 0

    @property
    def is_full(self) -> bool:
        """Whether there may be more than are known."""
        return self.count >= BARE_MAX

    def lacks(self, turn: Turn, header: Header) -> None:
        """Know that a record was kept without its body."""
        author = header.author, header.incarnation
        if not self.is_full and header.seq not in self.places.get(author, ()):
            self._remember(author, header.seq)
            turn.put(TABLE, f"{place_key(*author)} {header.seq}", CountRow(header.seq))

    def has(self, turn: Turn, header: Header) -> None:
        """Know that a body came, or is not to come any more."""
        author = header.author, header.incarnation
        seqs = self.places.get(author, set())
        # At the bound there may be others: it stays, and so does what stands in it.
        if header.seq in seqs and not self.is_full:
            seqs.discard(header.seq)
            self.count -= 1
            turn.do(Drop(TABLE, f"{place_key(*author)} {header.seq}"))
        if not seqs:
            self.places.pop(author, None)

    def remember(self, key: str) -> None:
        """Know a place that was written before a restart."""
        peer, counter, random, seq = key.split(" ")
        at = Incarnation(int(counter), int(random))
        self._remember((PeerId(peer), at), int(seq))

    def _remember(self, author: Author, seq: int) -> None:
        self.places.setdefault(author, set()).add(seq)
        self.count += 1

    def each(self) -> Iterator[tuple[Author, int]]:
        """Yield every place, those of one log together and in order."""
        for author, seqs in self.places.items():
            for seq in sorted(seqs):
                yield author, seq
