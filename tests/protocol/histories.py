"""Random histories of authors that fork, restore, exceed quotas and are revoked.

What a history says is signed and built once; `outcome` works out, with no peer, what
every site must come to show.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from random import Random
from typing import Final

import msgspec

from fabnet.cooperation import charter as charters
from fabnet.cooperation.charter import (
    CharterBody,
    charter_subject,
)
from fabnet.node import founding
from fabnet.production import request
from fabnet.protocol.community import Community
from fabnet.protocol.effects import Put, Turn
from fabnet.protocol.voice import Identity
from fabnet.records.body import Body
from fabnet.records.civil import rfc3339
from fabnet.records.credential import issue
from fabnet.records.ids import Incarnation, Now, PeerId
from fabnet.records.keys import SealingKey, SigningKey
from fabnet.records.proofs import checkpoint
from fabnet.records.proofs.checkpoint import CheckpointBody
from fabnet.records.record import Record, seal_record

THEN_MS: Final = 1_795_521_600_000
SITES: Final = 4
AUTHORS: Final = 3
SYBILS: Final = 2
LOG_BYTES: Final = 3_000
LOG_RECORDS: Final = 14
CHECKPOINT_RECORDS: Final = 3
NOTICES: Final = 2
FORKS: Final = 2
INCARNATIONS: Final = (Incarnation(1, 5), Incarnation(2, 7), Incarnation(2, 9))
"""The second and third are of one backup, restored twice."""


class Word(Body):
    """A body of any length."""

    said: str


def key(number: int) -> SigningKey:
    return SigningKey.from_seed(bytes([100 + number]) * 32)


SITE_KEYS: Final = [key(number) for number in range(SITES)]
AUTHOR_KEYS: Final = [key(10 + number) for number in range(AUTHORS)]
SYBIL_KEYS: Final = [key(20 + number) for number in range(SYBILS)]
SITE_IDS: Final = [each.public.peer for each in SITE_KEYS]
AUTHOR_IDS: Final = [each.public.peer for each in AUTHOR_KEYS]
STEWARD: Final = key(30)
SPARE: Final = [key(40 + number).public.peer for number in range(AUTHORS)]
"""Who speaks for an author's cooperative once the author is revoked."""

HOME: Final = founding.cooperative(
    "Home", nodes=SITE_IDS, steward=STEWARD, moment_ms=THEN_MS
)
HOME_ID: Final = founding.id_of(HOME)
FIRST_CHARTERS: Final = [
    founding.cooperative(
        f"Coop {number}", nodes=[peer], steward=STEWARD, moment_ms=THEN_MS
    )
    for number, peer in enumerate(AUTHOR_IDS)
]
COOPS: Final = [founding.id_of(each) for each in FIRST_CHARTERS]
FEDERATION: Final = founding.federation(
    "Region", [(HOME_ID, STEWARD)], membership_quorum=1, moment_ms=THEN_MS
)
TRUSTED: Final = founding.id_of(FEDERATION)


def identity(site: int) -> Identity:
    sealing = SealingKey.from_seed(bytes([site]) * 32)
    return Identity(
        SITE_KEYS[site], "test", Incarnation(1, 1), sealing.public, HOME_ID,
        frozenset((TRUSTED,)),
    )  # fmt: skip


@lru_cache(maxsize=1)
def _memberships() -> list[bytes]:
    return [
        founding.membership(
            member, TRUSTED, actor_type="worker_coop", facts=(), stewards=[STEWARD],
            moment_ms=THEN_MS,
        )
        for member in COOPS
    ]  # fmt: skip


@lru_cache(maxsize=1)
def _template() -> Community:
    """All cooperatives are known and vouched for at the start; learnt once."""
    known, turn = Community(identity(0)), Turn(Now(0, 0, ""))
    for document in (HOME, FEDERATION, *FIRST_CHARTERS):
        assert known.learn_charter(turn, document) is None
    for document in _memberships():
        assert known.learn_membership(turn, document) is None
    return known


def introduce(community: Community) -> None:
    """Let a community know everyone, as if it had heard their first records."""
    known = _template()
    community.charters.update(known.charters)
    community.memberships.update(known.memberships)
    community.nodes.update(known.nodes)


Cut = tuple[Incarnation, int]


@lru_cache(maxsize=4_096)
def revocation(author: int, cuts: tuple[Cut, ...]) -> bytes:
    """Return the charter of an author's cooperative after so many revocations."""
    subject = charter_subject(
        name=f"Coop {author}",
        stewards=[STEWARD.public],
        nodes=[SPARE[author]],
        version=1 + len(cuts),
        lineage=COOPS[author],
        revoked={AUTHOR_IDS[author]: cuts[-1]},
    )
    now = rfc3339(THEN_MS)
    return issue(
        charters.DOCUMENT_KIND, issuer=STEWARD.public.did, subject=subject,
        valid_from=now, keys=[STEWARD], created=now,
    )  # fmt: skip


