"""Reconciliation: what two peers say to find out how what they have differs.

`python -m benchmarks.sync`, or `make bench NAME=sync`; QUICK=1 leaves out the largest.
Real code and no sockets: frames are encoded, counted and read again. The records
themselves are not made; whoever is sent some is told heads instead, and that is free.
"""

from __future__ import annotations

import os
import random
import time
import tracemalloc
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.figure import Figure, measured
from fabnet.content.multibase import base58
from fabnet.node.links import frames
from fabnet.protocol.community import Community
from fabnet.protocol.effects import Effect, Reconcile, Subscribe, Supply, Turn
from fabnet.protocol.events import ReconcileHeard, SubscribeHeard, SupplyHeard
from fabnet.protocol.gossip import CursorRow, Gossip
from fabnet.protocol.reconcile.meetings import Meetings
from fabnet.protocol.replica.ends import ChainRow
from fabnet.protocol.replica.holdings import Holdings
from fabnet.protocol.replica.replica import Replica
from fabnet.protocol.voice import Identity, Voice
from fabnet.records import canonical
from fabnet.records.ids import CharterId, Incarnation, Now, PeerId, RecordId
from fabnet.records.keys import SigningKey

SEED = 1
RECORDS = 1_000
NEW = 10
"""Records that a changed author said meanwhile: one in a hundred."""
AT = Incarnation(1, 5)
NOW = Now(1_795_521_600_000, 1, "boot")
TURNS_MAX = 200_000
Heads = dict[PeerId, tuple[int, RecordId]]


def heads(authors: int, dice: random.Random) -> Heads:
    """Return the heads of so many authors, each of about a thousand records."""
    return {
        PeerId("12D3Koo" + base58(dice.randbytes(34)).rjust(45, "1")[:45]): (
            RECORDS + dice.randint(-50, 50),
            _record_id(dice),
        )
        for _ in range(authors)
    }


def _record_id(dice: random.Random) -> RecordId:
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    return RecordId("bafkrei" + "".join(dice.choices(letters, k=52)))


def later(before: Heads, changed: int, dice: random.Random) -> Heads:
    """Return the heads after so many authors said ten records more."""
    after = dict(before)
    for author in dice.sample(sorted(before), changed):
        after[author] = before[author][0] + NEW, _record_id(dice)
    return after


# ------------------------------------------------------------------ two sides


class Side:
    """What of a mind takes part, and the heads that it holds."""

    def __init__(self, number: int, held: Heads) -> None:
        key = SigningKey.from_seed(bytes([number]) * 32)
        charter = CharterId("sha256:" + "0" * 64)
        identity = Identity(key, "bench", AT, bytes(32), charter, frozenset())
        self.id = identity.peer
        self.voice = Voice(identity)
        self.replica = Replica(self.voice, Community(identity))
        self.gossip = Gossip(self.voice)
        self.holdings = Holdings(self.voice, self.replica)
        self.meetings = Meetings(self.gossip, self.holdings)
        self.voice.arrival = sum(seq for seq, _ in held.values())
        self.learns(held)

    def learns(self, held: Heads) -> None:
        """Hold these heads, as if their records had come."""
        for author, (seq, id_) in held.items():
            self.replica.heads[author, AT] = ChainRow(seq, id_)
            if self.holdings.is_whole:
                self.holdings.changed.add((author, AT))


@dataclass(slots=True)
class Cost:
    """What one reconciliation took."""

    bytes: int = 0
    messages: int = 0
    rounds: int = 0
    """Messages one after the other, each the answer to the one before."""
    cpu_s: float = 0


