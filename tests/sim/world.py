"""A virtual clock, dice from a seed, and wires that lose, double and reorder frames."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Final, Protocol

from fabnet.records.ids import PeerId
from fabnet.records.keys import SigningKey

START_MS: Final = 1_795_521_600_000
"""A Tuesday noon in November 2026, UTC."""
EVENTS_MAX: Final = 60_000
"""Events of one test; a network that needs more never settles."""


@dataclass(frozen=True, slots=True)
class Climate:
    """How unkind wires, disks, machines and power are."""

    lost_permille: int = 0
    doubled_permille: int = 0
    delay_ms: tuple[int, int] = (5, 200)
    commit_ms: tuple[int, int] = (1, 20)
    scrap_permille: int = 0
    lost_piece_permille: int = 0
    """Pieces of which the machine cannot say what became of them."""
    crashes: int = 0
    partitions: int = 0
    late_ms: int = 200
    """How late, at most, the second copy of a doubled frame may come."""
    cut_permille: int = 0
    """Commits during which the power goes: just then it hurts most."""

    @classmethod
    def drawn(cls, dice: Random) -> Climate:
        """Draw a climate: from nearly calm to foul in every way at once."""
        return cls(
            lost_permille=dice.randint(0, 300),
            doubled_permille=dice.randint(0, 200),
            delay_ms=(1, dice.choice((50, 500, 5_000))),
            commit_ms=(1, dice.choice((5, 50, 500))),
            scrap_permille=dice.choice((0, 50, 150)),
            lost_piece_permille=dice.choice((0, 0, 100)),
            crashes=dice.randint(0, 4),
            partitions=dice.randint(0, 3),
        )


CALM: Final = Climate()


class End(Protocol):
    """What a wire ends in."""

    @property
    def is_up(self) -> bool: ...

    def hear(self, peer: PeerId, raw: bytes) -> None: ...

    def link_up(self, peer: PeerId) -> None: ...

    def link_down(self, peer: PeerId) -> None: ...


Pair = frozenset[PeerId]


@dataclass(slots=True)
class World:
    """One thread, one clock: whatever happens is an entry in one queue."""

    seed: int
    climate: Climate = CALM
    now_ms: int = START_MS
    dice: Random = field(init=False)
    queue: list[tuple[int, int, Callable[[], None]]] = field(default_factory=list)
    ends: dict[PeerId, End] = field(default_factory=dict)
    linked: dict[Pair, int] = field(default_factory=dict)
    """Open links, each with a number: what was on its way on another is void."""
    cut: set[Pair] = field(default_factory=set)
    count: int = 0
    events_max: int = EVENTS_MAX
    """At this many events the network is taken for one that never settles."""
    signing: Callable[[bytes], SigningKey] = SigningKey.from_seed
    """How keys are made; a stub makes them cheap in mass seeds."""
    work: Counter[str] = field(default_factory=Counter)
    """What was done, counted: frames, bytes, commits, messages, records opened."""
    fired: Counter[str] = field(default_factory=Counter)
    """Which faults came, and how often."""
    newest_ms: dict[tuple[PeerId, PeerId], int] = field(default_factory=dict)
    """When the last frame that was sent arrives: what comes before it overtook."""
    tap: Callable[[bytes], None] | None = None
    """Who listens on every wire."""

    def __post_init__(self) -> None:
        self.dice = Random(self.seed)

    def later(self, ms: int, act: Callable[[], None]) -> None:
        self.count += 1
        heapq.heappush(self.queue, (self.now_ms + ms, self.count, act))

    def step(self) -> None:
        assert self.count < self.events_max, "the network never settled"
        self.now_ms, _, act = heapq.heappop(self.queue)
        act()

    def run(self, ms: int) -> None:
        """Let time pass."""
        end_ms = self.now_ms + ms
        while self.queue and self.queue[0][0] <= end_ms:
            self.step()
        self.now_ms = end_ms

    def until(self, done: Callable[[], bool], *, most_ms: int) -> bool:
        """Let time pass until `done`; false when that took longer than `most_ms`."""
        end_ms = self.now_ms + most_ms
        while not done():
            if not self.queue or self.queue[0][0] > end_ms:
                return False
            self.step()
        return True

    def draw(self, bounds: tuple[int, int]) -> int:
        least, most = bounds
        count = most - least + 1
        # As `randint` does it, the same numbers from the same seed, in half the time.
        bits = count.bit_length()
        drawn = self.dice.getrandbits(bits)
        while drawn >= count:
            drawn = self.dice.getrandbits(bits)
        return least + drawn

    def chance(self, permille: int) -> bool:
        return permille > 0 and self.dice.random() * 1_000 < permille

    # ------------------------------------------------------------------ wires

    def carry(self, sender: PeerId, recipient: PeerId, raw: bytes) -> None:
        """Put a frame on the wire: it arrives once, twice or never, in any order."""
        pair = frozenset((sender, recipient))
        link = self.linked.get(pair)
        if link is None:
            return
        if self.tap is not None:
            self.tap(raw)
        self.work["frames"] += 1
        self.work["bytes"] += len(raw)

        def arrive() -> None:
            end = self.ends[recipient]
            if self.linked.get(pair) == link and end.is_up:
                end.hear(sender, raw)

        climate = self.climate
        if self.chance(climate.lost_permille):
            self.fired["lost"] += 1
        else:
            self._put_on(sender, recipient, arrive)
        if self.chance(climate.doubled_permille):
            self.fired["doubled"] += 1
            self.later(self.draw((climate.delay_ms[0], climate.late_ms)), arrive)

    def _put_on(
        self, sender: PeerId, recipient: PeerId, arrive: Callable[[], None]
    ) -> None:
        takes_ms = self.draw(self.climate.delay_ms)
        self.later(takes_ms, arrive)
        at_ms, way = self.now_ms + takes_ms, (sender, recipient)
        if at_ms < self.newest_ms.get(way, 0):
            self.fired["overtaken"] += 1
        else:
            self.newest_ms[way] = at_ms

    def connect(self) -> None:
        """Open every link that nothing hinders."""
        names = sorted(self.ends)
        for at, one in enumerate(names):
            for other in names[at + 1 :]:
                pair = frozenset((one, other))
                up = self.ends[one].is_up and self.ends[other].is_up
                if up and pair not in self.cut and pair not in self.linked:
                    self.count += 1
                    self.linked[pair] = self.count
                    self.ends[one].link_up(other)
                    self.ends[other].link_up(one)

    def disconnect(self, pair: Pair) -> None:
        if self.linked.pop(pair, None) is None:
            return
        one, other = sorted(pair)
        self.ends[one].link_down(other)
        self.ends[other].link_down(one)

    def part(self, one: PeerId, other: PeerId) -> None:
        """Let no link be between two until `heal`."""
        pair = frozenset((one, other))
        self.cut.add(pair)
        self.disconnect(pair)

    def heal(self) -> None:
        self.mend(list(self.cut))

    def mend(self, pairs: Iterable[Pair]) -> None:
        """Let there be links again between some."""
        self.cut.difference_update(pairs)
        self.connect()
