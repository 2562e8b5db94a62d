"""Cooperatives, federations and their documents, signed by keys from small seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from fabnet.cooperation.charter import Charter, charter_subject, open_charter
from fabnet.cooperation.membership import membership_subject
from fabnet.cooperation.policy import Policy, open_policy, policy_subject
from fabnet.records.credential import Json, issue
from fabnet.records.ids import CharterId
from fabnet.records.keys import SigningKey

NEW_YEAR: Final = "2026-01-01T00:00:00Z"
NEXT_YEAR: Final = "2027-01-01T00:00:00Z"


def key(number: int) -> SigningKey:
    return SigningKey.from_seed(bytes([number]) * 32)


ALICE, BOB, CAROL, MALLORY = key(11), key(12), key(13), key(14)
NODE, OTHER_NODE = key(21).public.peer, key(22).public.peer
STEWARDS: Final = [ALICE.public, BOB.public, CAROL.public]


def signed(
    kind: str,
    subject: Mapping[str, Json],
    keys: Sequence[SigningKey],
    *,
    until: str | None = None,
) -> bytes:
    """Return a document as its first signer issues it."""
    return issue(
        kind,
        issuer=keys[0].public.did,
        subject=subject,
        valid_from=NEW_YEAR,
        valid_until=until,
        keys=keys,
        created=NEW_YEAR,
    )


def charter_bytes(subject: Mapping[str, Json], *keys: SigningKey) -> bytes:
    return signed("FabnetCharter", subject, keys)


def founded(raw: bytes, previous: Charter | None = None) -> Charter:
    charter = open_charter(raw, previous=previous)
    assert isinstance(charter, Charter), charter
    return charter


def mill() -> Charter:
    """The cooperative of Alice, Bob and Carol: two decide, one signs policies."""
    subject = charter_subject(
        name="The Mill", stewards=STEWARDS, nodes=[NODE], designers=[CAROL.public],
        charter_quorum=2, membership_quorum=1, policy_quorum=2,
    )  # fmt: skip
    return founded(charter_bytes(subject, ALICE, BOB))


def federation(quorum: int = 2) -> Charter:
    """A federation of two cooperatives, for which Alice and Bob sit."""
    seats = [(CharterId("sha256:" + "1" * 64), ALICE.public),
             (CharterId("sha256:" + "2" * 64), BOB.public)]  # fmt: skip
    subject = charter_subject(
        name="Fab Region", actor_kind="federation", stewards=seats, nodes=[],
        membership_quorum=quorum,
    )  # fmt: skip
    return founded(charter_bytes(subject, ALICE))


def membership_bytes(
    federation_id: CharterId,
    member: CharterId,
    *keys: SigningKey,
    until: str | None = NEXT_YEAR,
) -> bytes:
    subject = membership_subject(
        member=member, federation=federation_id, actor_type="worker_coop",
        facts=["noncommercial_purpose", "cost_recovery_only"],
    )  # fmt: skip
    return signed("FabnetMembership", subject, keys, until=until)


def policy_bytes(subject: Mapping[str, Json], *keys: SigningKey) -> bytes:
    return signed("FabnetPolicy", subject, keys)


def enacted(fields: Mapping[str, object], charter: Charter | None = None) -> Policy:
    charter = charter or mill()
    subject = policy_subject(fields, charter.id, 1)
    policy = open_policy(policy_bytes(subject, ALICE, BOB), charter)
    assert isinstance(policy, Policy), policy
    return policy
