"""A membership: a federation signs who a cooperative is, and which facts hold of it.

Trust is configuration: a membership means something only to those who trust the
federation. What a licence asks of an actor (its type, and facts such as having no
profit purpose) comes from nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec

from fabnet.cooperation.charter import Charter, named_in
from fabnet.errors import MalformedError
from fabnet.records.body import Body
from fabnet.records.credential import Json, open_credential, quorum_met
from fabnet.records.ids import CharterId, CharterIdText, DocumentId, Token
from fabnet.records.record import BODY_BYTES_MAX
from fabnet.records.refusal import Refusal

KIND: Final = "membership/1"
DOCUMENT_KIND: Final = "FabnetMembership"
FACTS_MAX: Final = 32
"""Facts of one member; the terms of all known licences ask for fewer."""

ActorType = Literal["worker_coop", "nonprofit", "public_body", "individual", "firm"]
"""As the licence terms tell actors apart."""


class MembershipBody(Body):
    """A membership as a record carries it."""

    document: Annotated[bytes, msgspec.Meta(max_length=BODY_BYTES_MAX)]


class _Subject(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    member: CharterIdText
    federation: CharterIdText
    actor_type: ActorType
    facts: Annotated[tuple[Token, ...], msgspec.Meta(max_length=FACTS_MAX)]


@dataclass(frozen=True, slots=True)
class Membership:
    """What a federation vouches for. Made only by `open_membership`."""

    document: DocumentId
    member: CharterId
    federation: CharterId
    actor_type: ActorType
    facts: tuple[str, ...]
    valid_from_ms: int
    valid_until_ms: int

    def is_valid(self, moment_ms: int) -> bool:
        """Whether it counts at that moment: from its first second, until its last."""
        return self.valid_from_ms <= moment_ms < self.valid_until_ms


def membership_subject(
    *,
    member: CharterId,
    federation: CharterId,
    actor_type: ActorType,
    facts: Iterable[str] = (),
) -> dict[str, Json]:
    """Return the subject of a membership that is ready to be signed."""
    return {
        "member": member,
        "federation": federation,
        "actorType": actor_type,
        "facts": [*sorted(facts)],
    }


def open_membership(raw: bytes, federation: Charter) -> Membership | Refusal:
    """Return the membership in `raw`, or why it is none; bad bytes raise RemoteError.

    Its validity is of the document, and is asked for with a moment; `federation` is
    the version of the charter that is held now.
    """
    credential = open_credential(raw, kind=DOCUMENT_KIND)
    try:
        subject = msgspec.convert(credential.subject, _Subject)
    except msgspec.ValidationError as error:
        raise MalformedError(f"membership: {error}") from error
    if credential.valid_until_ms is None:
        raise MalformedError("membership: validUntil is missing")
    if subject.federation != federation.id:
        return Refusal("another-federation", (("federation", subject.federation),))
    if federation.actor_kind != "federation":
        return Refusal("not-a-federation", (("charter", federation.id),))
    needed = federation.membership_quorum
    if not quorum_met(credential, federation.steward_keys, needed):
        return Refusal("membership-quorum-not-met", (("needed", needed),))
    return Membership(
        credential.id,
        subject.member,
        subject.federation,
        subject.actor_type,
        subject.facts,
        credential.valid_from_ms,
        credential.valid_until_ms,
    )


def federation_of(raw: bytes) -> CharterId | None:
    """Return the federation that `raw` claims to be signed by; nothing is verified."""
    return named_in(raw, "federation")