@dataclass(slots=True)
class History:
    """What was said, by whom, and what charters say of it."""

    records: list[Record] = field(default_factory=list)
    """Of all authors: every branch of every log."""
    notices: list[Record] = field(default_factory=list)
    strangers: list[Record] = field(default_factory=list)
    """Of Sybils, whom nobody vouches for; they fork as well."""
    papers: list[bytes] = field(default_factory=list)
    """Charters that people hand to a site, rather than authors carrying them."""
    cuts: dict[PeerId, tuple[Cut, ...]] = field(default_factory=dict)


def history(dice: Random) -> History:
    """Draw one history."""
    drawn = History()
    carried: list[bytes] = []
    for number, peer in enumerate(AUTHOR_IDS):
        cuts = _cuts(dice)
        if not cuts:
            continue
        drawn.cuts[peer] = cuts
        for version in range(len(cuts)):
            document = revocation(number, cuts[: version + 1])
            (carried if dice.random() < 0.6 else drawn.papers).append(document)
    for speaker in AUTHOR_KEYS:
        for incarnation in INCARNATIONS[: dice.choice((1, 1, 2, 3))]:
            drawn.records += _log(dice, speaker, incarnation, carried)
        drawn.notices += _notices(dice, speaker)
    drawn.papers += carried
    for speaker in SYBIL_KEYS:
        drawn.strangers += _log(dice, speaker, INCARNATIONS[0], [])
        drawn.strangers += _notices(dice, speaker)
    return drawn


def _cuts(dice: Random) -> tuple[Cut, ...]:
    return tuple(
        (dice.choice(INCARNATIONS), dice.randint(0, 8))
        for _ in range(dice.choice((0, 0, 1, 2)))
    )


def _log(
    dice: Random, speaker: SigningKey, incarnation: Incarnation, carried: list[bytes]
) -> list[Record]:
    """Return one log, with its forks."""
    said: list[Record] = []
    count = dice.randint(0, dice.choice((9, 9, 15)))
    trunk = _chain(dice, speaker, incarnation, [], count, carried)
    said += trunk
    for _ in range(dice.choice((0, 0, 1, 2))):
        at = dice.randrange(len(trunk) + 1) if trunk else 0
        count = dice.randint(1, 3)
        said += _chain(dice, speaker, incarnation, trunk[:at], count, carried)
    return said


def _chain(
    dice: Random,
    speaker: SigningKey,
    incarnation: Incarnation,
    before: list[Record],
    count: int,
    carried: list[bytes],
) -> list[Record]:
    said: list[Record] = []
    for _ in range(count):
        log = [*before, *said]
        body: Body = Word(
            f"{dice.getrandbits(40):x}" + "." * dice.choice((0, 0, 300, 900))
        )
        kind, about = dice.choice(("talk/1", request.KIND)), None
        asked = [each.id for each in log if each.kind == request.KIND]
        if carried and dice.random() < 0.2:
            body, kind = (
                CharterBody(carried.pop(dice.randrange(len(carried)))),
                "charter/1",
            )
        elif asked and dice.random() < 0.3:
            kind, about = request.CLOSED_KIND, dice.choice(asked)
        elif len(log) >= CHECKPOINT_RECORDS and dice.random() < 0.3:
            body, kind = _checkpoint(dice, log), checkpoint.KIND
        last = log[-1] if log else None
        said.append(_sealed(speaker, kind, incarnation, last, about, body))
    return said


