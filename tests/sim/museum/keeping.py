"""Bugs of the replica, of gossip and of the release: whose records count, and where."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from fabnet.cooperation import charter as charters
from fabnet.cooperation.charter import CharterBody, charter_subject, lineage_of
from fabnet.node.links import frames
from fabnet.protocol.community import Community
from fabnet.protocol.effects import Turn, Void
from fabnet.protocol.events import BatchHeard
from fabnet.protocol.gossip import Gossip
from fabnet.protocol.handoff.doubt.recovery import Recovery
from fabnet.protocol.release import Release
from fabnet.protocol.replica import ends, replica
from fabnet.protocol.replica.ends import ChainRow, Ends
from fabnet.protocol.replica.replica import Replica
from fabnet.records.civil import rfc3339
from fabnet.records.credential import issue
from fabnet.records.record import Record
from tests.sim.cities import hook, published, stranger
from tests.sim.disk import read
from tests.sim.museum.asking import NOTE
from tests.sim.museum.exhibit import Exhibit, Whole
from tests.sim.museum.stories import HOUR_S, PIECES, over, towns
from tests.sim.network import Network
from tests.sim.restoring import backed_up, restored
from tests.sim.site import Site
from tests.sim.soak import ending
from tests.sim.test_forks import tells

# ------------------------------------------------------------------ the stories


def copy_that_wrote() -> None:
    """A whole copy is brought back while no peer is there, and is written to."""
    network, jackson, detroit, barcelona, cid = towns()
    copied = backed_up(jackson)
    jackson.asks_for(cid, 1)
    network.run(600)
    for other in (detroit, barcelona):
        network.world.part(jackson.id, other.id)
    restored(jackson, copied, whole=True)
    jackson.asks_for(cid, 2)
    network.world.heal()
    over(network, after_s=4 * HOUR_S)
    strays = jackson.disk.rows.get("stray", {}).keys()
    assert not strays & jackson.disk.rows["lot"].keys(), "a stray that is in the book"


def told_again() -> None:
    """A requester loses its disk; its maker, restored after, is fenced once more."""
    network, jackson, detroit, _, cid = towns()
    job = jackson.asks_for(cid, PIECES)
    network.finish(jackson, job)
    network.run(600)
    restored(jackson)
    network.run(HOUR_S)
    restored(detroit, backed_up(detroit))
    over(network, after_s=4 * HOUR_S)
    strays = jackson.disk.rows.get("stray", {}).keys()
    assert not strays & jackson.disk.rows["lot"].keys(), "a stray that is in the book"


def forked() -> None:
    """A node says two things at one place, some way back, and goes on speaking."""
    network, _, detroit, barcelona, _ = towns()
    for number in range(3):
        published(detroit, hook(f"Hook {number}"))
    network.run(60)
    tells(detroit, barcelona, back=2)
    network.run(60)
    published(detroit, hook("One more"))
    network.run(600)
    network.watch.settled()


def revoked() -> None:
    """A cooperative revokes its node as of a place that it has left behind."""
    network, jackson, detroit, _, _ = towns()
    head = detroit.mind.replica.voice.seq
    place = (detroit.identity.incarnation, head)
    published(detroit, hook("Not any more"))
    network.run(60)
    raw = _revoking(network, detroit, place)
    jackson.carries(charters.KIND, None, CharterBody(raw))
    network.run(60)
    published(detroit, hook("Nor this"))
    network.run(600)
    for record in jackson.disk.valid():
        ours = record.author != detroit.id or record.is_notice
        counts = ours or record.header.seq <= head
        assert counts, "R7: what came after a revocation counts"


def _revoking(network: Network, site: Site, place: charters.Cut) -> bytes:
    steward, at = network.stewards[site.name], rfc3339(network.world.now_ms)
    paper = site.papers[0][2]
    assert isinstance(paper, CharterBody)
    subject = charter_subject(
        name=site.name,
        stewards=[steward.public],
        nodes=[steward.public.peer],
        version=2,
        lineage=lineage_of(paper.document),
        revoked={site.id: place},
    )
    return issue(
        charters.DOCUMENT_KIND, issuer=steward.public.did, subject=subject,
        valid_from=at, keys=[steward], created=at,
    )  # fmt: skip


def with_a_stranger() -> None:
    """A node nobody vouches for says all it can."""
    network, jackson, _, _, _ = towns()
    (trust,) = jackson.identity.trust
    mallory = stranger(network, "mallory", trusts=trust)
    for number in range(3):
        mallory.publishes(hook(f"Junk {number}"), None)
    network.run(900)
    for record, _ in jackson.disk.records.values():
        assert record.author != mallory.id, "R12: a stranger is kept on disk"


def past_its_quota() -> None:
    """A log grows longer than it may: all keep the same beginning of it."""
    network, _, detroit, _, _ = towns()
    network.run(60)
    weighs = max(
        read(row, ChainRow).body_bytes
        for site in network.sites.values()
        for row in site.disk.rows["head"].values()
    )
    with _shorter(weighs + 1):
        for number in range(3):
            published(detroit, hook(f"Hook {number}"))
        network.run(600)


@contextmanager
def _shorter(most: int) -> Iterator[None]:
    """Let logs be short enough for a story."""
    sound = ends.LOG_BYTES_MAX
    rooms: tuple[object, ...] = (ends, replica)
    for room in rooms:
        setattr(room, "LOG_BYTES_MAX", most)  # noqa: B010  # it is Final elsewhere
    try:
        yield
    finally:
        for room in rooms:
            setattr(room, "LOG_BYTES_MAX", sound)  # noqa: B010  # likewise


def out_of_order() -> None:
    """A record comes before the one that it follows, and then the power goes."""
    network, jackson, detroit, barcelona, _ = towns()
    network.run(60)
    for other in (jackson, detroit):
        network.world.part(barcelona.id, other.id)
    published(detroit, hook("Another hook"))
    network.run(60)
    jackson.carries(*jackson.papers[3])
    early = _newest(jackson, detroit.mind.voice.seq, detroit)
    next_ = _newest(jackson, jackson.mind.voice.seq, jackson)
    parcels = tuple(frames.Parcel(it.envelope, it.body) for it in (next_, early))
    came, arrival = jackson.identity.incarnation, jackson.mind.voice.arrival
    batch = frames.BatchFrame("batch", came, arrival, parcels, ())
    barcelona.hear(jackson.id, frames.encode(batch))
    network.run(60)
    barcelona.crashes()
    barcelona.starts()
    network.world.mend([frozenset((barcelona.id, jackson.id))])
    # Later the two would compare all that they have, and mend it.
    network.run(900)
    ending.check(network)


def _newest(site: Site, seq: int, author: Site) -> Record:
    (found,) = [
        record
        for record in site.disk.valid()
        if (record.author, record.header.seq) == (author.id, seq)
        and not record.is_notice
    ]
    return found


# ------------------------------------------------------------------ the bugs


def _is_not_held(_: Whole) -> Whole:
    def faulty(self: Release, turn: Turn, *, first: bool) -> None:
        del first
        self._let_go(turn)

    return faulty


def _nothing(_: Whole) -> Whole:
    return lambda *_, **__: None


def _true(_: Whole) -> Whole:
    return lambda *_, **__: True


def _voids_nothing(learn: Whole) -> Whole:
    def faulty(self: object, turn: Turn, said: object) -> object:
        is_news = learn(self, turn, said)
        turn.effects[:] = [it for it in turn.effects if not isinstance(it, Void)]
        return is_news

    return faulty


def _remembers_none(_: Whole) -> Whole:
    return lambda *_: None


def _no(_: Whole) -> Whole:
    return lambda *_, **__: False


def _penned_or_not(batch_done: Whole) -> Whole:
    def faulty(
        self: Gossip, turn: Turn, event: BatchHeard, *, penned: bool, known: bool = True
    ) -> None:
        del penned
        batch_done(self, turn, event, penned=False, known=known)

    return faulty


KEEPING: Final = {
    "a copy brought back speaks at once": Exhibit(
        "an honest node never forks", NOTE,
        Release, "wake", _is_not_held, copy_that_wrote, "R5",
    ),
    "what a copy wrote is not unsaid": Exhibit(
        "what nobody saw was never said", NOTE,
        Release, "_unsay", _nothing, copy_that_wrote, "R5",
    ),
    "what lies past a fork is taken": Exhibit(
        "a log ends below its lowest proven fork", NOTE,
        Ends, "counts", _true, forked, "R4",
    ),
    "what lies past a fork still counts": Exhibit(
        "a log ends below its lowest proven fork", NOTE,
        Ends, "learn", _voids_nothing, forked, "R4",
    ),
    "what came after a revocation counts": Exhibit(
        "a revoked key's later records vanish", NOTE,
        Community, "learn_charter", _voids_nothing, revoked, "R7",
    ),
    "the quota is skipped": Exhibit(
        "one author's log has a bound", NOTE,
        Replica, "_is_past_quota", _no, past_its_quota, "R6",
    ),
    "a lot that our own log brought back is told of as a stray": Exhibit(
        "no false alarm", "this museum",
        Recovery, "_brought_back", _remembers_none, told_again, "a stray that is",
    ),
    "strangers are kept on disk": Exhibit(
        "a stranger costs no disk", NOTE,
        Community, "takes", _true, with_a_stranger, "R12",
    ),
    "a cursor is written before the pen is empty": Exhibit(
        "what waits comes again after a crash", NOTE,
        Gossip, "batch_done", _penned_or_not, out_of_order, "different logs",
    ),
}  # fmt: skip
