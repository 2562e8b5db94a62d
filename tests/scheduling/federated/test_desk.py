"""A desk answers each ask by its own entry: version, its own no, then the level."""

from __future__ import annotations

import numpy as np

from fabnet.scheduling.federated.desk import Desk, answer
from fabnet.scheduling.federated.messages import Answers, Asks, Verdict

HELD_BY_4 = Desk(np.array([7]), np.array([9]), np.array([4]))
"""One laser, at version 7, which row 4 holds at level 9."""


def asked(*asks: tuple[int, int, int], no: bool = False) -> tuple[Desk, Answers]:
    """Return what comes of (row, version, level) asked of the laser."""
    row, version, level_ms = (np.array(column) for column in zip(*asks, strict=True))
    none = np.zeros(len(asks), np.int64)
    return answer(
        HELD_BY_4,
        Asks(row, none, none, version, level_ms, none),
        np.full(len(asks), no),
    )


def test_an_ask_at_the_price_is_outbid_and_hears_it() -> None:
    desk, answers = asked((1, 7, 9))

    assert desk.owner.tolist() == [4]
    assert answers.verdict.tolist() == [Verdict.OUTBID]
    assert answers.price_ms.tolist() == [9]


def test_a_higher_level_takes_the_slot_and_the_holder_hears_so() -> None:
    desk, answers = asked((1, 7, 12))

    assert (desk.owner.tolist(), desk.price_ms.tolist()) == ([1], [12])
    assert answers.row.tolist() == [1, 4]
    assert answers.verdict.tolist() == [Verdict.HELD, Verdict.OUTBID]
    assert answers.price_ms.tolist() == [12, 12]


def test_the_highest_level_wins_and_of_equals_the_lesser_row() -> None:
    desk, answers = asked((3, 7, 12), (2, 7, 12), (1, 7, 11))

    assert desk.owner.tolist() == [2]
    assert answers.verdict.tolist()[:3] == [
        Verdict.OUTBID,
        Verdict.HELD,
        Verdict.OUTBID,
    ]


def test_another_version_is_stale_whatever_the_level_and_the_answer_brings_it() -> None:
    desk, answers = asked((1, 6, 99), (2, 8, 99), no=True)

    assert desk.owner.tolist() == [4]
    assert answers.verdict.tolist() == [Verdict.STALE, Verdict.STALE]
    assert answers.version.tolist() == [7, 7]


def test_a_facility_may_refuse_whatever_the_level() -> None:
    desk, answers = asked((1, 7, 99), no=True)

    assert desk.owner.tolist() == [4]
    assert answers.verdict.tolist() == [Verdict.REFUSED]
