"""What we have of every log and of every author's notices, as a tree of items.

The tree follows what is kept without work of its own: what changed in a turn is only
noted, and looked up when somebody asks next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from fabnet.protocol.effects import Forget, Keep, Place, Turn, Unsay, Void
from fabnet.protocol.ranges.tree import NAME_BYTES, Tree
from fabnet.protocol.ranges.words import (
    KEY_BYTES,
    LOOKS_MAX,
    PARTS,
    RANGES_BYTES_MAX,
    SUM_BYTES,
    Item,
    Ranges,
    Span,
    Wanted,
    pack,
)
from fabnet.protocol.replica.notices import Said, Subject, subject_of, what_said
from fabnet.protocol.replica.replica import Replica
from fabnet.protocol.voice import Voice
from fabnet.records.ids import Incarnation, PeerId
from fabnet.records.record import Record

Source = tuple[PeerId, Incarnation | None]
"""Whose log, or with nil whose notices."""
_SPAN_BYTES = 32
"""What a range adds to its sums or items, at most."""


def name_of(author: PeerId, incarnation: Incarnation | None) -> bytes:
    """Return the name of a log's item, or with nil of that of an author's notices."""
    which = incarnation and f"{incarnation.counter} {incarnation.random}"
    return _digest(f"{author} {which}" if which else author)


def name_of_record(record: Record) -> bytes:
    """Return the name of the item that tells of a record."""
    at = None if record.is_notice else record.header.incarnation
    return name_of(record.author, at)


def _digest(text: str) -> bytes:
    return sha256(text.encode()).digest()[:NAME_BYTES]


@dataclass(slots=True)
class Holdings:
    """The items of all that is kept here."""

    voice: Voice
    replica: Replica
    tree: Tree = field(default_factory=Tree)
    sources: dict[bytes, Source] = field(default_factory=dict)
    """Whose each item is, by name."""
    ours: dict[Subject, Said] = field(default_factory=dict)
    """Our own notices, which the replica does not keep."""
    changed: set[Source] = field(default_factory=set)
    """What is to be looked up again."""
    cut: set[PeerId] = field(default_factory=set)
    """Authors of whom all is to be looked up again."""
    is_whole: bool = False
    """Whether the tree was begun; not before somebody asks."""

    # ------------------------------------------------------------------ following

    def saw(self, turn: Turn) -> None:
        """Note what a turn changed.

        Where a log was found to end, what is kept behind that may still be served, and
        no head tells of it any more.
        """
        if any(isinstance(effect, Void) for effect in turn.effects):
            self.voice.mark_beside(turn)
        for effect in turn.effects:
            if isinstance(effect, Keep):
                self._kept(effect.record)
            elif not self.is_whole:
                continue
            elif isinstance(effect, Void):
                self.cut.add(effect.author)
            elif isinstance(effect, Forget):
                self.changed.add((effect.author, None))
            elif isinstance(effect, Unsay):
                self.cut.add(self.voice.identity.peer)

    def remember(self, notice: Record) -> None:
        """Know a notice of our own that was kept before a restart."""
        self.ours[subject_of(notice)] = what_said(notice)

    def _kept(self, record: Record) -> None:
        if record.is_notice and record.author == self.voice.identity.peer:
            self.remember(record)
        at = None if record.is_notice else record.header.incarnation
        if self.is_whole:
            self.changed.add((record.author, at))

    def follow(self) -> Tree:
        """Return the tree as of the last turn that was seen."""
        ours = self.voice.identity
        if not self.is_whole:
            self.is_whole = True
            self.changed |= {(ours.peer, ours.incarnation), (ours.peer, None)}
            self.changed |= self.replica.heads.keys()
            self.changed |= {(peer, None) for peer in self.replica.notices.by_author}
        elif self.cut:
            of = self.cut
            self.changed |= {it for it in self.sources.values() if it[0] in of}
            self.changed |= {it for it in self.replica.heads if it[0] in of}
        for source in self.changed:
            self._look_up(source)
        self.changed.clear()
        self.cut.clear()
        return self.tree

    def _look_up(self, source: Source) -> None:
        name, found = name_of(*source), self._found(source)
        if found is None:
            self.tree.drop(name)
            self.sources.pop(name, None)
        elif self.tree.get(name) != found:
            self.tree.put(name, *found)
            self.sources[name] = source

    def _found(self, source: Source) -> tuple[int, bytes] | None:
        """Return number and digest of what there is of a source, if anything."""
        author, incarnation = source
        if incarnation is None:
            return self._notices(author)
        seq, id_ = self._head(author, incarnation)
        end = self.replica.ends.last(author, incarnation)
        counts = seq if end is None else min(seq, end)
        if not counts:
            return None
        # Of the head itself: what lies behind a fork may hide another before it.
        which = f"{author} {incarnation.counter} {incarnation.random} {seq} {id_}"
        return counts, _digest(which)

    def _head(self, author: PeerId, incarnation: Incarnation) -> tuple[int, str]:
        ours = self.voice.identity
        if author == ours.peer and incarnation == ours.incarnation:
            return self.voice.seq, self.voice.prev or ""
        head = self.replica.heads.get((author, incarnation))
        return (0, "") if head is None else (head.seq, head.id)

    def _notices(self, author: PeerId) -> tuple[int, bytes] | None:
        replica = self.replica
        kept = replica.notices.by_author.get(author, {})
        if author == self.voice.identity.peer:
            kept = self.ours
        is_cut = replica.community.cut(author) is not None
        if not kept or is_cut or replica.ends.is_silenced(author):
            return None
        return len(kept), _digest(f"{author} {sorted(kept.items())}")

    # ------------------------------------------------------------------ answering

    def sum(self) -> bytes:
        """Return the sum of all that we have."""
        return self.follow().sum()

    def ranges(self, step: int, prefixes: Sequence[str]) -> Ranges:
        """Return what we have in as many of these ranges as one answer holds."""
        tree, spans, size = self.follow(), list[Span](), 0
        for prefix in prefixes[:LOOKS_MAX]:
            sums = tree.sums(prefix)
            size += _SPAN_BYTES + PARTS * SUM_BYTES if sums else _SPAN_BYTES
            items = b"" if sums else pack(tree.items(prefix))
            size += len(items)
            if spans and size > RANGES_BYTES_MAX:
                break
            if sums:
                spans.append(Span(prefix, b"".join(sums), None))
            else:
                spans.append(Span(prefix, None, items[:RANGES_BYTES_MAX]))
        incarnation = self.voice.identity.incarnation
        at = incarnation, self.voice.arrival
        return Ranges("ranges", step, *at, tuple(spans))

    def length(self, key: bytes) -> int:
        """Return how much we have of a log; 0 of none, and of notices."""
        found = self.tree.find(key)
        if found is None or self.sources[found[0]][1] is None:
            return 0
        return found[1].number

    def is_stranger(self, author: PeerId, moment_ms: int) -> bool:
        """Whether nothing of an author is kept, whatever of it is sent."""
        community = self.replica.community
        charter = community.nodes.get(author)
        return charter is None or not community.is_vouched_charter(charter, moment_ms)

    def lacks(self, theirs: Item) -> int | None:
        """Return after which number we lack what somebody else has; nil: nothing.

        Where a log is as long as ours and another, its last record proves the fork.
        """
        found = self.tree.find(theirs.key)
        if found is None:
            return 0 if theirs.number else None
        name, ours = found
        author, incarnation = self.sources[name]
        if ours.tag == theirs.tag and ours.number == theirs.number:
            return None
        identity = self.voice.identity
        if incarnation is None:
            return 0 if author != identity.peer and theirs.number else None
        if author == identity.peer and incarnation == identity.incarnation:
            return None
        if theirs.number < ours.number:
            return None
        return ours.number - (theirs.number == ours.number)

    def is_ahead(self, theirs: Item) -> bool:
        """Whether somebody else lacks what we have of an item, or has another."""
        found = self.tree.find(theirs.key)
        if found is None:
            return False
        name, ours = found
        _, incarnation = self.sources[name]
        differs = ours.tag != theirs.tag or ours.number != theirs.number
        return differs and (incarnation is None or ours.number >= theirs.number)

    def place(self, wanted: Wanted) -> Place:
        """Return the place that somebody means; nobody's if there is none here."""
        found = self.tree.find(wanted.key)
        at = (PeerId(""), None) if found is None else self.sources[found[0]]
        return Place(*at, wanted.after, wanted.most)

    # ------------------------------------------------------------------ bodies

    def claim(self) -> bytes:
        """Return the sum of all that we have; none while any body is lacking."""
        return b"" if self.replica.bare.count else self.sum()

    def bare(self) -> list[Wanted]:
        """Return the places whose record has no body here."""
        return [
            Wanted(name_of(*author)[:KEY_BYTES], seq - 1, 0)
            for author, seq in self.replica.bare.each()
        ]