class Wire:
    """Carries frames between two sides, and counts them."""

    def __init__(self, here: Side, there: Side, truth: Heads) -> None:
        self.sides = {here.id: here, there.id: there}
        self.truth = truth
        self.waiting: deque[tuple[Side, Side, Effect, int]] = deque()
        self.cost = Cost()

    def meet(self, here: Side, there: Side) -> Cost:
        """Have both subscribe after a week, far behind; return what it took."""
        start = time.process_time()
        for one, other in ((here, there), (there, here)):
            turn = Turn(NOW)
            # Far behind: the feed would bring all that one had heard of the others.
            row = CursorRow(AT, other.voice.arrival // 2)
            one.gossip.cursors[other.id] = row
            one.gossip.link_up(turn, other.id)
            self._take(one, other, turn, 1)
        while self.waiting:
            self._step(*self.waiting.popleft())
        self.cost.cpu_s = time.process_time() - start
        return self.cost

    def _take(self, here: Side, there: Side, turn: Turn, depth: int) -> None:
        for effect in turn.effects:
            if isinstance(effect, Reconcile | Subscribe | Supply):
                self.waiting.append((here, there, effect, depth))

    def _step(self, here: Side, there: Side, effect: Effect, depth: int) -> None:
        turn = Turn(NOW)
        if isinstance(effect, Supply):
            self._supply(there, effect, turn)
            # The payload is free, and so is the way back that it takes.
            self._take(there, here, turn, depth)
            return
        frame: frames.Frame
        if isinstance(effect, Subscribe):
            at = effect.incarnation, effect.cursor
            frame = frames.SubscribeFrame("subscribe", *at, 0, effect.sum)
        else:
            assert isinstance(effect, Reconcile)
            frame = effect.said
        raw = frames.encode(frame)
        self.cost.bytes += len(raw)
        self.cost.messages += 1
        self.cost.rounds = max(self.cost.rounds, depth)
        assert self.cost.messages < TURNS_MAX, "no end"
        reader = frames.Reader(here.id, "bench", AT, frames.opener("bench"))
        heard = reader.read(raw)
        if isinstance(heard, SubscribeHeard):
            there.gossip.subscribed(turn, heard)
        else:
            assert isinstance(heard, ReconcileHeard)
            there.meetings.hear(turn, heard)
        self._take(there, here, turn, depth + 1)

    def _supply(self, there: Side, effect: Supply, turn: Turn) -> None:
        """Have the heads of what was asked for arrive, without the records."""
        there.learns({it.author: self.truth[it.author] for it in effect.places})
        ((peer, meets),) = there.meetings.open.items()
        for place in meets.meeting.lacking:
            del meets.meeting.wants[place.key]
        meets.meeting.lacking = []
        came = SupplyHeard(peer, meets.meeting.lacked, len(effect.places), ())
        there.meetings.taken(turn, came)


def difference(one: Heads, other: Heads, truth: Heads) -> Cost:
    """Return what two say that were apart for a week, until they have the same."""
    here, there = Side(1, one), Side(2, other)
    # A node that runs has compared something before, and so has its tree.
    for side in (here, there):
        side.holdings.sum()
    cost = Wire(here, there, truth).meet(here, there)
    assert here.holdings.sum() == there.holdings.sum(), "they found it all"
    return cost


# ------------------------------------------------------------------ the baseline


def listed(one: Heads, other: Heads) -> Cost:
    """Return what it takes that both send a list of all heads, and read it."""
    start, size = time.process_time(), 0
    for held in (one, other):
        raw = canonical.encode([[it, seq] for it, (seq, _) in held.items()])
        size += len(raw)
        told = canonical.decode_plain(raw, bytes_max=len(raw))
        assert isinstance(told, list)
        assert len(told) == len(held)
    return Cost(size, 2, 1, time.process_time() - start)


# ------------------------------------------------------------------ figures


def compared(
    what: str, one: Heads, other: Heads, truth: Heads, *, most: int, cpu_s: float
) -> list[Figure]:
    """Return bytes and CPU time of a difference, beside those of all heads."""
    flat = listed(one, other)
    cost = difference(one, other, truth)
    said = f"{what}: {cost.messages} frames, {cost.rounds} of them in turn"
    return [
        Figure(
            f"{said} (baseline: both send a list of all heads)",
            cost.bytes, "bytes", most, flat.bytes, [SEED],
        ),
        Figure(
            f"{what}: the CPU time of both sides (baseline: packing and reading "
            "those lists)",
            1_000 * cost.cpu_s, "ms", 1_000 * cpu_s, 1_000 * flat.cpu_s, [SEED],
        ),
    ]  # fmt: skip


def meetings(authors: int, most: int, whole: bool) -> list[Figure]:
    """Return the figures of so many authors; `whole`, if all of them changed too."""
    dice = random.Random(SEED)
    week_ago = heads(authors, dice)
    some = authors // 100
    now = later(week_ago, some, dice)
    name = f"{authors} authors"
    figures = compared(f"{name} in sync", now, now, now, most=512, cpu_s=0.05)
    figures += compared(
        f"{name}, {some} of them changed", week_ago, now, now, most=most, cpu_s=5
    )
    if whole:
        every = later(week_ago, authors, dice)
        figures += compared(
            f"{name}, all changed (1 % of the records)",
            week_ago, every, every, most=70_000, cpu_s=2,
        )  # fmt: skip
        half = sorted(week_ago)[: authors // 2]
        ours = week_ago | {it: every[it] for it in half}
        theirs = {it: every[it] for it in every} | {it: week_ago[it] for it in half}
        figures += compared(
            f"{name}, half changed here and half there",
            ours, theirs, every, most=140_000, cpu_s=2,
        )  # fmt: skip
    return figures


def memory(authors: int) -> list[Figure]:
    """Return what the tree weighs, and what it takes to keep it up."""
    dice = random.Random(SEED)
    held = heads(authors, dice)
    tracemalloc.start()
    side = Side(1, held)
    plain = tracemalloc.get_traced_memory()[0]
    side.holdings.sum()
    size, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    figures = [
        Figure(
            f"the tree over {authors} authors, an author (baseline: its head as it "
            "is kept anyway, but for the names)",
            (size - plain) / authors, "bytes", 400, plain / authors, [SEED],
        ),
        Figure(
            f"the most that is held while the tree of {authors} authors is begun, "
            "heads and all (no baseline: the line before)",
            peak / 2**20, "MB", 128, None, [SEED],
        ),
    ]  # fmt: skip
    rebuilt = cpu_of(Side(2, held).holdings.sum)
    side.learns(later(dict(list(held.items())[:10]), 10, dice))
    figures.append(
        Figure(
            f"the sum of {authors} authors after ten of them changed "
            "(baseline: after a start, from all heads)",
            1_000 * cpu_of(side.holdings.sum), "ms", 20, 1_000 * rebuilt, [SEED],
        )
    )  # fmt: skip
    return figures


def cpu_of(act: Callable[[], object]) -> float:
    """Return the CPU seconds of one call."""
    start = time.process_time()
    act()
    return time.process_time() - start


def main() -> None:
    """Measure each, and print it as soon as it is known."""
    measures: list[Callable[[], list[Figure]]] = [
        lambda: meetings(2_500, 20_000, whole=True),
    ]
    if os.environ.get("QUICK") != "1":
        measures += [
            lambda: meetings(100_000, 500_000, whole=False),
            lambda: memory(100_000),
        ]
    measured(measures)


if __name__ == "__main__":
    main()
