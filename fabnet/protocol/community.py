"""Who belongs: charters, memberships and policies, and what they make of a peer.

Charters and memberships prove themselves, so anyone may carry them; they enter here
only verified (python-tuf's trusted set). A peer is vouched when a charter names its
node key and a federation we trust signed that charter's membership, or, where the
operator wants it, when enough of those who are vouched for vouch for it; our own
cooperative needs no voucher. A later charter revokes a node by naming the last place in
its log that counts: nothing it says after that is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Final

import msgspec

from fabnet.content.cid import Cid
from fabnet.cooperation import charter as charters
from fabnet.cooperation import membership as memberships
from fabnet.cooperation import policy as policies
from fabnet.cooperation import vouches as vouches_lists
from fabnet.cooperation.charter import Charter, CharterBody, Cut, open_charter
from fabnet.cooperation.judgement import Party
from fabnet.cooperation.membership import Membership, MembershipBody, open_membership
from fabnet.cooperation.policy import Policy, PolicyBody, open_policy
from fabnet.cooperation.vouches import VOUCHES_BYTES_MAX, VouchesBody
from fabnet.cooperation.vouching import Vouching
from fabnet.designs.documents.dispute import Dispute, open_dispute
from fabnet.designs.revision import Revision
from fabnet.errors import RemoteError
from fabnet.production.facility import TtlS
from fabnet.protocol.effects import Drop, Turn, Void
from fabnet.protocol.voice import Identity, Voice
from fabnet.records.body import Body
from fabnet.records.credential import Credential, quorum_met
from fabnet.records.ids import CharterId, CharterIdText, Now, PeerId
from fabnet.records.record import BODY_BYTES_MAX, Record
from fabnet.records.refusal import Refusal

NODE_KIND: Final = "notice.node/1"
REACH_KIND: Final = "notice.reach/1"
REACH_BYTES_MAX: Final = 2_048
"""Bytes of a peer record, as in `hello`: a few addresses."""
NODE_TTL_S: Final = 86_400
"""How long our sealing key counts after it was heard; it is said three times within,
and seldom changes."""
CHARTERS_MAX: Final = 5_000
"""Charters known at once; twice the cooperatives a node may follow."""


class NodeNotice(Body):
    """A node says whose it is, and to which key personal data for it is sealed."""

    charter: CharterIdText
    sealing_key: Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
    ttl_s: TtlS


class Reach(Body):
    """A node says where others can dial it, in libp2p's own form."""

    peer_record: Annotated[bytes, msgspec.Meta(max_length=REACH_BYTES_MAX)]
    ttl_s: TtlS


class DocumentRow(Body):
    """A signed document as it came."""

    document: Annotated[bytes, msgspec.Meta(max_length=BODY_BYTES_MAX)]


class VouchesRow(Body):
    """A list of vouches as it came, or two that contradict each other."""

    documents: Annotated[
        tuple[Annotated[bytes, msgspec.Meta(max_length=VOUCHES_BYTES_MAX)], ...],
        msgspec.Meta(max_length=2),
    ]


_BODIES: Final[
    dict[str, type[CharterBody | MembershipBody | PolicyBody | VouchesBody]]
] = {
    charters.KIND: CharterBody,
    memberships.KIND: MembershipBody,
    policies.KIND: PolicyBody,
    vouches_lists.KIND: VouchesBody,
}
DOCUMENT_KINDS: Final = tuple(_BODIES)
"""Kinds of records whose documents prove themselves and decide who belongs."""
PAPERS: Final = (charters.KIND, memberships.KIND, vouches_lists.KIND)
"""Kinds of records that can make a stranger one of ours."""


