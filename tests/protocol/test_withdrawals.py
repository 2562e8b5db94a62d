"""Withdrawals and designs meet in the mind, whichever of the two comes first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fabnet.designs.documents.terms import NO_TERMS
from fabnet.designs.documents.withdrawal import KIND, WithdrawalBody
from fabnet.protocol.effects import Effect, Lower, Note, Recall
from fabnet.protocol.events import Design, Recalled
from fabnet.protocol.handoff.withdrawals import WAITING_MAX, Withdrawals
from fabnet.records.keys import SigningKey
from fabnet.records.record import Record, seal_record
from tests.designs.samples import ADA, BEN, CAI, EVE, cid_of, revision
from tests.protocol.minds import FIRST, NOON_MS, key, of, turn
from tests.sim.cities import withdrawing

DESIGN = revision()
CID = cid_of(DESIGN)
HERE = Design(CID, DESIGN, NO_TERMS, None)
LOOMS_NODE = key(2).public.peer


def said(document: bytes, seq: int = 1) -> Record:
    return seal_record(
        key(2), network="test", kind=KIND, incarnation=FIRST, seq=seq, prev=None,
        moment_ms=NOON_MS, about=CID, body=WithdrawalBody(document),
    )  # fmt: skip


def signed(*keys: SigningKey, reason: str = "It melts.") -> bytes:
    return withdrawing(DESIGN, *keys, reason=reason)


def notes(effects: list[Effect]) -> list[str]:
    return [each.code for each in effects if isinstance(each, Note)]


def test_a_design_in_memory_is_withdrawn_in_the_same_turn() -> None:
    now = turn()

    changed = Withdrawals().hear(now, said(signed(ADA, BEN)), (None, HERE))

    assert changed is not None
    assert changed.design is not None
    assert changed.design.why_withdrawn == "It melts."
    assert notes(now.effects) == ["withdrawn"]


def test_a_withdrawal_waits_for_its_design_and_has_it_fetched() -> None:
    heard, now = Withdrawals(), turn()

    assert heard.hear(now, said(signed(ADA, BEN)), (None, None)) is None
    assert of(now.effects, Recall) == [Recall(CID, (LOOMS_NODE,))]
    missing = Recalled(CID, None, "nobody has it")
    assert heard.recalled(now, missing) == missing
    # What was fetched may have been read before the record was kept.
    changed = heard.recalled(now, Recalled(CID, HERE, ""))

    assert changed.design is not None
    assert changed.design.why_withdrawn == "It melts."
    assert not heard.waiting


def test_what_does_not_count_changes_nothing_and_lowers_who_carried_it() -> None:
    for document in (signed(ADA), signed(EVE), b"no document"):
        now = turn()
        assert Withdrawals().hear(now, said(document), (HERE,)) is None
        assert notes(now.effects) == ["withdrawal-not-counted"]
        (lower,) = of(now.effects, Lower)
        assert isinstance(lower, Lower)
        assert lower.peer == LOOMS_NODE


@given(st.permutations((signed(ADA, BEN), signed(CAI, BEN), signed(EVE), signed(ADA))))
def test_whichever_is_heard_first_the_same_is_told(documents: list[bytes]) -> None:
    heard, design = Withdrawals(), HERE
    for at, document in enumerate(documents):
        changed = heard.hear(turn(), said(document, at + 1), (design,))
        if changed is not None and changed.design is not None:
            design = changed.design

    late = Withdrawals()
    for at, document in enumerate(documents):
        late.hear(turn(), said(document, at + 1), (None,))

    assert design.withdrawn is not None
    assert late.recalled(turn(), Recalled(CID, HERE, "")).design == design


def test_what_was_being_fetched_when_it_was_heard_is_withdrawn_too() -> None:
    heard = Withdrawals()
    heard.hear(turn(), said(signed(ADA, BEN)), (HERE,))

    changed = heard.recalled(turn(), Recalled(CID, HERE, "read before"))

    assert changed.design is not None
    assert changed.design.why_withdrawn == "It melts."


def test_what_waits_is_bounded_and_the_oldest_goes() -> None:
    heard = Withdrawals()
    for seq in range(1, WAITING_MAX + 2):
        heard.hear(turn(), said(b"later", seq), (None,))

    assert len(heard.waiting) == WAITING_MAX
    assert said(b"later", 1).id not in heard.waiting
