"""Cooperatives in cities, the federation that vouches for them, and what they make."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec

from fabnet.content.cid import Cid
from fabnet.cooperation import charter as charters
from fabnet.cooperation import membership as memberships
from fabnet.cooperation import policy as policies
from fabnet.cooperation.charter import CharterBody
from fabnet.cooperation.membership import ActorType, MembershipBody
from fabnet.cooperation.policy import PolicyBody
from fabnet.designs import revision as revisions
from fabnet.designs.documents import grant as grants
from fabnet.designs.documents import withdrawal as withdrawals
from fabnet.designs.documents.grant import Grant, grant_of, subject_of
from fabnet.designs.documents.withdrawal import Severity, Withdrawal
from fabnet.designs.revision import Revision
from fabnet.node import founding
from fabnet.production.capability import Capability
from fabnet.production.facility import Facility
from fabnet.production.machine import Machine, MachineState
from fabnet.production.place import place_at
from fabnet.protocol.voice import Identity
from fabnet.records.credential import issue
from fabnet.records.ids import CharterId, FacilityId, Incarnation, MachineId
from fabnet.records.keys import SealingKey, SigningKey
from tests.designs.samples import ADA, BEN, NOON, revision
from tests.sim.invariants import Invariants
from tests.sim.network import Network
from tests.sim.site import Site
from tests.sim.world import CALM, START_MS, Climate, World

PLACES: Final = {
    "jackson": (32.2988, -90.1848),
    "detroit": (42.3314, -83.0458),
    "barcelona": (41.3874, 2.1686),
}
FACTS: Final = ("cost_recovery_only", "noncommercial_purpose")
BED_UM: Final = 220_000


def hook(title: str = "Coat hook", licence: str = "CERN-OHL-S-2.0") -> Revision:
    """A design that takes five minutes a piece."""
    drawn = revision(licence)
    parts = tuple(
        msgspec.structs.replace(part, reference_s=300) for part in drawn.parts
    )
    return msgspec.structs.replace(drawn, title=title, parts=parts)


def granted(design: Revision) -> bytes:
    """Return the grant that enough of its rightsholders sign."""
    cid = revisions.revision_cid(revisions.encode(design))
    grant = grant_of(design, cid)
    assert isinstance(grant, Grant), grant
    return issue(
        grants.CREDENTIAL,
        issuer=ADA.public.did,
        subject=subject_of(grant),
        valid_from=NOON,
        keys=[ADA, BEN],
        created=NOON,
    )


def withdrawing(
    design: Revision,
    *signing: SigningKey,
    reason: str = "The arm breaks when it is cold.",
    severity: Severity = "recall",
    replacement: Cid | None = None,
) -> bytes:
    """Return a withdrawal, signed by enough of its rightsholders or by others."""
    cid = revisions.revision_cid(revisions.encode(design))
    said = Withdrawal(
        revision=cid, severity=severity, reason=reason, replacement=replacement
    )
    keys = signing or (ADA, BEN)
    return issue(
        withdrawals.CREDENTIAL,
        issuer=keys[0].public.did,
        subject=withdrawals.subject_of(said),
        valid_from=NOON,
        keys=keys,
        created=NOON,
    )


def printer(
    site: Site,
    name: str = "printer",
    *,
    bed_um: int = BED_UM,
    state: MachineState = "idle",
    ttl_s: int = 7_200,
) -> Machine:
    capability = Capability(
        "3d-printing.fdm", ("pla", "petg"), bed_um, bed_um, bed_um, 200, None, (400,),
        (), 120,
    )  # fmt: skip
    id_ = MachineId(f"{site.facility.id}/{name}")
    facility = site.facility.id
    return Machine(id_, facility, name, "MK4", state, (capability,), ttl_s)


def founded(
    *names: str,
    seed: int,
    climate: Climate = CALM,
    policy: Mapping[str, object] | None = None,
    policies_of: Mapping[str, Mapping[str, object]] | None = None,
    actors: Mapping[str, ActorType] | None = None,
    facility_ttl_s: int = 7_200,
    signing: Callable[[bytes], SigningKey] = SigningKey.from_seed,
) -> Network:
    """Return cities that are linked and know each other; `climate` comes after."""
    world, watch = World(seed, signing=signing), Invariants()
    network = Network(world, watch, {})
    stewards = {name: _key(world) for name in names}
    network.stewards = stewards
    nodes = {name: _key(world) for name in names}
    charter = {
        name: founding.cooperative(
            name,
            nodes=[nodes[name].public.peer],
            steward=stewards[name],
            moment_ms=START_MS,
        )
        for name in names
    }
    ids = {name: founding.id_of(raw) for name, raw in charter.items()}
    federation = founding.federation(
        "Three cities",
        [(ids[name], stewards[name]) for name in names],
        membership_quorum=min(2, len(names)),
        moment_ms=START_MS,
    )
    trusted = founding.id_of(federation)
    for name in names:
        site = _site(network, name, nodes[name], ids[name], trusted, facility_ttl_s)
        site.starts()
        membership = founding.membership(
            ids[name],
            trusted,
            actor_type=(actors or {}).get(name, "worker_coop"),
            facts=FACTS,
            stewards=list(stewards.values())[:2],
            moment_ms=START_MS,
        )
        rules = founding.policy(
            {"roundS": 1, **(policy or {}), **(policies_of or {}).get(name, {})},
            ids[name],
            steward=stewards[name],
            moment_ms=START_MS,
        )
        site.papers = [
            (charters.KIND, None, CharterBody(charter[name])),
            (charters.KIND, None, CharterBody(federation)),
            (memberships.KIND, ids[name], MembershipBody(membership)),
            (policies.KIND, ids[name], PolicyBody(rules)),
        ]
        for paper in site.papers:
            site.carries(*paper)
        site.introduces_itself()
    world.run(5_000)
    world.climate = climate
    return network


def joins_as(
    network: Network, site: Site, actor: ActorType, facts: Iterable[str] = FACTS
) -> None:
    """Have the federation sign anew who a cooperative is, and everyone hear of it."""
    (trusted,) = site.identity.trust
    membership = founding.membership(
        site.identity.charter,
        trusted,
        actor_type=actor,
        facts=facts,
        stewards=list(network.stewards.values())[:2],
        moment_ms=network.world.now_ms,
    )
    charter = site.identity.charter
    site.carries(memberships.KIND, charter, MembershipBody(membership))


def stranger(network: Network, name: str, *, trusts: CharterId) -> Site:
    """Return one more site, of a cooperative that nobody vouches for."""
    world = network.world
    steward, node = _key(world), _key(world)
    raw = founding.cooperative(
        name, nodes=[node.public.peer], steward=steward, moment_ms=START_MS
    )
    site = _site(network, name, node, founding.id_of(raw), trusts, 7_200)
    site.starts()
    site.carries(charters.KIND, None, CharterBody(raw))
    site.introduces_itself()
    return site


def published(
    site: Site, design: Revision | None = None, grant: bytes | None = None
) -> Cid:
    design = design or hook()
    return site.publishes(design, grant or granted(design))


def _key(world: World) -> SigningKey:
    return world.signing(world.dice.randbytes(32))


def _site(
    network: Network,
    name: str,
    key: SigningKey,
    charter: CharterId,
    trusted: CharterId,
    ttl_s: int,
) -> Site:
    world = network.world
    sealing = SealingKey.from_seed(world.dice.randbytes(32))
    identity = Identity(
        key=key,
        network="test",
        incarnation=Incarnation(1, world.dice.getrandbits(63)),
        sealing_public=sealing.public,
        charter=charter,
        trust=frozenset({trusted}),
    )
    latitude, longitude = PLACES.get(name, (0.0, 0.0))
    facility = Facility(
        FacilityId(name), name, charter, place_at(latitude, longitude), "UTC", "24/7",
        400, ttl_s,
    )  # fmt: skip
    site = Site(name, world, network.watch, identity, sealing, facility)
    network.add(site)
    return site