@dataclass(slots=True)
class Community:
    """The cooperatives we know, and by whom they are vouched for."""

    identity: Identity
    charters: dict[CharterId, Charter] = field(default_factory=dict)
    memberships: dict[tuple[CharterId, CharterId], Membership] = field(
        default_factory=dict
    )
    """By federation and member; only of federations we trust."""
    policies: dict[CharterId, Policy] = field(default_factory=dict)
    nodes: dict[PeerId, CharterId] = field(default_factory=dict)
    """Whose each node is, or was until it was revoked."""
    sealing_keys: dict[PeerId, bytes] = field(default_factory=dict)
    forked: set[PeerId] = field(default_factory=set)
    """Nodes proven to have said two things at one place of a log."""
    vouching: Vouching = field(default_factory=Vouching)
    """What cooperatives say of each other."""
    roots: tuple[int, int, frozenset[CharterId]] | None = None
    """Our own cooperative and the members, from when until when they are these."""
    widened: bool = False
    """Whether anybody was vouched for since a peer last asked."""
    peer_record: bytes | None = None
    """Where others can dial us; nil behind a NAT."""

    # ------------------------------------------------------------------ questions

    def charter_of(self, peer: PeerId) -> CharterId | None:
        """Return the cooperative that this node speaks for now."""
        charter = self.nodes.get(peer)
        known = None if charter is None else self.charters.get(charter)
        return charter if known is not None and known.names_node(peer) else None

    def is_vouched(self, peer: PeerId, moment_ms: int) -> bool:
        """Whether this peer speaks now for a cooperative that is vouched for."""
        charter = self.charter_of(peer)
        return charter is not None and self.is_vouched_charter(charter, moment_ms)

    def takes(self, record: Record, moment_ms: int) -> bool:
        """Whether a record is kept; of a revoked node, its log up to the cut."""
        header = record.header
        charter = self.nodes.get(header.author)
        if charter is None or not self.is_vouched_charter(charter, moment_ms):
            return False
        known = self.charters[charter]
        if record.is_notice:
            return known.names_node(header.author)
        return known.speaks(header.author, header.incarnation, header.seq)

    def cut(self, peer: PeerId) -> Cut | None:
        """Return the last place that counts of a node that its charter cut off."""
        charter = self.nodes.get(peer)
        return None if charter is None else self.charters[charter].cut(peer)

    def is_vouched_charter(self, charter: CharterId, moment_ms: int) -> bool:
        """Whether a cooperative is ours, a trusted federation's member, or let in."""
        if charter == self.identity.charter:
            return True
        if self._membership(charter, moment_ms) is not None:
            return True
        return self.hop(charter, moment_ms) is not None

    def hop(self, charter: CharterId, moment_ms: int) -> int | None:
        """Return how far out cooperatives vouch for this one, 1 and more, or nil.

        Nil as well for our own, for a federation's members, and where the operator
        does not want it.
        """
        if not self.identity.vouching:
            return None
        liars = frozenset(filter(None, map(self.charter_of, self.forked)))
        roots = self._roots(moment_ms)
        return self.vouching.hops(roots, moment_ms, liars).get(charter)

    def actor(self, charter: CharterId, moment_ms: int) -> str:
        """Return the actor type that a federation signed; without one, `individual`."""
        membership = self._membership(charter, moment_ms)
        return "individual" if membership is None else membership.actor_type

    def facts(self, charter: CharterId, moment_ms: int) -> frozenset[str]:
        """Return the facts that a federation signed of a cooperative."""
        membership = self._membership(charter, moment_ms)
        return frozenset() if membership is None else frozenset(membership.facts)

    def party(self, charter: CharterId, moment_ms: int) -> Party:
        """Return a cooperative as a licence and our policy see it at that moment."""
        standing = "strangers"
        if charter == self.identity.charter:
            standing = "members"
        elif self._membership(charter, moment_ms) is not None:
            # A neighbour's word says that they are real, not that they are one of us.
            standing = "federation"
        return Party(
            self.actor(charter, moment_ms), self.facts(charter, moment_ms), standing
        )

    def admitted(
        self, revision: Revision, cid: Cid, said: Iterable[tuple[bytes, int]]
    ) -> list[tuple[Dispute, Credential, str]]:
        """Return the disputes of a revision by those who have a say, with their names.

        `said` are documents, each with the moment its record gives. One that does not
        count harms nobody.
        """
        admitted: list[tuple[Dispute, Credential, str]] = []
        for document, moment_ms in said:
            try:
                dispute, credential = open_dispute(document)
            except RemoteError:
                continue
            name = self.disputant(dispute, credential, revision, cid, moment_ms)
            if not isinstance(name, Refusal):
                admitted.append((dispute, credential, name))
        return admitted

    def disputant(
        self,
        dispute: Dispute,
        credential: Credential,
        revision: Revision,
        cid: Cid,
        moment_ms: int,
    ) -> str | Refusal:
        """Return the name of who disputes a grant, or why they have no say in it.

        A say have the stewards of a cooperative that was vouched for at that moment, in
        the quorum that makes its policy, and each rightsholder of the revision.
        """
        if dispute.revision != cid:
            return Refusal("dispute-of-another-revision", (("revision", cid),))
        if dispute.charter is None:
            names = {it.did: it.name for it in revision.rightsholders}
            return names.get(credential.issuer) or Refusal("not-a-rightsholder")
        charter = self.charters.get(dispute.charter)
        if charter is None or not self._was_vouched(charter.id, moment_ms):
            return Refusal("cooperative-not-vouched", (("charter", dispute.charter),))
        if not quorum_met(credential, charter.steward_keys, charter.policy_quorum):
            needed = (("needed", charter.policy_quorum),)
            return Refusal("dispute-quorum-not-met", needed)
        return charter.name

    def policy(self) -> Policy | None:
        """Return the policy our own cooperative decides by."""
        return self.policies.get(self.identity.charter)

    def would_vouch(self, records: Sequence[Record], moment_ms: int) -> bool:
        """Whether these records of a stranger, taken together, make it vouched.

        Tried on a copy, so that nothing of a stranger's enters before all of it may.
        """
        if not records or records[-1].kind not in PAPERS:
            return False
        trial = Community(
            self.identity,
            dict(self.charters),
            dict(self.memberships),
            dict(self.policies),
            dict(self.nodes),
            vouching=self.vouching.copy(),
        )
        try:
            for record in records:
                trial.hear(Turn(Now(moment_ms, 0, "")), record)
        except RemoteError:
            return False
        return trial.takes(records[-1], moment_ms)

    def would_admit(self, records: Sequence[Record], moment_ms: int) -> bool:
        """Whether a charter among a stranger's records is vouched for by others.

        Only then is it worth a trial, which costs more.
        """
        papers = [record for record in records if record.kind in PAPERS]
        for record in papers:
            named = _charter_in(record)
            if named is not None and self.is_vouched_charter(named, moment_ms):
                return self.would_vouch(papers, moment_ms)
        return False

    # ------------------------------------------------------------------ speaking

    def introduce(
        self, turn: Turn, voice: Voice, peer_record: bytes | None = None
    ) -> None:
        """Say to which key we are sealed to, once others can know whose we are.

        And where we can be dialled: as `peer_record` says, or the last one did.
        """
        self.peer_record = peer_record or self.peer_record
        ours = self.identity
        if self.charter_of(ours.peer) == ours.charter:
            body = NodeNotice(ours.charter, ours.sealing_public, NODE_TTL_S)
            voice.announce(turn, NODE_KIND, "node", body, ttl_s=NODE_TTL_S)
            if self.peer_record is not None:
                reach = Reach(self.peer_record, NODE_TTL_S)
                voice.announce(turn, REACH_KIND, "node", reach, ttl_s=NODE_TTL_S)

    # ------------------------------------------------------------------ hearing

    def hear(self, turn: Turn, record: Record) -> Refusal | None:
        """Take a charter, membership, policy or list; anything else is ignored."""
        of = _BODIES.get(record.kind)
        return None if of is None else self.learn(turn, record.read(of))

    def learn(self, turn: Turn, body: Body) -> Refusal | None:
        """Take what such a record carries, if it proves itself; else say why not."""
        match body:
            case CharterBody(document):
                return self.learn_charter(turn, document)
            case MembershipBody(document):
                return self.learn_membership(turn, document)
            case PolicyBody(document):
                return self.learn_policy(turn, document)
            case VouchesBody(document):
                return self.learn_vouches(turn, document)
            case _:
                return None

    def learn_charter(self, turn: Turn, document: bytes) -> Refusal | None:
        """Know a charter, or a later version of one, if it proves itself."""
        known = charters.lineage_of(document)
        if known is None:
            return Refusal("charter-unreadable")
        previous = self.charters.get(known)
        charter = open_charter(document, previous=previous)
        if isinstance(charter, Refusal):
            return charter
        if previous is not None and charter.version <= previous.version:
            return None
        if previous is None and charter.version > 1:
            return Refusal("charter-unknown", (("charter", charter.id),))
        if previous is None and len(self.charters) >= CHARTERS_MAX:
            return Refusal("too-many-charters", (("most", CHARTERS_MAX),))
        self.charters[charter.id] = charter
        for node in charter.nodes:
            self.nodes.setdefault(node, charter.id)
        for node, cut in charter.cuts.items():
            if self.nodes.get(node) != charter.id:
                continue
            self.sealing_keys.pop(node, None)
            if previous is None or previous.cut(node) != cut:
                turn.do(Void(node, *cut, onward=True))
        turn.put(
            "charter", f"{charter.id} {charter.version:06d}", DocumentRow(document)
        )
        self.vouching.charter_changed(charter, self.charters)
        self._write_vouches(turn)
        return None

    def learn_membership(self, turn: Turn, document: bytes) -> Refusal | None:
        """Know a membership, if a federation we trust signed it."""
        name = memberships.federation_of(document)
        federation = None if name is None else self.charters.get(name)
        if name not in self.identity.trust or federation is None:
            return Refusal("federation-not-trusted", (("federation", name or "?"),))
        membership = open_membership(document, federation)
        if isinstance(membership, Refusal):
            return membership
        place = (membership.federation, membership.member)
        held = self.memberships.get(place)
        if held is not None and held.valid_until_ms >= membership.valid_until_ms:
            return None
        self.memberships[place] = membership
        self.roots = None
        self.widened = True
        turn.put("membership", " ".join(place), DocumentRow(document))
        return None

    def learn_vouches(self, turn: Turn, document: bytes) -> Refusal | None:
        """Know for whom a cooperative vouches, if its stewards signed it."""
        self.vouching.tend(turn.now.moment_ms)
        refusal = self.vouching.learn(document, self.charters)
        self._write_vouches(turn)
        return refusal

    def learn_policy(self, turn: Turn, document: bytes) -> Refusal | None:
        """Know the newest policy of a charter, if its stewards enacted it."""
        name = policies.charter_of(document)
        charter = None if name is None else self.charters.get(name)
        if charter is None:
            return Refusal("charter-unknown", (("charter", name or "?"),))
        policy = open_policy(document, charter)
        if isinstance(policy, Refusal):
            return policy
        held = self.policies.get(charter.id)
        if held is not None and held.id == policy.id:
            return None
        if held is not None and held.version >= policy.version:
            return Refusal("policy-not-newer", (("version", policy.version),))
        self.policies[charter.id] = policy
        turn.put("policy", charter.id, DocumentRow(document))
        return None

    def learn_node(self, author: PeerId, notice: NodeNotice) -> None:
        """Know a node's sealing key, if the charter it claims names it."""
        if self.charter_of(author) == notice.charter:
            self.sealing_keys[author] = notice.sealing_key

    def _write_vouches(self, turn: Turn) -> None:
        self.widened = self.widened or bool(self.vouching.touched)
        for key in sorted(self.vouching.touched):
            documents = self.vouching.row(key)
            if documents:
                turn.put("vouches", key, VouchesRow(documents))
            else:
                turn.do(Drop("vouches", key))
        self.vouching.touched.clear()

    def _roots(self, moment_ms: int) -> frozenset[CharterId]:
        """Return from whom hops are counted; worked out anew when it may differ."""
        known = self.roots
        if known is not None and known[0] <= moment_ms < known[1]:
            return known[2]
        held = self.memberships.values()
        edges = [edge for it in held for edge in (it.valid_from_ms, it.valid_until_ms)]
        first = max((edge for edge in edges if edge <= moment_ms), default=0)
        last = min((edge for edge in edges if edge > moment_ms), default=2**63)
        members = [it.member for it in held if it.is_valid(moment_ms)]
        found = frozenset((self.identity.charter, *members))
        self.roots = (first, last, found)
        return found

    def _was_vouched(self, charter: CharterId, moment_ms: int) -> bool:
        """Whether a cooperative was vouched for then: no expiry voids an earlier act.

        Only the newest membership is held, so that it began later proves nothing.
        """
        return charter == self.identity.charter or any(
            held.member == charter and moment_ms < held.valid_until_ms
            for held in self.memberships.values()
        )

    def _membership(self, charter: CharterId, moment_ms: int) -> Membership | None:
        for federation in sorted(self.identity.trust):
            membership = self.memberships.get((federation, charter))
            if membership is not None and membership.is_valid(moment_ms):
                return membership
        return None


def _charter_in(record: Record) -> CharterId | None:
    """Return the charter that a record claims to carry; nothing is verified."""
    try:
        is_charter = record.kind == charters.KIND
        body = record.read(CharterBody) if is_charter else None
    except RemoteError:
        return None
    return None if body is None else charters.lineage_of(body.document)
