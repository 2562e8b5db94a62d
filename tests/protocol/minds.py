"""Identities, moments and records that the tests of this room share."""

from __future__ import annotations

from typing import Final

from fabnet.cooperation import charter as charters
from fabnet.cooperation.charter import CharterBody, charter_subject
from fabnet.cooperation.membership import MembershipBody
from fabnet.node import founding
from fabnet.protocol.community import Community
from fabnet.protocol.effects import Effect, Turn
from fabnet.protocol.voice import Identity, Voice
from fabnet.records.body import Body
from fabnet.records.civil import rfc3339
from fabnet.records.credential import issue
from fabnet.records.ids import CharterId, Incarnation, Now
from fabnet.records.keys import SealingKey, SigningKey
from fabnet.records.proofs.fork import Fork, fork_of
from fabnet.records.record import Record, seal_record

NOON_MS: Final = 1_795_521_600_000
HOUR_MS: Final = 3_600_000
FIRST: Final = Incarnation(1, 5)
NOBODY: Final = CharterId("sha256:" + "0" * 64)


class Said(Body):
    """A body that means nothing to anyone."""

    words: str


def key(number: int) -> SigningKey:
    return SigningKey.from_seed(bytes([number]) * 32)


def turn(tick_ms: int = 0) -> Turn:
    return Turn(Now(NOON_MS + tick_ms, tick_ms, "boot"))


def of(effects: list[Effect], kind: type[Effect]) -> list[Effect]:
    return [effect for effect in effects if isinstance(effect, kind)]


def identity(number: int, charter: CharterId = NOBODY, *trust: CharterId) -> Identity:
    sealing = SealingKey.from_seed(bytes([number]) * 32)
    return Identity(
        key(number), "test", FIRST, sealing.public, charter, frozenset(trust)
    )


def cooperative(name: str, node: int, steward: int) -> bytes:
    return founding.cooperative(
        name, nodes=[key(node).public.peer], steward=key(steward), moment_ms=NOON_MS
    )


MILL: Final = cooperative("The Mill", 1, 11)
LOOM: Final = cooperative("The Loom", 2, 12)
MILL_ID: Final = founding.id_of(MILL)
LOOM_ID: Final = founding.id_of(LOOM)
FEDERATION: Final = founding.federation(
    "Region",
    [(MILL_ID, key(11)), (LOOM_ID, key(12))],
    membership_quorum=2,
    moment_ms=NOON_MS,
)
TRUSTED: Final = founding.id_of(FEDERATION)


def revoking(node: int, cut: int, instead: int) -> bytes:
    """Return the Loom's next charter: one node goes, and another speaks."""
    subject = charter_subject(
        name="The Loom",
        stewards=[key(12).public],
        nodes=[key(instead).public.peer],
        version=2,
        lineage=LOOM_ID,
        revoked={key(node).public.peer: (FIRST, cut)},
    )
    now = rfc3339(NOON_MS)
    return issue(
        charters.DOCUMENT_KIND, issuer=key(12).public.did, subject=subject,
        valid_from=now, keys=[key(12)], created=now,
    )  # fmt: skip


def membership(member: CharterId, *stewards: int) -> bytes:
    return founding.membership(
        member,
        TRUSTED,
        actor_type="worker_coop",
        facts=("cost_recovery_only",),
        stewards=[key(number) for number in stewards or (11, 12)],
        moment_ms=NOON_MS,
    )


def at_the_mill() -> Identity:
    """The node of the Mill, which trusts the federation."""
    return identity(1, MILL_ID, TRUSTED)


def log(
    number: int,
    *bodies: tuple[str, Body],
    after: Record | None = None,
    at: Incarnation = FIRST,
) -> list[Record]:
    """Return a chain of log records by one node."""
    records: list[Record] = []
    last = after
    for kind, body in bodies:
        last = seal_record(
            key(number),
            network="test",
            kind=kind,
            incarnation=at,
            seq=1 if last is None else last.header.seq + 1,
            prev=None if last is None else last.id,
            moment_ms=NOON_MS,
            about=None,
            body=body,
        )
        records.append(last)
    return records


def notice(
    number: int,
    seq: int,
    body: Body,
    *,
    kind: str = "notice.said/1",
    about: str = "it",
) -> Record:
    return seal_record(
        key(number), network="test", kind=kind, incarnation=FIRST, seq=seq, prev=None,
        moment_ms=NOON_MS, about=about, body=body,
    )  # fmt: skip


def talk(number: int, count: int, at: Incarnation = FIRST) -> list[Record]:
    return log(number, *[("talk/1", Said(f"word {n}")) for n in range(count)], at=at)


def proof(one: Record, other: Record) -> Fork:
    fork = fork_of(one, other)
    assert fork is not None
    return fork


def papers(number: int = 2) -> list[Record]:
    """Return what the Loom's node says first: who it is, and who vouches for it."""
    return log(
        number,
        ("charter/1", CharterBody(LOOM)),
        ("charter/1", CharterBody(FEDERATION)),
        ("membership/1", MembershipBody(membership(LOOM_ID))),
    )


def community(me: Identity | None = None) -> Community:
    return Community(me or at_the_mill())


def knowing(number: int = 1) -> Community:
    """A community in which both cooperatives are known and vouched for."""
    known = Community(identity(number, MILL_ID, TRUSTED))
    for document in (MILL, LOOM, FEDERATION):
        assert known.learn_charter(turn(), document) is None
    assert known.learn_membership(turn(), membership(LOOM_ID)) is None
    assert known.learn_membership(turn(), membership(MILL_ID)) is None
    return known


def voice(number: int = 1) -> Voice:
    return Voice(identity(number))