def _checkpoint(dice: Random, log: list[Record]) -> CheckpointBody:
    """Return a checkpoint of a log: true, too soon, or a lie."""
    true = truth(log, dice.randint(max(1, len(log) - 2), len(log)))
    if dice.random() < 0.7:
        return true
    lies = {"live_bytes": true.live_bytes // 2}, {"root": bytes(32)}, {"live": 1}
    return msgspec.structs.replace(true, **dice.choice(lies))


def truth(log: list[Record], upto: int) -> CheckpointBody:
    """Work out what is live, with nothing of the product's own."""
    told = log[:upto]
    closed = {each.header.key for each in told if each.kind == request.CLOSED_KIND}
    live = [
        each for each in told if not (each.kind == request.KIND and each.id in closed)
    ]
    weight = sum(each.header.body_len for each in live)
    root = _root([each.id.encode() for each in live])
    return CheckpointBody(upto, len(live), weight, root)


def _root(ids: list[bytes]) -> bytes:
    """The Merkle tree hash as RFC 6962 defines it, from above."""
    if len(ids) < 2:
        return sha256(b"\x00" + ids[0] if ids else b"").digest()
    half = 1 << (len(ids) - 1).bit_length() - 1
    return sha256(b"\x01" + _root(ids[:half]) + _root(ids[half:])).digest()


def _notices(dice: Random, speaker: SigningKey) -> list[Record]:
    return [
        seal_record(
            speaker, network="test", kind="notice.said/1",
            incarnation=dice.choice(INCARNATIONS), seq=dice.randint(1, 3), prev=None,
            moment_ms=THEN_MS, about=f"thing-{dice.randint(1, 4)}",
            body=Word(f"{dice.getrandbits(40):x}"),
        )
        for _ in range(dice.randint(0, 6))
    ]  # fmt: skip


def _sealed(
    speaker: SigningKey,
    kind: str,
    incarnation: Incarnation,
    before: Record | None,
    about: str | None,
    body: Body,
) -> Record:
    return seal_record(
        speaker, network="test", kind=kind, incarnation=incarnation,
        seq=1 if before is None else before.header.seq + 1,
        prev=None if before is None else before.id,
        moment_ms=THEN_MS, about=about, body=body,
    )  # fmt: skip


@dataclass(slots=True)
class Told:
    """A log as far as it counts, and what it weighs since its last true checkpoint."""

    log: list[Record] = field(default_factory=list)
    weight: int = 0
    upto: int = 0

    def has_room(self, record: Record) -> bool:
        return self.weight + record.header.body_len <= LOG_BYTES

    def take(self, record: Record) -> None:
        self.weight += record.header.body_len
        if record.kind == checkpoint.KIND:
            body = record.read(CheckpointBody)
            is_due = self.upto + CHECKPOINT_RECORDS <= body.upto <= len(self.log)
            if is_due and truth(self.log, body.upto) == body:
                self.upto = body.upto
                since = [*self.log[body.upto :], record]
                after = sum(each.header.body_len for each in since)
                self.weight = body.live_bytes + after
        self.log.append(record)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What every site must come to show of the authors."""

    valid: frozenset[str]
    """Ids of log records and notices that count, documents aside."""
    cuts: dict[PeerId, Cut]
    forks: dict[tuple[PeerId, Incarnation], int]
    """Forks that must be proven: those at places that would count otherwise."""


def outcome(drawn: History, proven: dict[tuple[PeerId, Incarnation], int]) -> Outcome:
    """Work out what counts, given all that was said and which forks were proven."""
    cuts = {peer: min(each) for peer, each in drawn.cuts.items()}
    ends = {peer: _capped(peer, proven) for peer in AUTHOR_IDS}
    logs: dict[tuple[PeerId, Incarnation], dict[int, dict[str, Record]]] = {}
    for record in drawn.records:
        header = record.header
        log = logs.setdefault((header.author, header.incarnation), {})
        log.setdefault(header.seq, {})[record.id] = record
    valid: set[str] = set()
    forks: dict[tuple[PeerId, Incarnation], int] = {}
    for (peer, incarnation), log in logs.items():
        last = min(
            (each for each in (cuts.get(peer), ends[peer]) if each), default=None
        )
        told = Told()
        for seq in range(1, LOG_RECORDS + 1):
            said = log.get(seq, {})
            if not said or (last is not None and (incarnation, seq) > last):
                break
            fit = [each for each in said.values() if told.has_room(each)]
            if len(said) > 1 and fit:
                forks[peer, incarnation] = seq
            if len(said) > 1 or not fit:
                break
            told.take(fit[0])
            if fit[0].kind != charters.KIND:
                valid.add(fit[0].id)
    for peer in AUTHOR_IDS:
        if peer not in cuts and ends[peer] is None:
            valid |= _newest([each for each in drawn.notices if each.author == peer])
    return Outcome(frozenset(valid), cuts, forks)


def _capped(peer: PeerId, proven: dict[tuple[PeerId, Incarnation], int]) -> Cut | None:
    forked = sorted(each for author, each in proven if author == peer)
    if len(forked) < FORKS:
        return None
    return forked[-1], proven[peer, forked[-1]] - 1


def _newest(notices: list[Record]) -> set[str]:
    newest: dict[str, Record] = {}
    for each in notices:
        about = each.header.key or ""
        held = newest.get(about)
        if held is None or _place(each) > _place(held):
            newest[about] = each
        elif _place(each) == _place(held):
            newest[about] = min(held, each, key=lambda record: record.id)
    return {newest[about].id for about in sorted(newest)[:NOTICES]}


def _place(record: Record) -> tuple[Incarnation, int]:
    return record.header.incarnation, record.header.seq


@lru_cache(maxsize=1)
def first_rows() -> dict[str, dict[str, bytes]]:
    """Return the rows that a site would have of everyone's first documents."""
    known, turn = Community(identity(0)), Turn(Now(0, 0, ""))
    for document in (HOME, FEDERATION, *FIRST_CHARTERS):
        known.learn_charter(turn, document)
    for document in _memberships():
        known.learn_membership(turn, document)
    rows: dict[str, dict[str, bytes]] = {}
    for effect in turn.effects:
        if isinstance(effect, Put):
            rows.setdefault(effect.table, {})[effect.key] = effect.row
    return rows
