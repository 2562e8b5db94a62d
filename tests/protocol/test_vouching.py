"""A stranger for whom enough neighbours vouch is let in; nobody else is (R12)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from fabnet.cooperation.charter import CharterBody, lineage_of
from fabnet.cooperation.vouches import DOCUMENT_KIND, VouchesBody, vouches_subject
from fabnet.cooperation.vouching import Vouching
from fabnet.protocol.effects import Drop, Effect, Keep, Put, Turn
from fabnet.protocol.events import (
    BatchHeard,
    LinkUp,
    Placed,
    ProofsHeard,
    Publish,
    Woke,
)
from fabnet.protocol.peer import Peer
from fabnet.protocol.voice import Identity
from fabnet.records.body import Body
from fabnet.records.civil import rfc3339
from fabnet.records.credential import issue
from fabnet.records.ids import CharterId, Now, PeerId
from fabnet.records.peer_record import seal_peer_record
from fabnet.records.proofs.fork import fork_of
from fabnet.records.record import Record
from tests.protocol.minds import (
    FEDERATION,
    FIRST,
    LOOM,
    LOOM_ID,
    MILL,
    MILL_ID,
    NOON_MS,
    TRUSTED,
    Said,
    cooperative,
    identity,
    key,
    log,
    membership,
    of,
    papers,
    revoking,
)

FORGE = cooperative("The Forge", 3, 13)
FORGE_ID = CharterId(str(lineage_of(FORGE)))
SMITH = key(3).public.peer


def vouches(
    by: CharterId, steward: int, *members: CharterId, version: int = 1
) -> bytes:
    subject = vouches_subject(
        voucher=by, charter_version=version, year=2026,
        entries=[("vouch", member) for member in members],
    )  # fmt: skip
    now = rfc3339(NOON_MS)
    signing = key(steward)
    return issue(
        DOCUMENT_KIND, issuer=signing.public.did, subject=subject, valid_from=now,
        keys=[signing], created=now,
    )  # fmt: skip


def by_mill(*members: CharterId) -> tuple[str, Body]:
    return "vouches/1", VouchesBody(vouches(MILL_ID, 11, *(members or (FORGE_ID,))))


def by_loom(*members: CharterId) -> tuple[str, Body]:
    return "vouches/1", VouchesBody(vouches(LOOM_ID, 12, *(members or (FORGE_ID,))))


def member(peer: Peer) -> None:
    """Let a mind know both cooperatives of the federation."""
    ours = peer.community
    turn = Turn(Now(NOON_MS, 0, "boot"))
    for document in (MILL, LOOM, FEDERATION):
        assert ours.learn_charter(turn, document) is None
    for each in (LOOM_ID, MILL_ID):
        assert ours.learn_membership(turn, membership(each)) is None


def mind(*, vouching: bool = True) -> Peer:
    """Return the Mill's mind, which trusts the federation, linked to a courier."""
    peer = Peer(at_the_mill(vouching=vouching))
    peer.handle(Woke(), now())
    member(peer)
    peer.handle(LinkUp(SMITH), now())
    return peer


def at_the_mill(*, vouching: bool = True) -> Identity:
    return replace(identity(1, MILL_ID, TRUSTED), vouching=vouching)


def now() -> Now:
    return Now(NOON_MS, 0, "boot")


def brings(peer: Peer, records: Sequence[Record], who: PeerId = SMITH) -> list[Effect]:
    return peer.handle(BatchHeard(who, FIRST, len(records), tuple(records)), now())


def kept(effects: list[Effect]) -> list[str]:
    return [it.record.kind for it in of(effects, Keep) if isinstance(it, Keep)]


def test_r12_a_stranger_with_two_vouchers_is_let_in_whole() -> None:
    ours = mind()
    said = log(3, ("charter/1", CharterBody(FORGE)), by_mill(), by_loom())

    assert not kept(brings(ours, said[:2]))
    assert kept(brings(ours, said[2:])) == ["charter/1", "vouches/1", "vouches/1"]

    assert ours.community.is_vouched(SMITH, NOON_MS)
    assert ours.community.hop(FORGE_ID, NOON_MS) == 1


def test_r12_it_is_let_in_when_its_neighbours_say_so_later() -> None:
    ours = mind()
    stranger = log(3, ("charter/1", CharterBody(FORGE)), ("talk/1", Said("good day")))
    assert not kept(brings(ours, stranger))
    assert ours.replica.strangers.buckets

    carried = log(1, by_mill()) + papers(2)
    loom = log(2, by_loom(), after=carried[-1])
    neighbour = brings(ours, [*carried[1:], *loom], key(2).public.peer)
    assert kept(neighbour) == ["charter/1", "charter/1", "membership/1", "vouches/1"]
    assert ours.replica.strangers.buckets, "one voucher is too few"

    turn = Turn(now())
    assert ours.community.learn(turn, by_mill()[1]) is None
    late = brings(ours, log(2, ("talk/1", Said("news")), after=loom[-1]))
    assert sorted(kept(late)) == ["charter/1", "talk/1", "talk/1"]
    assert not ours.replica.strangers.buckets


def test_without_the_operators_word_neighbours_let_nobody_in() -> None:
    ours = mind(vouching=False)
    said = log(3, ("charter/1", CharterBody(FORGE)), by_mill(), by_loom())

    assert not kept(brings(ours, said))
    assert not ours.community.is_vouched_charter(FORGE_ID, NOON_MS)


