"""Liars who keep from others what is, or go on when they should not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import msgspec

from fabnet.cooperation import charter as charters
from fabnet.cooperation.charter import CharterBody, charter_subject
from fabnet.node.links import frames
from fabnet.production import handoff
from fabnet.protocol.events import Publish
from fabnet.records.civil import rfc3339
from fabnet.records.credential import issue
from fabnet.records.ids import PeerId
from fabnet.records.record import open_record
from tests.sim.disk import Disk
from tests.sim.liars.lies import NETWORK, Liar, Talk
from tests.sim.restoring import restored

ROLLBACK_AFTER: Final = 4
"""Hours from a backup to when it is put back."""


@dataclass(slots=True)
class WithholdingHub(Liar):
    """Passes nothing on, neither of others nor of its own."""

    serves: ClassVar[bool] = False

    def lets_out(self, _to: PeerId, raw: bytes) -> bool:
        frame = frames.decode(raw)
        news = frames.BatchFrame | frames.ProofsFrame | frames.SupplyFrame
        return not isinstance(frame, news)


@dataclass(slots=True)
class Eclipse(Liar):
    """Serves its own records and leaves out everyone else's, as if there were none."""

    def lets_out(self, to: PeerId, raw: bytes) -> bool:
        frame = frames.decode(raw)
        if isinstance(frame, frames.ProofsFrame):
            return False
        if not isinstance(frame, frames.BatchFrame | frames.SupplyFrame):
            return True
        ours = tuple(it for it in frame.records if self._is_ours(it))
        if len(ours) == len(frame.records):
            return True
        self.writes(to, msgspec.structs.replace(frame, records=ours))
        return False

    def _is_ours(self, parcel: frames.Parcel) -> bool:
        record = open_record(parcel.envelope, parcel.body, network=NETWORK)
        return record.author == self.site.id


@dataclass(slots=True)
class StaleRollback(Liar):
    """Puts an old disk back, and says nothing of it."""

    old: Disk | None = None

    def acts(self) -> None:
        if self.acted % ROLLBACK_AFTER == 1:
            self.old = self.site.disk.copy()
        elif self.acted % ROLLBACK_AFTER == 0 and self.old is not None:
            restored(self.site, self.old, whole=True)
        self.site.asks += 1
        said = Talk(f"{self.network.world.now_ms}")
        self.site.happen(Publish(self.site.asks, "talk/1", None, said))

    def wakes(self) -> None:
        # An honest node would ask first whether it is the newest.
        release = self.site.mind.release
        release.held, release.start, release.by_tick = False, None, None


@dataclass(slots=True)
class Revoked(Liar):
    """Was cut off by its own cooperative, and goes on."""

    cut_seq: int = 0

    def acts(self) -> None:
        site, world = self.site, self.network.world
        if not self.cut_seq and self.others:
            self.cut_seq = site.mind.voice.seq
            carrier = self.others[0]
            carrier.asks += 1
            body = CharterBody(self._without_it())
            carrier.happen(Publish(carrier.asks, charters.KIND, None, body))
        site.asks += 1
        site.happen(Publish(site.asks, "talk/1", None, Talk(f"{world.now_ms}")))
        for making in list(site.mind.workshop.lots.values()):
            final = handoff.Final(
                making.job, making.epoch, making.maker, making.pieces, 0, "made", ""
            )
            self.speaks(making.requester, handoff.FINAL, final)

    def _without_it(self) -> bytes:
        network, identity = self.network, self.site.identity
        steward = network.stewards[self.site.name]
        now = rfc3339(network.world.now_ms)
        successor = network.world.signing(network.world.dice.randbytes(32))
        subject = charter_subject(
            name=self.site.name,
            stewards=[steward.public],
            nodes=[successor.public.peer],
            version=2,
            lineage=identity.charter,
            revoked={self.site.id: (identity.incarnation, self.cut_seq)},
        )
        return issue(
            charters.DOCUMENT_KIND, issuer=steward.public.did, subject=subject,
            valid_from=now, keys=[steward], created=now,
        )  # fmt: skip
