"""One meeting: what one side has yet to look at, and what it has yet to be sent.

The side that was invited looks: it asks for the ranges that differ, from the whole down
to lists, deepest first so that little waits. What a list shows it to lack it asks for
by places; where it has more itself it says so, and the other side asks in turn.

A liar can have us look and ask in vain, but not for long: answers that show nothing,
records that were claimed and do not come, and things not asked for are counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from fabnet.errors import MalformedError, RemoteError
from fabnet.protocol.ranges.tree import EMPTY
from fabnet.protocol.ranges.words import (
    DEPTH_MAX,
    KEY_BYTES,
    LOOKS_MAX,
    PARTS,
    SUM_BYTES,
    Item,
    Lack,
    Look,
    Ranges,
    Span,
    Wanted,
    pack,
    pack_places,
    unpack,
)
from fabnet.protocol.replica.ends import LOG_RECORDS_MAX
from fabnet.protocol.replica.holdings import Holdings, name_of_record
from fabnet.records.record import Record

WAITING_MAX: Final = 8_192
"""Ranges yet to be looked at; what is more is left for the next meeting."""
WANTS_MAX: Final = 4_096
"""Items of which records are yet to be sent. Half as many, and no more is looked at;
what a peer tells us beyond the bound is left for the next meeting."""
AHEAD_MAX: Final = 3_000
"""Items told of at once, 45 KB; more are left for the next meeting."""
LACK_RECORDS: Final = 160
"""Records asked for at once: about one frame, if each is of 400 bytes."""
BARREN_MAX: Final = 32
"""Answers one after the other that show no difference: an honest peer comes down to a
list in as many steps as a key has digits."""
ANSWERS_MAX: Final = 2_048
"""Answers in one meeting: a hundred megabytes of differences, or a liar."""
FAULTS_MAX: Final = 3
"""Claims that were not true; a log may have been cut short meanwhile, once or twice."""


@dataclass(slots=True)
class Want:
    """Records that a peer says to have of one item."""

    after: int
    claimed: int
    had: int
    """How much of a log was here when it was told of."""


@dataclass(slots=True)
class Meeting:
    """What we reconcile with one peer."""

    holdings: Holdings
    waiting: list[str] = field(default_factory=list)
    """Ranges that differ, the deepest last."""
    asked: tuple[str, ...] = ()
    """Ranges that were asked for and not answered."""
    wants: dict[bytes, Want] = field(default_factory=dict)
    claimed: dict[bytes, int] = field(default_factory=dict)
    """Of how many things the peer said to have notices of an author."""
    bare: list[Wanted] = field(default_factory=list)
    """Records of which only the body is lacking."""
    lacking: list[Wanted] = field(default_factory=list)
    """Places that were asked for and did not come yet."""
    ahead: list[Item] = field(default_factory=list)
    """What the peer lacks, yet to be told."""
    looked: int = 0
    """The step that asked for ranges, for the answer to name."""
    lacked: int = 0
    """The step that asked for records."""
    barren: int = 0
    answers: int = 0
    faults: int = 0
    is_short: bool = False
    """Whether anything was left for the next meeting."""

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to look at, to tell or to be sent."""
        left = self.waiting or self.asked or self.wants or self.ahead or self.bare
        return not left

    # ------------------------------------------------------------------ looking

    def begin(self, whole: Ranges) -> str | None:
        """Take an invitation; return what is wrong with it, or nil."""
        self.asked, self.bare = ("",), self.holdings.bare()
        return self.hear(whole)

    def hear(self, ranges: Ranges) -> str | None:
        """Take an answer; return what is wrong with it, or nil."""
        if ranges.step != self.looked:
            return None  # said twice, or late
        prefixes = tuple(span.prefix for span in ranges.spans)
        if prefixes != self.asked[: len(prefixes)]:
            return "ranges that were not asked for"
        self.waiting += reversed(self.asked[len(prefixes) :])
        self.asked = ()
        self.holdings.follow()
        found = 0
        for span in reversed(ranges.spans):
            try:
                found += self._hear_span(span)
            except RemoteError as error:
                return str(error)
        self.barren = 0 if found else self.barren + 1
        return self._counted()

    def _counted(self) -> str | None:
        self.answers += 1
        if self.barren >= BARREN_MAX or self.answers >= ANSWERS_MAX:
            return "ranges without end, and nothing in them"
        return None

    def _hear_span(self, span: Span) -> int:
        """Compare one range; return how many differences it shows."""
        if span.items is not None and span.sums is None:
            return self._compare(span.prefix, unpack(span.items))
        if span.sums is None or len(span.sums) != PARTS * SUM_BYTES or span.items:
            raise MalformedError("a range that is neither sums nor items")
        if len(span.prefix) >= DEPTH_MAX:
            raise MalformedError("a range that is split beyond its keys")
        for number in reversed(range(PARTS)):
            part = f"{span.prefix}{number:x}"
            theirs = span.sums[number * SUM_BYTES : (number + 1) * SUM_BYTES]
            if theirs == self.holdings.tree.sum(part):
                continue
            if theirs == EMPTY:
                self._tell(self.holdings.tree.items(part))
            elif len(self.waiting) < WAITING_MAX:
                self.waiting.append(part)
            else:
                self.is_short = True
        return 0

    def _compare(self, prefix: str, items: Sequence[Item]) -> int:
        if any(not item.key.hex().startswith(prefix) for item in items):
            raise MalformedError("items of another range")
        told = {item.key for item in items}
        mine = [it for it in self.holdings.tree.items(prefix) if it.key not in told]
        more = [it for it in items if self.holdings.is_ahead(it)]
        ours = [self.holdings.tree.find(it.key) for it in more]
        self._tell([*mine, *(found[1] for found in ours if found is not None)])
        return len(mine) + len(more) + self.want(items)

    def _tell(self, items: Sequence[Item]) -> None:
        room = AHEAD_MAX - len(self.ahead)
        self.ahead += items[:room]

    def want(self, items: Sequence[Item]) -> int:
        """Note what we lack of these; return of how many items that is."""
        count = 0
        for item in items:
            after = self.holdings.lacks(item)
            if after is None:
                continue
            if item.number > LOG_RECORDS_MAX:
                raise MalformedError("a log longer than any")
            count += 1
            if item.key in self.wants:
                continue
            if len(self.wants) >= WANTS_MAX:
                self.is_short = True
            else:
                had = self.holdings.length(item.key)
                self.wants[item.key] = Want(after, item.number, had)
        return count

    def told(self, raw: bytes) -> str | None:
        """Take what the peer has more of; return what is wrong with it, or nil."""
        try:
            self.want(unpack(raw))
        except RemoteError as error:
            return str(error)
        return self._counted()

    def look(self, step: int) -> Look | None:
        """Return what to ask and to tell next; nil while there is nothing."""
        can_ask = not self.asked and len(self.wants) < WANTS_MAX // 2
        if not self.ahead and not (can_ask and self.waiting):
            return None
        if can_ask:
            self.asked = tuple(reversed(self.waiting[-LOOKS_MAX:]))
            del self.waiting[-LOOKS_MAX:]
            self.looked = step
        ahead = pack(sorted(self.ahead, key=lambda item: item.key))
        self.ahead.clear()
        return Look("look", step, self.asked if can_ask else (), ahead)

    # ------------------------------------------------------------------ asking

    def lack(self, step: int) -> Lack | None:
        """Return the places to be sent next; nil while some are on their way."""
        if self.lacking or not (self.wants or self.bare):
            return None
        places: list[Wanted] = []
        count = 0
        for key, want in [*self.wants.items()]:
            if self._came_elsewhere(key, want):
                continue
            most = max(1, want.claimed - want.after)
            places.append(Wanted(key, want.after, most))
            count += most
            if count >= LACK_RECORDS:
                break
        places = places or self.bare[:LACK_RECORDS]
        if not places:
            return None
        self.lacking, self.lacked = places, step
        return Lack("lack", step, pack_places(places))

    def _came_elsewhere(self, key: bytes, want: Want) -> bool:
        """Know what others brought of a log meanwhile; whether that is all of it."""
        length = self.holdings.length(key)
        if length <= want.had:
            return False
        want.after, want.had = max(want.after, length), length
        if want.after < want.claimed:
            return False
        del self.wants[key]
        return True

    def supplied(self, done: int, records: Sequence[Record]) -> str | None:
        """Check what came against what was asked for; return what is wrong, or nil."""
        places, self.lacking = self.lacking, []
        if done > len(places):
            return "more places than were asked for"
        at, last = 0, -1
        for record in records:
            while at <= done and at < len(places) and not _is_at(record, places[at]):
                at, last = at + 1, -1
            if at > done or at >= len(places) or record.header.seq <= last:
                return "a record that was not asked for"
            if not record.is_notice:
                last = record.header.seq
            self._came(record, places[at])
        for place in places[:done]:
            self._was_done(place, records)
        if not done and not records:
            self.faults += 1
            self._leave(places[0])
        self.is_short |= self.faults > 0
        return "records that it does not have" if self.faults >= FAULTS_MAX else None

    def _came(self, record: Record, place: Wanted) -> None:
        want = self.wants.get(place.key)
        if want is None or not place.most:
            return
        if record.is_notice:
            self.claimed[place.key] = want.claimed
            # A notice that is said anew leaves its place, and all behind it move up:
            # whoever goes on in the middle may pass one over.
            self.is_short |= place.after > 0
        want.after = want.after + 1 if record.is_notice else record.header.seq

    def _was_done(self, place: Wanted, records: Sequence[Record]) -> None:
        """Ask no more for a place; note whether less came of it than was claimed."""
        want = self.wants.get(place.key)
        if want is not None and place.most and want.after < want.claimed:
            # Of notices there may be fewer meanwhile; a log grows.
            self.faults += not any(
                record.is_notice and _is_at(record, place) for record in records
            )
        self._leave(place)

    def _leave(self, place: Wanted) -> None:
        if place.most:
            self.wants.pop(place.key, None)
        elif self.bare[:1] == [place]:
            del self.bare[0]

    def took(self, records: Sequence[Record], moment_ms: int) -> None:
        """Ask no more for what was sent, if none of it was kept: of strangers."""
        for record in records:
            key = name_of_record(record)[:KEY_BYTES]
            if self.holdings.is_stranger(record.author, moment_ms):
                self.wants.pop(key, None)
            elif record.is_notice and key not in self.wants:
                # One that was said anew while they came may have pushed another out.
                found = self.holdings.tree.find(key)
                number = 0 if found is None else found[1].number
                self.is_short |= number < self.claimed.pop(key, 0)


def _is_at(record: Record, place: Wanted) -> bool:
    """Whether a record is one that a place asks for."""
    if name_of_record(record)[:KEY_BYTES] != place.key:
        return False
    last = place.after + max(1, place.most)
    return record.is_notice or place.after < record.header.seq <= last