def test_to_policy_and_licence_who_was_let_in_is_a_stranger_still() -> None:
    ours = mind()
    brings(ours, log(3, ("charter/1", CharterBody(FORGE)), by_mill(), by_loom()))

    party = ours.community.party(FORGE_ID, NOON_MS)

    assert (party.standing, party.actor) == ("strangers", "individual")
    assert not party.facts


def test_r12_a_cooperative_whose_node_forked_vouches_for_nobody() -> None:
    ours = mind()
    brings(ours, log(3, ("charter/1", CharterBody(FORGE)), by_mill(), by_loom()))
    assert ours.community.is_vouched(SMITH, NOON_MS)
    said = papers(2)
    one, other = (
        log(2, ("talk/1", Said(word)), after=said[-1])[0] for word in ("yes", "no")
    )
    fork = fork_of(one, other)
    assert fork is not None

    ours.handle(ProofsHeard(SMITH, (fork,)), now())

    assert not ours.community.is_vouched(SMITH, NOON_MS)
    turn = Turn(now())
    assert ours.community.learn_charter(turn, revoking(2, 3, instead=6)) is None
    assert ours.community.learn(turn, by_loom_again()) is None
    assert ours.community.is_vouched(SMITH, NOON_MS), "its cooperative let the node go"


def by_loom_again() -> Body:
    """Return the Loom's list, signed again under its next charter."""
    return VouchesBody(vouches(LOOM_ID, 12, FORGE_ID, version=2))


def rows(effects: list[Effect]) -> dict[str, dict[str, bytes]]:
    found: dict[str, dict[str, bytes]] = {}
    for effect in effects:
        if isinstance(effect, Put):
            found.setdefault(effect.table, {})[effect.key] = effect.row
        elif isinstance(effect, Drop):
            found.get(effect.table, {}).pop(effect.key, None)
    return found


def test_r12_after_a_restart_the_same_are_vouched_for() -> None:
    first = Peer(at_the_mill())
    turn = Turn(now())
    ours = first.community
    for document in (MILL, LOOM, FEDERATION, FORGE):
        ours.learn_charter(turn, document)
    ours.learn_membership(turn, membership(LOOM_ID))
    for each in (by_mill(FORGE_ID), by_loom(FORGE_ID)):
        assert ours.learn(turn, each[1]) is None
    early = vouches(FORGE_ID, 13, LOOM_ID, version=2)
    assert ours.learn_vouches(turn, early) is None

    again = Peer.restore(at_the_mill(), rows(turn.effects), [], now())

    assert again.community.hop(FORGE_ID, NOON_MS) == 1
    assert [raw for _, raw in again.community.vouching.early.values()] == [early]


def test_r12_after_a_restart_a_contradiction_still_counts() -> None:
    first = Peer(at_the_mill())
    turn = Turn(now())
    ours = first.community
    for document in (MILL, LOOM, FEDERATION, FORGE):
        ours.learn_charter(turn, document)
    ours.learn_membership(turn, membership(LOOM_ID))
    for each in (by_mill(), by_loom(), by_loom(TRUSTED)):
        ours.learn(turn, each[1])
    assert ours.hop(FORGE_ID, NOON_MS) is None

    again = Peer.restore(at_the_mill(), rows(turn.effects), [], now())
    again.community.learn(Turn(now()), by_loom()[1])

    assert again.community.hop(FORGE_ID, NOON_MS) is None


@pytest.mark.parametrize("kind", ["charter/1", "membership/1", "vouches/1"])
def test_papers_of_a_stranger_that_do_not_read_do_not_stop_the_mind(kind: str) -> None:
    ours = mind()
    unreadable = log(3, (kind, Said("not a document")))
    forged = log(4, ("charter/1", CharterBody(FORGE[:-9] + b"x" + FORGE[-8:])))
    false = log(5, ("charter/1", CharterBody(b'{"credentialSubject":{}}')))

    for said in (unreadable, forged, false):
        assert not kept(brings(ours, said))


def test_a_stranger_is_tried_only_when_its_charter_is_vouched_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours = mind()
    for number in range(20, 60):
        raw = cooperative(f"Sybil {number}", number, number + 40)
        brings(ours, log(number, ("charter/1", CharterBody(raw))))
    trials: list[Vouching] = []
    copy = Vouching.copy

    def counted(self: Vouching) -> Vouching:
        trials.append(self)
        return copy(self)

    monkeypatch.setattr(Vouching, "copy", counted)

    said = papers(2)
    said += log(2, by_loom(), after=said[-1])
    assert "vouches/1" in kept(brings(ours, said, key(2).public.peer))

    assert len(ours.replica.strangers.buckets) == 40
    assert not trials


def test_where_others_can_dial_us_is_said_once_they_can_know_whose_we_are() -> None:
    ours = Peer(at_the_mill())
    record = seal_peer_record(key(1), 1, [])
    assert not kept(ours.handle(Placed(record), now()))

    said = ours.handle(Publish(1, "charter/1", None, CharterBody(MILL)), now())

    assert kept(said) == ["charter/1", "notice.node/1", "notice.reach/1"]
    assert not kept(ours.handle(Placed(record), now())), "nothing new"
