"""A charter: the root of trust of a cooperative, or of a federation of them.

Its id is the hash of version 1. A later version counts only if a quorum of the version
before it and a quorum of its own signed it (TUF's root rule), so trust in version 1 is
enough to follow every later one, and no version can be skipped. Revocations only add
up: a version that leaves one out does not take it back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec

from fabnet.errors import MalformedError, RemoteError
from fabnet.records.body import Body
from fabnet.records.credential import (
    Credential,
    Json,
    document_id,
    open_credential,
    quorum_met,
    strict_loads,
)
from fabnet.records.ids import (
    CharterId,
    CharterIdText,
    DocumentId,
    Incarnation,
    Name,
    PeerId,
    PeerIdText,
    spelled,
)
from fabnet.records.keys import PublicKey, from_did
from fabnet.records.record import BODY_BYTES_MAX
from fabnet.records.refusal import Refusal

KIND: Final = "charter/1"
DOCUMENT_KIND: Final = "FabnetCharter"

STEWARDS_MAX: Final = 32
"""Keys that decide; a quorum of more has never met."""
PEOPLE_MAX: Final = 256
"""Operators, designers or members; with all their keys a charter still fits a body."""
NODES_MAX: Final = 128
"""Nodes that speak for one cooperative, now or before."""
VERSION_MAX: Final = 100_000

ActorKind = Literal["cooperative", "federation"]
Cut = tuple[Incarnation, int]
"""The last place in a revoked node's chain that still counts: incarnation and seq."""

_Did = Annotated[str, spelled("did:key:z6Mk[1-9A-HJ-NP-Za-km-z]{44}")]
_People = Annotated[tuple[_Did, ...], msgspec.Meta(max_length=PEOPLE_MAX)]
_Quorum = Annotated[int, msgspec.Meta(ge=1, le=STEWARDS_MAX)]


class CharterBody(Body):
    """A charter as a record carries it."""

    document: Annotated[bytes, msgspec.Meta(max_length=BODY_BYTES_MAX)]


