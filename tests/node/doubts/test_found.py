"""Which lots wait for a person, and since when, from what a node has written down."""

from __future__ import annotations

import msgspec
import pytest

from fabnet.node.api.doubts.found import (
    KINDS,
    RESTORED_SHOWN_MS,
    START_BY_S,
    SURPLUS_SHOWN_MS,
    doubts,
    signers_of,
    silent_from_ms,
)
from fabnet.node.api.doubts.listing import _COMMANDS
from fabnet.node.api.handlers.known import Books
from fabnet.node.cli.main import COMMANDS, parser
from fabnet.node.web.words.doubts import DOUBTS, TO_DO
from fabnet.production.lots import remnant as remnants
from fabnet.production.lots.lot import Lot
from fabnet.production.lots.making import Making
from fabnet.production.lots.remnant import Remnant
from fabnet.protocol.handoff.doubt.recovery import Stray
from fabnet.records.ids import Incarnation
from tests.production.samples import (
    HOUR_MS,
    MAKER,
    NOON_MS,
    OURS,
    POLICY,
    RESTORED,
    asked,
    changed,
    charter_id,
    queued,
)

END_MS = NOON_MS + HOUR_MS


def confirmed(**changes: object) -> Lot:
    lot = msgspec.structs.replace(asked(), state="confirmed", incarnation=OURS)
    return msgspec.structs.replace(lot, **changes)


def running() -> Making:
    return changed(
        queued(), state="in-doubt", intent=2, good=1, policy=POLICY, sealed=b""
    )


def known(
    *lots: Lot,
    makings: tuple[Making, ...] = (),
    left: tuple[Remnant, ...] = (),
    restored: Incarnation | None = None,
    start_by_s: dict[str, int] | None = None,
    strays: dict[str, Stray] | None = None,
) -> Books:
    return Books(
        jobs={},
        lots={f"{lot.job}/{lot.epoch}": lot for lot in lots},
        makings={str(place): it for place, it in enumerate(makings)},
        remnants={str(place): it for place, it in enumerate(left)},
        strays=strays or {},
        restored=restored,
        members=frozenset(),
        nodes={MAKER: charter_id("a")},
        names={},
        start_by_s=start_by_s or {},
    )


def kinds(
    books: Books, now_ms: int = NOON_MS, since_ms: int | None = None
) -> list[str]:
    return [it.kind for it in doubts(books, now_ms, since_ms)]


def test_nothing_waits_at_a_node_at_rest() -> None:
    closed = confirmed(state="closed", good=3)
    assert kinds(known(asked(), closed, confirmed()), END_MS) == []


def test_a_piece_in_doubt_and_a_bench_of_a_lost_database_wait_here() -> None:
    making = running()
    left = remnants.lose(making)
    books = known(makings=(making,), left=(left,))

    found = doubts(books, NOON_MS, None)
    assert [it.kind for it in found] == ["in-doubt", "bench-unknown"]
    assert {(it.machine, it.good, it.peer) for it in found} == {
        (making.machine, 1, making.requester)
    }
    counted = remnants.attest(left, good=1, scrap=0, document=b"signed")
    assert kinds(known(left=(counted,))) == []


@pytest.mark.parametrize(
    ("state", "kind"), [("lost", "lot-lost"), ("forgotten", "lot-forgotten")]
)
def test_lots_that_a_lost_database_was_between_wait_for_another(
    state: str, kind: str
) -> None:
    (found,) = doubts(known(confirmed(state=state, good=1)), NOON_MS, None)

    assert (found.kind, found.side, found.good, found.pieces) == (
        kind, "requester", 1, 3,
    )  # fmt: skip
    assert found.signers == 1


def test_surplus_is_shown_until_it_is_taken_or_long_over() -> None:
    late = confirmed(state="closed", good=3, written_off=2, surplus=2)

    assert kinds(known(late), END_MS) == ["surplus"]
    taken = msgspec.structs.replace(late, accepted=1)
    assert kinds(known(taken), END_MS) == []
    assert kinds(known(late), END_MS + SURPLUS_SHOWN_MS) == []


def test_a_machine_elsewhere_that_stands_still_is_told_to_who_waits_for_it() -> None:
    books, lot = known(confirmed()), confirmed()

    (found,) = doubts(books, NOON_MS, None, {(MAKER, lot.machine)})
    assert (found.kind, found.side, found.peer) == ("waits-there", "requester", MAKER)
    assert doubts(books, NOON_MS, None, {(lot.machine, MAKER)}) == []
    lost = known(confirmed(state="lost"))
    (found,) = doubts(lost, NOON_MS, None, {(MAKER, lot.machine)})
    assert found.kind == "lot-lost"


def test_silence_is_told_once_the_lot_can_not_begin_any_more() -> None:
    books = known(confirmed())
    by_ms = END_MS + START_BY_S * 1_000

    assert kinds(books, by_ms - 1) == []
    (found,) = doubts(books, by_ms, None)
    assert (found.kind, found.since_ms) == ("maker-silent", by_ms)


def test_a_lot_that_was_begun_may_take_as_long_as_its_window() -> None:
    begun = confirmed(good=1)
    by_ms = END_MS + START_BY_S * 1_000 + HOUR_MS

    assert kinds(known(begun), by_ms - 1) == []
    assert kinds(known(begun), by_ms) == ["maker-silent"]


def test_the_makers_policy_says_how_late_it_may_begin() -> None:
    books = known(confirmed(), start_by_s={charter_id("a"): 60})

    assert silent_from_ms(books, confirmed()) == END_MS + 60_000
    assert silent_from_ms(books, confirmed(state="lost")) is None


def test_two_sign_for_more_than_eight_hours() -> None:
    long = confirmed(end_ms=NOON_MS + 9 * HOUR_MS)

    assert signers_of(long) == 2
    assert signers_of(msgspec.structs.replace(long, good=1)) == 1
    assert signers_of(confirmed(state="closed", good=3)) == 0


def test_a_restore_is_told_for_a_fortnight_and_while_something_of_it_is_open() -> None:
    books = known(restored=RESTORED)
    later_ms = NOON_MS + RESTORED_SHOWN_MS

    assert kinds(books, NOON_MS, NOON_MS) == ["restored"]
    assert kinds(books, later_ms, NOON_MS) == []
    assert kinds(books, NOON_MS, None) == []
    waiting = known(confirmed(state="forgotten"), restored=RESTORED)
    assert kinds(waiting, later_ms, NOON_MS) == ["restored", "lot-forgotten"]
    assert kinds(known(), NOON_MS, NOON_MS) == []


def test_a_lot_that_only_its_maker_knows_is_shown_until_our_log_tells_of_it() -> None:
    lot = confirmed()
    key = f"{lot.job}/{lot.epoch}"
    strays = {key: Stray(lot.job, lot.epoch, 2, 0, MAKER, NOON_MS)}

    assert kinds(known(strays=strays)) == ["stray-lot"]
    assert kinds(known(lot, strays=strays)) == []
    assert kinds(known(strays=strays), NOON_MS + SURPLUS_SHOWN_MS) == []


def test_every_kind_has_words_and_a_command_that_exists() -> None:
    assert set(KINDS) == DOUBTS.keys() == TO_DO.keys() == _COMMANDS.keys()
    names = {command.name for command in COMMANDS}
    for kind in KINDS:
        words = _COMMANDS[kind].split()
        assert words[0] == "fabnet"
        assert words[1] in names, kind
        filled = [
            word.format(code="abcdefgh", epoch=1)
            .replace("good|scrap", "good")
            .replace("N", "1")
            for word in words[1:]
        ]
        parser().parse_args(filled)
