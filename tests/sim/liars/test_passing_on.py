"""A hub that alters what it passes on: each log says itself where it has a hole.

Barcelona is all that Detroit hears of Jackson. The records are signed, each names the
one before it, and no hub can make another chain of them.
"""

from __future__ import annotations

import msgspec
import pytest

from fabnet.node.links import frames
from fabnet.protocol.events import Publish
from fabnet.records.ids import PeerId
from fabnet.records.record import Record, open_record
from tests.sim.liars.lies import NETWORK, Liar, Talk
from tests.sim.network import Network
from tests.sim.site import Site
from tests.sim.test_stories import cities

SAID = 6


class Altering(Liar):
    """A hub that passes other batches on to Detroit than it should."""

    withheld: int | None = None
    """The seq of the one record of Jackson that it keeps to itself."""
    is_backwards: bool = False
    """Whether it turns the order of each batch around."""
    passed: int = 0
    """How many records left it so."""
    turned: int = 0
    """The most records of one batch whose order it turned around."""

    def lets_out(self, to: PeerId, raw: bytes) -> bool:
        frame = frames.decode(raw)
        detroit = self.network.sites["detroit"].id
        if to != detroit or not isinstance(frame, frames.BatchFrame):
            return True
        parcels = [each for each in frame.records if not self._is_withheld(each)]
        if self.is_backwards:
            parcels.reverse()
            self.turned = max(self.turned, len(parcels))
        self.passed += len(parcels)
        altered = msgspec.structs.replace(frame, records=tuple(parcels))
        self.writes(to, altered)
        return False

    def _is_withheld(self, parcel: frames.Parcel) -> bool:
        record = open_record(parcel.envelope, parcel.body, network=NETWORK)
        is_theirs = record.author == self.network.sites["jackson"].id
        is_log = is_theirs and not record.is_notice
        return is_log and record.header.seq == self.withheld


def between() -> tuple[Network, Site, Site, Altering]:
    """Let all know each other, then part Jackson from Detroit."""
    network, jackson, detroit, barcelona = cities()
    network.run(120)
    network.world.part(jackson.id, detroit.id)
    hub = Altering(network, barcelona)
    hub.begin()
    return network, jackson, detroit, hub


def says(site: Site, words: str) -> None:
    site.asks += 1
    site.happen(Publish(site.asks, "talk/1", None, Talk(words)))


def log_of(author: Site, at: Site) -> list[Record]:
    """Return what counts of an author's log somewhere, in the order it was taken."""
    valid = [each for each in at.disk.valid() if each.author == author.id]
    return [each for each in valid if not each.is_notice]


def seqs(author: Site, at: Site) -> list[int]:
    return [record.header.seq for record in log_of(author, at)]


@pytest.mark.parametrize("which", range(1, SAID))
def test_r10_whoever_withholds_one_record_is_believed_no_further_than_the_hole(
    which: int,
) -> None:
    network, jackson, detroit, hub = between()
    before = seqs(jackson, detroit)[-1]
    hub.withheld = before + which

    for number in range(SAID):
        says(jackson, f"word {number}")
    network.run(600)

    assert hub.passed >= SAID - 1, "all the others came"
    assert seqs(jackson, detroit) == list(range(1, before + which))
    assert detroit.mind.replica.has_penned(hub.site.id), "and wait behind the hole"

    network.world.heal()
    network.run(120)

    whole = [record.id for record in log_of(jackson, jackson)]
    assert [record.id for record in log_of(jackson, detroit)] == whole
    assert not detroit.mind.replica.has_penned(hub.site.id)


def test_r3_whoever_turns_the_order_around_changes_nothing() -> None:
    network, jackson, detroit, hub = between()
    hub.is_backwards = True
    # As one batch: the hub hears of all while it cannot reach Detroit.
    network.world.part(hub.site.id, detroit.id)
    for number in range(SAID):
        says(jackson, f"word {number}")
    network.run(60)
    network.world.heal()
    network.world.part(jackson.id, detroit.id)
    network.run(600)

    assert hub.turned >= SAID, "in one batch"
    taken = log_of(jackson, detroit)
    assert [each.id for each in taken] == [each.id for each in log_of(jackson, jackson)]
    assert seqs(jackson, detroit) == list(range(1, len(taken) + 1)), "as it was said"
    assert not detroit.lowered, "late is no lie"
