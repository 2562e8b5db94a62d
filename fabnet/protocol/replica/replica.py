"""The replica: whose records we keep, in the order they were said.

A log record is taken only right after the one it names as `prev`; one that is early
waits in the pen. What is at or behind a place that we have is not taken, but the shell
is asked what we keep there: if it is another record, the two are a proof, which is kept
and passed on by itself, and the author's log counts no further than below it.

A signed document proves itself. So a charter, membership, policy or withdrawal is
learnt, kept and passed on even from a record that does not count: else whoever carries
a revocation or a recall could take it back by forking.

A log record may come without its body: its author's chain goes through it, and nothing
else here does. Whoever brings the body later, however, is heard as if it came now.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from fabnet.cooperation import charter as charters
from fabnet.designs.documents import withdrawal as withdrawals
from fabnet.errors import RemoteError
from fabnet.protocol.community import DOCUMENT_KINDS, Community
from fabnet.protocol.effects import Compare, Lower, Turn
from fabnet.protocol.events import Compared, Weighed
from fabnet.protocol.replica.bare import Bare
from fabnet.protocol.replica.checkpoints import Checkpoints
from fabnet.protocol.replica.ends import (
    LOG_BYTES_MAX,
    LOG_RECORDS_MAX,
    Author,
    ChainRow,
    Ends,
    place_key,
)
from fabnet.protocol.replica.notices import Notices
from fabnet.protocol.replica.papers import Papers, has_news
from fabnet.protocol.replica.strangers import Strangers
from fabnet.protocol.voice import Voice
from fabnet.records.ids import Incarnation, PeerId, RecordId
from fabnet.records.proofs import checkpoint
from fabnet.records.proofs.fork import Fork, fork_of
from fabnet.records.record import Record, stored
from fabnet.records.refusal import Refusal

PEN_MAX: Final = 2_000
"""Early records held in memory; at the bound a newcomer is not taken, and comes again
with the next batch, since its cursor is not written."""
PEN_OF_AUTHOR_MAX: Final = 500
"""Early records of one (author, incarnation): none can fill the pen alone."""
RECENT_MAX: Final = 4_096
"""Records remembered as kept whole, so that what comes over several links is looked up
once; beyond it the shell is asked again."""


@dataclass(slots=True)
class Replica:
    """Heads of all authors, and the records that wait."""

    voice: Voice
    community: Community
    ends: Ends = field(init=False)
    heads: dict[Author, ChainRow] = field(default_factory=dict)
    notices: Notices = field(default_factory=Notices)
    pen: dict[Author, dict[int, tuple[Record, PeerId]]] = field(default_factory=dict)
    papers: Papers = field(init=False)
    strangers: Strangers = field(default_factory=Strangers)
    turned_away: set[PeerId] = field(default_factory=set)
    """Links whose records did not fit in the pen; they begin again where they were."""
    recent: dict[RecordId, None] = field(default_factory=dict)
    doubted: dict[RecordId, tuple[Record, PeerId]] = field(default_factory=dict)
    """Records heard in this turn at places that we have, not yet looked up."""
    asked: dict[RecordId, PeerId] = field(default_factory=dict)
    """Who brought what is being looked up: until then it waits, as in the pen."""
    fallen: list[tuple[Record, PeerId]] = field(default_factory=list)
    """Records that were let go in this turn; their documents may be news."""
    checkpoints: Checkpoints = field(init=False)
    bare: Bare = field(default_factory=Bare)
    filled: list[Record] = field(default_factory=list)
    """Records that in this turn gained the body that was lacking here."""
    proven: list[tuple[Fork, PeerId | None]] = field(default_factory=list)
    """Proofs learnt in this turn, and who brought them, for all others to hear of."""

    def __post_init__(self) -> None:
        self.ends = Ends(self.community)
        self.papers = Papers(self.community)
        self.checkpoints = Checkpoints(self.voice)

    # ------------------------------------------------------------------ hearing

    def hear(self, turn: Turn, record: Record, source: PeerId) -> Iterator[Record]:
        """Take one authentic record; yield each that is now kept, in order."""
        is_ours = record.author == self.voice.identity.peer
        if record.id in self.recent or (is_ours and not self._is_older(record)):
            return
        if record.is_notice:
            if self._newer_notice(turn, record, source):
                yield record
            return
        yield from self._hear_log(turn, record, source)

    def _is_older(self, record: Record) -> bool:
        """Whether an earlier database of ours logged it, and this one may lack it."""
        ours = self.voice.identity.incarnation
        return not record.is_notice and record.header.incarnation < ours

    def learn(self, turn: Turn, record: Record) -> Refusal | None:
        """Let the community know what a kept record says of who belongs."""
        if record.is_notice or record.author == self.voice.identity.peer:
            self._remember(record.id)
        refusal = self.papers.hear(turn, record, kept=True)
        if refusal is None and record.kind == charters.KIND:
            for early in self.papers.again(turn):
                self.voice.keep(turn, early, source=early.author, beside=True)
        return refusal

    def compare(self, turn: Turn) -> None:
        """Have looked up what we keep where something was heard again."""
        if self.doubted:
            turn.do(Compare(tuple(record for record, _ in self.doubted.values())))
            self.asked |= {key: source for key, (_, source) in self.doubted.items()}
            self.doubted = {}

    def compared(self, turn: Turn, event: Compared) -> None:
        """Learn what we keep at those places: the same record, or another."""
        for heard, kept in event.found:
            source = self.asked.pop(heard.id, heard.author)
            if kept is not None and heard.id == kept.id:
                if kept.body is not None or kept.id in event.pruned:
                    self.bare.has(turn, kept.header)
                    self._remember(kept.id)
                else:
                    self._fill(turn, heard, source)
                continue
            if kept is not None:
                self._contradict(turn, heard, kept)
                self.fallen.append((heard, source))

    def prove(self, turn: Turn, fork: Fork, source: PeerId | None) -> None:
        """Take an authentic proof; one about a stranger waits in memory."""
        ours = self.voice.identity.peer
        if fork.author not in self.community.nodes and fork.author != ours:
            self.strangers.wait(fork)
        elif self.ends.learn(turn, fork):
            turn.note(
                fork.author, "author-forked", seq=fork.seq,
                counter=fork.incarnation.counter,
            )  # fmt: skip
            turn.do(Lower(fork.author, "two records at one place in its log"))
            self.proven.append((fork, source))

    def pick_up(self, turn: Turn) -> Iterator[Record]:
        """Take bodies that came late, and documents in what fell in this turn."""
        yield from self.filled
        self.filled = []
        fallen, self.fallen = self.fallen, []
        for record, source in fallen:
            head = self._head((record.author, record.header.incarnation))
            if self.ends.counts(record.header) and not head.ended:
                continue
            yield from self._carry(turn, record, source)

    def rewind(
        self, turn: Turn, incarnation: Incarnation, seq: int, id_: RecordId | None
    ) -> None:
        """Know that an earlier log of ours is shorter than its rows said.

        Whoever heard the rest after all may bring it back, from there on.
        """
        author = (self.voice.identity.peer, incarnation)
        head = self.heads.get(author)
        if head is None or head.seq <= seq:
            return
        self.checkpoints.rewind(turn, author, seq)
        if id_ is None:
            del self.heads[author]
        else:
            self.heads[author] = ChainRow(seq, id_)

    def take_proven(self) -> list[tuple[Fork, PeerId | None]]:
        """Return the proofs learnt since this was last asked."""
        proven, self.proven = self.proven, []
        return proven

    def reconsider(self, turn: Turn) -> Iterator[Record]:
        """Take in strangers for whom somebody else vouched since they came."""
        moment_ms = turn.now.moment_ms
        for author, bucket in [*self.strangers.buckets.items()]:
            said = [record for record, _ in bucket.chain]
            if self.community.would_admit(said, moment_ms):
                yield from self._admit(turn, author)

    def has_penned(self, source: PeerId) -> bool:
        """Whether records that `source` brought still wait, or found no room to."""
        return source in self.bringers()

    def bringers(self) -> set[PeerId]:
        """Return whose records wait: the cursors of these must not be written."""
        self._clear_pen()
        waiting = {*self.turned_away, *self.asked.values(), *self.strangers.bringers()}
        for penned in self.pen.values():
            waiting.update(bringer for _, bringer in penned.values())
        return waiting

    # ------------------------------------------------------------------ log records

    def _hear_log(self, turn: Turn, record: Record, source: PeerId) -> Iterator[Record]:
        header = record.header
        author, seq = (record.author, header.incarnation), header.seq
        if record.kind == checkpoint.KIND and record.body is None:
            # Nobody prunes them, and what follows rests on it: it must come whole.
            self.turned_away.add(source)
            return
        self._claim_proof(turn, author)
        if not self.ends.counts(header) or self._is_past_quota(turn, record):
            yield from self._carry(turn, record, source)
            return
        takes = self.community.takes(record, turn.now.moment_ms)
        if takes and author in self.strangers.buckets:
            # Vouched for since, or our clock was wrong: it comes again, and stays.
            yield from self._admit(turn, author)
        head = self._head(author)
        is_next = seq == head.seq + 1 and header.prev == (head.id or None)
        if seq > head.seq + 1 or (is_next and self.checkpoints.is_weighing(author)):
            self._pen(turn, author, record, source, takes=takes)
            if takes:
                yield from self._carry(turn, record, source)
        elif seq <= head.seq or (seq > 1 and header.prev != head.id):
            if self._doubt(author, record, source):
                yield from self._admit_if_vouched(turn, author)
        else:
            yield from self._take(turn, author, record, source, takes=takes)
            yield from self._hear_next(turn, author)

    def _hear_next(self, turn: Turn, author: Author) -> Iterator[Record]:
        """Take what waits in the pen for its turn, if that is now."""
        if self.checkpoints.is_weighing(author):
            return
        after = self.pen.get(author, {}).pop(self._head(author).seq + 1, None)
        if after is not None:
            yield from self._hear_log(turn, *after)

    def weighed(self, turn: Turn, event: Weighed) -> Iterator[Record]:
        """Count a log's quota from a checkpoint, if it is true, and go on with it."""
        asked = event.asked
        if not asked.seq:
            self.checkpoints.say(turn, event)
            return
        author = (asked.author, asked.incarnation)
        counts = self.ends.reaches(*author, asked.seq)
        is_true = self.checkpoints.judge(turn, event, counts=counts)
        body = event.body
        if is_true is None:
            return
        for gone in event.dead if is_true else ():
            # What is being looked up just now was looked up before it was pruned.
            self._remember(gone)
        head = self.heads[author]
        if is_true and body is not None:
            weighs = body.live_bytes + event.after_bytes + asked.body_len
            self.heads[author] = ChainRow(head.seq, head.id, weighs)
            turn.put("head", place_key(*author), self.heads[author])
        yield from self._hear_next(turn, author)

    def _take(
        self, turn: Turn, author: Author, record: Record, source: PeerId, *, takes: bool
    ) -> Iterator[Record]:
        if takes and author not in self.strangers.buckets:
            yield self._keep(turn, author, record, source)
            return
        bucket = self.strangers.bucket(author)
        if not takes and not bucket.has_room:
            turn.do(Lower(source, "records of an author nobody vouches for"))
            return
        bucket.chain.append((record, source))
        # What waited here goes first, if another's record vouched for it since.
        if takes:
            yield from self._admit(turn, author)
        else:
            yield from self._admit_if_vouched(turn, author)

    def _admit_if_vouched(self, turn: Turn, author: Author) -> Iterator[Record]:
        said = [each for each, _ in self.strangers.buckets[author].chain]
        if self.community.would_vouch(said, turn.now.moment_ms):
            yield from self._admit(turn, author)

    def _admit(self, turn: Turn, author: Author) -> Iterator[Record]:
        bucket = self.strangers.buckets.pop(author)
        for record, source in bucket.chain:
            self._claim_proof(turn, author)
            if self.ends.counts(record.header):
                yield self._keep(turn, author, record, source)
            else:
                yield from self._carry(turn, record, source)
        # Notices last: their author is vouched for once its log was learnt.
        for record, source in bucket.beside:
            yield from self.hear(turn, record, source)

    def _claim_proof(self, turn: Turn, author: Author) -> None:
        """Take the proof that waited until its author was known."""
        peer, _ = author
        if author in self.strangers.proofs and peer in self.community.nodes:
            self.prove(turn, self.strangers.proofs.pop(author), None)

    def _keep(
        self, turn: Turn, author: Author, record: Record, source: PeerId
    ) -> Record:
        before = self.heads.get(author)
        weighs = record.header.body_len
        if before is not None:
            weighs += before.body_bytes
        head = ChainRow(record.header.seq, record.id, weighs)
        self.heads[author] = head
        turn.put("head", place_key(*author), head)
        self._write(turn, record, source)
        if record.body is None:
            self.bare.lacks(turn, record.header)
        if record.kind == checkpoint.KIND:
            self.checkpoints.kept(turn, record)
        return record

    def _write(self, turn: Turn, record: Record, source: PeerId) -> None:
        self.voice.keep(turn, record, source=source)
        if record.body is None:
            return
        if record.kind == withdrawals.KIND:
            self.papers.recall(turn, record)
        self._remember(record.id)

    def _fill(self, turn: Turn, record: Record, source: PeerId) -> None:
        """Keep a body that was lacking; where it counts no more, maybe its document.

        As if its author had brought it: of several who did, some had it bare, and all
        of them are to be served it.
        """
        if record.body is None or record.id in self.recent:
            return
        if not self.ends.counts(record.header):
            self.fallen.append((record, source))
        else:
            self.bare.has(turn, record.header)
            self._write(turn, record, record.author)
            self.filled.append(record)

    def _carry(self, turn: Turn, record: Record, source: PeerId) -> Iterator[Record]:
        """Keep what does not count, or not yet, if its document is news.

        If its turn in its log comes after all, it is kept again, in the same place.
        """
        if record.body is None:
            return
        if record.kind == withdrawals.KIND and self.papers.recall(turn, record):
            self.voice.keep(turn, record, source=source, beside=True)
            yield record
        if record.kind not in DOCUMENT_KINDS:
            return
        count = len(turn.effects)
        try:
            refusal = self.papers.hear(turn, record, kept=False)
        except RemoteError as error:
            turn.do(Lower(record.author, f"{record.kind}: {error}"))
            return
        if refusal is None and has_news(turn, count):
            self.voice.keep(turn, record, source=source, beside=True)
            yield record

    def _is_past_quota(self, turn: Turn, record: Record) -> bool:
        header = record.header
        author = (record.author, header.incarnation)
        head = self.heads.get(author)
        if header.seq > LOG_RECORDS_MAX:
            return True
        if head is None or header.seq <= head.seq:
            return False
        if head.ended:
            self._contradict(turn, record, stored(head.ended, None))
            return True
        if header.seq > head.seq + 1 or self.checkpoints.is_weighing(author):
            return False
        if head.body_bytes + header.body_len <= LOG_BYTES_MAX or header.prev != head.id:
            return False
        head = ChainRow(head.seq, head.id, head.body_bytes, record.envelope)
        self.heads[author] = head
        turn.put("head", place_key(*author), head)
        turn.note(record.author, "log-full", seq=header.seq, most=LOG_BYTES_MAX)
        return True

    def _doubt(self, author: Author, record: Record, source: PeerId) -> bool:
        """Have a record compared with what we keep; a stranger's, once it is known.

        Return whether it gave a stranger's record the body that it lacked.
        """
        bucket = self.strangers.buckets.get(author)
        if bucket is None:
            other = self.doubted.get(record.id)
            if other is None or other[0].body is None:
                self.doubted[record.id] = (record, source)
            return False
        if bucket.fill(record, source):
            return True
        if bucket.has_room and not bucket.holds(record):
            bucket.beside.append((record, source))
        return False

    def _head(self, author: Author) -> ChainRow:
        bucket = self.strangers.buckets.get(author)
        if bucket is not None and bucket.chain:
            last, _ = bucket.chain[-1]
            return ChainRow(last.header.seq, last.id)
        return self.heads.get(author, ChainRow(0, RecordId("")))

    def _pen(
        self, turn: Turn, author: Author, record: Record, source: PeerId, *, takes: bool
    ) -> None:
        if not takes:
            # The pen is not for strangers: one could fill it alone.
            self.turned_away.add(source)
            return
        waiting = self.pen.setdefault(author, {})
        other = waiting.get(record.header.seq)
        if other is not None and other[0].id == record.id:
            if other[0].body is None:
                waiting[record.header.seq] = (record, source)
            return
        if other is not None:
            self._contradict(turn, record, other[0])
            self.fallen.append((record, source))
            return
        everywhere = sum(map(len, self.pen.values()))
        if everywhere >= PEN_MAX or len(waiting) >= PEN_OF_AUTHOR_MAX:
            self.turned_away.add(source)
            return
        waiting[record.header.seq] = (record, source)

    def _contradict(self, turn: Turn, one: Record, other: Record) -> None:
        fork = fork_of(one, other)
        if fork is not None:
            self.prove(turn, fork, None)

    def _clear_pen(self) -> None:
        """Let go what will never be taken: its log ends before, or goes on after."""
        for author, waiting in list(self.pen.items()):
            head = self._head(author)
            for seq, (record, source) in list(waiting.items()):
                if seq <= head.seq:
                    del waiting[seq]
                    self.doubted[record.id] = (record, source)
                elif head.ended or not self.ends.counts(record.header):
                    del waiting[seq]
                    self.fallen.append((record, source))
            if not waiting:
                del self.pen[author]

    def _remember(self, record: RecordId) -> None:
        self.recent[record] = None
        if len(self.recent) > RECENT_MAX:
            del self.recent[next(iter(self.recent))]

    # ------------------------------------------------------------------ notices

    def _newer_notice(self, turn: Turn, record: Record, source: PeerId) -> bool:
        if record.body is None:
            # Nobody prunes notices: it would push out the one that says something.
            turn.do(Lower(source, "a notice without its body"))
            return False
        if not self.community.takes(record, turn.now.moment_ms):
            # It may have overtaken the membership that vouches for its author.
            author = (record.author, record.header.incarnation)
            bucket = self.strangers.buckets.get(author)
            if bucket is not None and bucket.has_room and not bucket.holds(record):
                bucket.beside.append((record, source))
            return False
        if self.ends.is_silenced(record.author):
            return False
        if not self.notices.hear(turn, record):
            return False
        self.voice.keep(turn, record, source=source)
        return True
