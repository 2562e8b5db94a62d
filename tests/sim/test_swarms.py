"""Many keys that nobody vouches for, linked to real minds (R12)."""

from __future__ import annotations

from fabnet.cooperation.charter import CharterBody
from fabnet.node import founding
from fabnet.protocol.community import NODE_KIND, NodeNotice
from fabnet.protocol.events import BatchHeard, LinkDown, LinkUp, SubscribeHeard
from fabnet.protocol.replica.strangers import STRANGER_RECORDS_MAX, STRANGERS_MAX
from fabnet.records.body import Body
from fabnet.records.ids import Incarnation, PeerId
from fabnet.records.keys import SigningKey
from fabnet.records.record import Record, seal_record
from tests.sim.cities import founded, hook, printer, published
from tests.sim.network import Network
from tests.sim.site import Site

FIRST = Incarnation(1, 5)


class Junk(Body):
    """A body that means nothing to anyone."""

    words: str


def sybil(number: int) -> SigningKey:
    return SigningKey.from_seed(number.to_bytes(32, "big"))


def junk(key: SigningKey, count: int, now_ms: int) -> tuple[Record, ...]:
    """Return a charter that names the key, and a chain of nonsense after it."""
    raw = founding.cooperative(
        "Sybil", nodes=[key.public.peer], steward=key, moment_ms=now_ms
    )
    said: list[Record] = []
    bodies: list[tuple[str, Body]] = [("charter/1", CharterBody(raw))]
    bodies += [("talk/1", Junk(f"word {number}" * 20)) for number in range(count)]
    for kind, body in bodies:
        last = said[-1] if said else None
        said.append(
            seal_record(
                key,
                network="test",
                kind=kind,
                incarnation=FIRST,
                seq=len(said) + 1,
                prev=None if last is None else last.id,
                moment_ms=now_ms,
                about=None,
                body=body,
            )
        )
    notice = NodeNotice(founding.id_of(raw), bytes(32), 600)
    said.append(
        seal_record(
            key,
            network="test",
            kind=NODE_KIND,
            incarnation=FIRST,
            seq=1,
            prev=None,
            moment_ms=now_ms,
            about="node",
            body=notice,
        )
    )
    return tuple(said)


def written(site: Site) -> set[PeerId]:
    return {record.author for record, _ in site.disk.records.values()}


def besieged(network: Network, site: Site, keys: int) -> list[SigningKey]:
    """Have so many keys link to a site, say all they can, and ask for all it has."""
    swarm = [sybil(number) for number in range(1, keys + 1)]
    now_ms = network.world.now_ms
    for key in swarm:
        peer = key.public.peer
        said = junk(key, 18, now_ms)
        site.happen(LinkUp(peer))
        site.happen(SubscribeHeard(peer, FIRST, 0))
        site.happen(BatchHeard(peer, FIRST, len(said), said))
    network.run(30)
    return swarm


def test_r12_a_swarm_of_200_keys_costs_no_disk_and_bounded_memory() -> None:
    network = founded("jackson", "detroit", seed=12)
    jackson, detroit = network["jackson"], network["detroit"]
    network.run(600)
    before = jackson.disk.size(), len(jackson.disk.records), len(jackson.disk.story)
    cursors = dict(jackson.disk.rows["cursor"])

    swarm = besieged(network, jackson, 200)

    after = jackson.disk.size(), len(jackson.disk.records), len(jackson.disk.story)
    assert after == before, "not one byte"
    assert jackson.disk.rows["cursor"] == cursors
    replica, gossip = jackson.mind.replica, jackson.mind.gossip
    keys = {key.public.peer for key in swarm}
    assert not keys & (gossip.held.keys() | gossip.cursors.keys())
    assert len(replica.strangers.buckets) <= STRANGERS_MAX
    assert max(map(len, replica.strangers.buckets.values())) <= STRANGER_RECORDS_MAX
    assert not replica.pen, "the pen is for those who are vouched for"
    assert not keys & jackson.mind.community.nodes.keys()

    for key in swarm:
        jackson.happen(LinkDown(key.public.peer))
    network.run(30)
    after = jackson.disk.size(), len(jackson.disk.records), len(jackson.disk.story)
    assert after == before, "nor afterwards"
    assert not keys & replica.turned_away
    assert not keys & (gossip.subscribers.keys() | gossip.ask_again_tick.keys())

    cid = published(detroit)
    network.knows_of(cid)
    assert written(jackson) == {jackson.id, detroit.id}


def test_r12_a_swarm_between_two_cities_stops_no_job() -> None:
    network = founded("jackson", "detroit", seed=13)
    jackson, detroit = network["jackson"], network["detroit"]
    detroit.owns(printer(detroit))
    jackson.accepting = True
    cid = published(jackson, hook())
    network.knows_of(cid)
    besieged(network, jackson, 60)
    besieged(network, detroit, 60)

    job = jackson.asks_for(cid, pieces=2)
    network.finish(jackson, job)

    closed = jackson.disk.closed_job(job)
    assert closed is not None
    assert written(detroit) == {jackson.id, detroit.id}
