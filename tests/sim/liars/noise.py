"""Liars who say too much: forks, replays, floods, quotas, wrong clocks, many keys."""

from __future__ import annotations

import functools
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from fabnet.node.links import frames
from fabnet.protocol.effects import Turn
from fabnet.protocol.events import BatchHeard, LinkDown, LinkUp, Publish, SubscribeHeard
from fabnet.records.ids import PeerId
from fabnet.records.record import Record, seal_record
from tests.sim.liars.lies import NETWORK, Liar, Talk
from tests.sim.test_swarms import FIRST, junk, sybil
from tests.sim.world import START_MS

REMEMBERED_MAX: Final = 400
"""Frames that a replayer has to say again."""
YEARS_MS: Final = 10 * 365 * 24 * 3_600_000
HOG_BYTES: Final = 24_000
"""Of one record of a hog's."""


@dataclass(slots=True)
class Forker(Liar):
    """Tells each site something else at one place of its log."""

    def acts(self) -> None:
        log = [
            record
            for record, source in self.site.disk.records.values()
            if source is None and not record.is_notice
        ]
        for at, site in enumerate(self.others):
            said = log[-1 - (self.acted + at) % len(log)].header
            other = seal_record(
                self.site.identity.key, network=NETWORK, kind="talk/1",
                incarnation=said.incarnation, seq=said.seq, prev=said.prev,
                moment_ms=said.moment_ms, about=None, body=Talk(f"No, {site.name}."),
            )  # fmt: skip
            parcels = (frames.Parcel(other.envelope, other.body),)
            incarnation = self.site.identity.incarnation
            self.writes(
                site.id, frames.BatchFrame("batch", incarnation, 0, parcels, ())
            )


@dataclass(slots=True)
class Replayer(Liar):
    """Says again, later and to others, whatever it ever heard."""

    heard: deque[bytes] = field(default_factory=lambda: deque(maxlen=REMEMBERED_MAX))

    def overhears(self, sender: PeerId, raw: bytes) -> None:
        self.heard.append(raw)

    def lets_out(self, _to: PeerId, raw: bytes) -> bool:
        self.heard.append(raw)
        return True

    def acts(self) -> None:
        dice = self.network.world.dice
        some = dice.sample(list(self.heard), min(30, len(self.heard)))
        for raw in some:
            for site in self.others:
                self.network.world.carry(self.site.id, site.id, raw)


@dataclass(slots=True)
class Flooder(Liar):
    """Sends all it can: rubbish, questions, and messages that mean nothing."""

    def acts(self) -> None:
        world = self.network.world
        ask = frames.SubscribeFrame("subscribe", None, 0, 0, b"")
        for site in self.others:
            for number in range(8):
                world.carry(self.site.id, site.id, world.dice.randbytes(60))
                self.writes(site.id, frames.ProbeFrame("probe"))
                self.writes(site.id, frames.GotFrame("got", 2**40 + number, ()))
                self.speaks(site.id, "talk/1", Talk("word " * 100))
            for _ in range(2):
                self.writes(site.id, ask)


@dataclass(slots=True)
class QuotaHog(Liar):
    """Fills its log and its notices for as long as anyone takes them."""

    notices: int = 0
    records: int = 3

    def acts(self) -> None:
        mind = self.site.mind
        turn = Turn(self.site.now())
        for _ in range(40):
            self.notices += 1
            mind.voice.notice(
                turn, "notice.talk/1", f"{self.notices:06d}", Talk("so much to say")
            )
        self.site.does(turn.effects, turn.now)
        for _ in range(self.records):
            self.site.asks += 1
            body = Talk("x" * HOG_BYTES)
            self.site.happen(Publish(self.site.asks, "talk/1", None, body))


@dataclass(slots=True)
class ClockLiar(Liar):
    """Says of everything that it was ten years ago, or will be in as many."""

    def acts(self) -> None:
        self.site.skew_ms = self.network.world.dice.choice((YEARS_MS, -YEARS_MS))


@functools.cache
def _sybils(count: int) -> tuple[tuple[PeerId, tuple[Record, ...]], ...]:
    keys = [sybil(number) for number in range(1, count + 1)]
    return tuple((key.public.peer, junk(key, 18, START_MS)) for key in keys)


@dataclass(slots=True)
class SybilSwarm(Liar):
    """Brings friends whom nobody vouches for."""

    keys: int = 6

    def acts(self) -> None:
        for site in self.others:
            for peer, said in _sybils(self.keys):
                site.happen(LinkUp(peer))
                site.happen(SubscribeHeard(peer, FIRST, 0))
                site.happen(BatchHeard(peer, FIRST, len(said), said))
                site.happen(LinkDown(peer))
