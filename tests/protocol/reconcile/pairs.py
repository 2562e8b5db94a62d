"""Two real minds on disks in memory, and a wire that tells what it bore."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from functools import lru_cache

from fabnet.node.links import frames
from fabnet.protocol.events import (
    BatchHeard,
    Event,
    LinkDown,
    LinkUp,
    ReconcileHeard,
    SupplyHeard,
    Tick,
)
from fabnet.protocol.peer import Peer
from fabnet.records.ids import Incarnation, PeerId
from fabnet.records.record import Record, seal_record
from tests.protocol import histories
from tests.protocol.histories import AUTHOR_KEYS, SITE_IDS, THEN_MS, Word
from tests.protocol.sites import Site

EVENTS_MAX = 20_000


@lru_cache(maxsize=512)
def log(author: int, count: int, branch: int = 0) -> tuple[Record, ...]:
    """Return a log of so many records; of one length and another branch, another."""
    said: list[Record] = []
    for number in range(count):
        last = said[-1] if said else None
        said.append(
            seal_record(
                AUTHOR_KEYS[author % len(AUTHOR_KEYS)],
                network="test",
                kind="talk/1",
                incarnation=Incarnation(1 + author // len(AUTHOR_KEYS), 5),
                seq=number + 1,
                prev=None if last is None else last.id,
                moment_ms=THEN_MS,
                about=None,
                body=Word(f"{number} of branch {branch if number > 1 else 0}"),
            )
        )
    return tuple(said)


@lru_cache(maxsize=512)
def notice(author: int, thing: int, seq: int) -> Record:
    return seal_record(
        AUTHOR_KEYS[author], network="test", kind="notice.said/1",
        incarnation=Incarnation(1, 5), seq=seq, prev=None, moment_ms=THEN_MS,
        about=f"thing-{thing}", body=Word(f"as of {seq}"),
    )  # fmt: skip


@dataclass(slots=True)
class Pair:
    """Two sites, linked or not."""

    sites: list[Site] = field(init=False)
    waiting: deque[tuple[PeerId, Event]] = field(default_factory=deque)
    bore: Counter[str] = field(default_factory=Counter)
    """How many events of each sort went over the wire."""
    size: int = 0
    """Bytes of what was said to reconcile."""

    def __post_init__(self) -> None:
        self.sites = []
        for number in range(2):
            site = Site(number, Peer(histories.identity(number)))
            histories.introduce(site.peer.community)
            site.say = self._say
            self.sites.append(site)

    def _say(self, to: PeerId, event: Event) -> None:
        if to not in SITE_IDS[:2]:
            return
        self.waiting.append((to, event))
        if getattr(event, "peer", to) != to:
            self.bore[type(event).__name__] += 1
        if isinstance(event, ReconcileHeard):
            self.size += len(frames.encode(event.said))
        if isinstance(event, SupplyHeard | BatchHeard):
            self.bore["records"] += len(event.records)

    def hears(self, number: int, *records: Record) -> None:
        """Have a site hear records from their author."""
        for record in records:
            came = BatchHeard(record.author, Incarnation(1, 1), 0, (record,))
            self.sites[number].happen(came)
            self.drain()

    def link(self) -> None:
        """Open the link between the two."""
        for site, other in zip(self.sites, SITE_IDS[1::-1], strict=True):
            site.happen(LinkUp(other))

    def part(self) -> None:
        """Lose the link, and what was on its way."""
        self.waiting.clear()
        for site, other in zip(self.sites, SITE_IDS[1::-1], strict=True):
            site.happen(LinkDown(other))

    def step(self) -> None:
        to, event = self.waiting.popleft()
        self.sites[SITE_IDS.index(to)].happen(event)

    def drain(self) -> None:
        """Let everything that was said be heard."""
        for _ in range(EVENTS_MAX):
            if not self.waiting:
                return
            self.step()
        raise AssertionError("a meeting without end")

    def wait(self, ms: int) -> None:
        """Let time pass."""
        for site in self.sites:
            site.tick_ms += ms
            site.happen(Tick())
        self.drain()

    def meet(self) -> None:
        """Open the link, and let all be said that comes of it."""
        self.link()
        self.drain()

    # ------------------------------------------------------------------ what they know

    def heads(self, number: int) -> dict[object, tuple[int, str]]:
        found = self.sites[number].peer.replica.heads.items()
        return {author: (head.seq, head.id) for author, head in found}

    def kept(self, number: int) -> set[str]:
        """Return the ids of what counts at a site, but for what sites say."""
        return {
            record.id
            for record in self.sites[number].disk.valid()
            if record.author not in SITE_IDS
        }

    def sums(self) -> set[bytes]:
        return {site.peer.holdings.sum() for site in self.sites}