class _Seat(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    charter: CharterIdText
    key: _Did


class _Quorums(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    charter: _Quorum
    membership: _Quorum
    policy: _Quorum


class _Revoked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    node: PeerIdText
    counter: Annotated[int, msgspec.Meta(ge=1, le=2**32 - 1)]
    random: Annotated[str, spelled("[0-7][0-9a-f]{15}")]
    """64 bits in hex: JSON readers do not agree about integers so long."""
    seq: Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]


class _Subject(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    name: Name
    actor_kind: ActorKind
    version: Annotated[int, msgspec.Meta(ge=1, le=VERSION_MAX)]
    stewards: Annotated[
        tuple[_Did | _Seat, ...], msgspec.Meta(min_length=1, max_length=STEWARDS_MAX)
    ]
    nodes: Annotated[tuple[PeerIdText, ...], msgspec.Meta(max_length=NODES_MAX)]
    operators: _People
    members: _People
    designers: _People
    quorums: _Quorums
    revoked: Annotated[tuple[_Revoked, ...], msgspec.Meta(max_length=NODES_MAX)]
    lineage: CharterIdText | None = None
    """The charter's id; absent in version 1, which cannot know it."""


@dataclass(frozen=True, slots=True)
class Charter:
    """One version of a charter, signed as it must be. Made only by `open_charter`."""

    id: CharterId
    document: DocumentId
    version: int
    name: str
    actor_kind: ActorKind
    steward_keys: frozenset[PublicKey]
    seats: tuple[tuple[CharterId, PublicKey], ...]
    """A federation's stewards, each with the charter that must name the key."""
    nodes: tuple[PeerId, ...]
    operator_keys: frozenset[PublicKey]
    member_keys: frozenset[PublicKey]
    designer_keys: frozenset[PublicKey]
    charter_quorum: int
    membership_quorum: int
    policy_quorum: int
    cuts: Mapping[PeerId, Cut]
    """Of every node that this or an earlier version revoked; the lowest counts."""

    def names_node(self, peer: PeerId) -> bool:
        """Whether this version lets a node speak for the cooperative."""
        return peer in self.nodes

    def cut(self, peer: PeerId) -> Cut | None:
        """Return up to where a revoked node's records count, or nil."""
        return self.cuts.get(peer)

    def speaks(self, peer: PeerId, incarnation: Incarnation, seq: int) -> bool:
        """Whether that record in a node's chain is the cooperative's, now or before."""
        cut = self.cuts.get(peer)
        return self.names_node(peer) if cut is None else (incarnation, seq) <= cut


def charter_subject(
    *,
    name: str,
    stewards: Sequence[PublicKey | tuple[CharterId, PublicKey]],
    nodes: Sequence[PeerId],
    actor_kind: ActorKind = "cooperative",
    version: int = 1,
    lineage: CharterId | None = None,
    operators: Iterable[PublicKey] = (),
    members: Iterable[PublicKey] = (),
    designers: Iterable[PublicKey] = (),
    charter_quorum: int = 1,
    membership_quorum: int = 1,
    policy_quorum: int = 1,
    revoked: Mapping[PeerId, Cut] | None = None,
) -> dict[str, Json]:
    """Return the subject of a charter that is ready to be signed."""
    subject: dict[str, Json] = {
        "name": name,
        "actorKind": actor_kind,
        "version": version,
        "stewards": [
            steward.did
            if isinstance(steward, PublicKey)
            else {"charter": steward[0], "key": steward[1].did}
            for steward in stewards
        ],
        "nodes": [*nodes],
        "operators": [key.did for key in operators],
        "members": [key.did for key in members],
        "designers": [key.did for key in designers],
        "quorums": {
            "charter": charter_quorum,
            "membership": membership_quorum,
            "policy": policy_quorum,
        },
        "revoked": [
            {
                "node": node,
                "counter": incarnation.counter,
                "random": f"{incarnation.random:016x}",
                "seq": seq,
            }
            for node, (incarnation, seq) in sorted((revoked or {}).items())
        ],
    }
    return subject if lineage is None else {**subject, "lineage": lineage}


def open_charter(raw: bytes, *, previous: Charter | None) -> Charter | Refusal:
    """Return the charter in `raw`, or why it does not count.

    `previous` is the version we hold; without one only version 1 can be opened. Bytes
    that are no authentic charter raise RemoteError.
    """
    credential = open_credential(raw, kind=DOCUMENT_KIND)
    if previous is not None and credential.id == previous.document:
        return previous
    charter = _read(credential, previous)
    refusal = _unsound(charter) or _unsigned(credential, charter, previous)
    if refusal is None and previous is not None:
        refusal = _unfollowing(charter, previous)
    return charter if refusal is None else refusal


def lineage_of(raw: bytes) -> CharterId | None:
    """Return the id of the charter that `raw` claims to be of; nothing is verified."""
    try:
        document = strict_loads(raw)
    except RemoteError:
        return None
    return _named_in(document, "lineage") or CharterId(document_id(document))


def named_in(raw: bytes, field: str) -> CharterId | None:
    """Return the charter that a document's subject names; nothing is verified."""
    try:
        return _named_in(strict_loads(raw), field)
    except RemoteError:
        return None


def _named_in(document: Mapping[str, Json], field: str) -> CharterId | None:
    subject = document.get("credentialSubject")
    name = subject.get(field) if isinstance(subject, dict) else None
    return CharterId(name) if isinstance(name, str) else None


def version_in(raw: bytes) -> int:
    """Return the version that a charter claims, or 0; nothing is verified."""
    try:
        subject = strict_loads(raw).get("credentialSubject")
    except RemoteError:
        return 0
    version = subject.get("version") if isinstance(subject, dict) else None
    return version if isinstance(version, int) else 0


def _read(credential: Credential, previous: Charter | None) -> Charter:
    try:
        subject = msgspec.convert(credential.subject, _Subject)
    except msgspec.ValidationError as error:
        raise MalformedError(f"charter: {error}") from error
    if (subject.version == 1) != (subject.lineage is None):
        raise MalformedError("charter: lineage is absent in version 1, and only there")
    seats = [each for each in subject.stewards if isinstance(each, _Seat)]
    stewards = [
        each.key if isinstance(each, _Seat) else each for each in subject.stewards
    ]
    if len(seats) != (len(stewards) if subject.actor_kind == "federation" else 0):
        raise MalformedError(
            "charter: stewards: of a federation, and only there, pairs"
        )
    return Charter(
        id=subject.lineage or CharterId(credential.id),
        document=credential.id,
        version=subject.version,
        name=subject.name,
        actor_kind=subject.actor_kind,
        steward_keys=_keys("stewards", stewards),
        seats=tuple((seat.charter, from_did(seat.key)) for seat in seats),
        nodes=subject.nodes,
        operator_keys=_keys("operators", subject.operators),
        member_keys=_keys("members", subject.members),
        designer_keys=_keys("designers", subject.designers),
        charter_quorum=subject.quorums.charter,
        membership_quorum=subject.quorums.membership,
        policy_quorum=subject.quorums.policy,
        cuts=_lowest({} if previous is None else previous.cuts, subject.revoked),
    )


def _keys(field: str, dids: Sequence[str]) -> frozenset[PublicKey]:
    keys = frozenset(from_did(did) for did in dids)
    if len(keys) < len(dids):
        raise MalformedError(f"charter: {field}: a key is named twice")
    return keys


def _lowest(
    before: Mapping[PeerId, Cut], revoked: Iterable[_Revoked]
) -> dict[PeerId, Cut]:
    cuts = dict(before)
    for each in revoked:
        cut = (Incarnation(each.counter, int(each.random, 16)), each.seq)
        cuts[each.node] = min(cuts.get(each.node, cut), cut)
    return cuts


def _unsound(charter: Charter) -> Refusal | None:
    """Return why a charter cannot work, whoever signed it."""
    stewards = len(charter.steward_keys)
    quorums = (
        charter.charter_quorum,
        charter.membership_quorum,
        charter.policy_quorum,
    )
    if max(quorums) > stewards:
        return Refusal("quorum-beyond-stewards", (("stewards", stewards),))
    for node in charter.nodes:
        if node in charter.cuts:
            return Refusal("node-revoked", (("node", node),))
    return None


def _unsigned(
    credential: Credential, charter: Charter, previous: Charter | None
) -> Refusal | None:
    for version in (charter,) if previous is None else (previous, charter):
        if not quorum_met(credential, version.steward_keys, version.charter_quorum):
            args = (("version", version.version), ("needed", version.charter_quorum))
            return Refusal("charter-quorum-not-met", args)
    if previous is None and charter.version > 1:
        return Refusal("charter-unknown", (("charter", charter.id),))
    return None


def _unfollowing(charter: Charter, previous: Charter) -> Refusal | None:
    """Return why a charter is not the version after `previous`."""
    if charter.id != previous.id:
        return Refusal("another-charter", (("charter", charter.id),))
    if charter.version <= previous.version:
        return Refusal("charter-not-newer", (("version", charter.version),))
    if charter.version > previous.version + 1:
        return Refusal("charter-version-missing", (("version", previous.version + 1),))
    if charter.actor_kind != previous.actor_kind:
        return Refusal("actor-kind-changed", (("was", previous.actor_kind),))
    for node in previous.nodes:
        if node not in charter.nodes and node not in charter.cuts:
            return Refusal("node-dropped-without-cut", (("node", node),))
    return None
