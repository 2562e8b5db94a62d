"""A batch is shared out whole, no share too small, and done as soon as can be."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fabnet.errors import InputError
from fabnet.scheduling.queue.split import Hours, split

windows = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 20), st.integers(1, 12)), max_size=5
)


def _hours(
    each: list[tuple[int, int, int]], setup: list[int], piece: list[int]
) -> Hours:
    slot, opens, length = (
        np.array([row[axis] for row in each], np.int64) for axis in range(3)
    )
    return Hours(
        np.array(setup, np.int64),
        np.array(piece, np.int64),
        slot,
        opens,
        opens + length,
    )


def _soonest(hours: Hours, pieces: int, minimum: int) -> int | None:
    """Return when a batch can be done at the soonest, by trying every sharing."""
    found: list[int] = []
    minimum = min(minimum, pieces)
    for shares in product(range(pieces + 1), repeat=3):
        if sum(shares) != pieces or any(0 < share < minimum for share in shares):
            continue
        ends = [_end(hours, slot, share) for slot, share in enumerate(shares) if share]
        if None not in ends:
            found.append(max(end for end in ends if end is not None))
    return min(found, default=None)


def _end(hours: Hours, slot: int, share: int) -> int | None:
    length = int(hours.setup_ms[slot] + share * hours.piece_ms[slot])
    ends = [
        int(opens) + length
        for at, opens, closes in zip(
            hours.slot, hours.open_ms, hours.close_ms, strict=True
        )
        if at == slot and opens + length <= closes
    ]
    return min(ends, default=None)


@settings(max_examples=300, deadline=None)
@given(
    windows,
    st.lists(st.integers(0, 3), min_size=3, max_size=3),
    st.lists(st.integers(1, 3), min_size=3, max_size=3),
    st.integers(1, 8),
    st.integers(1, 5),
)
def test_the_shares_are_the_batch_and_none_is_sooner(
    each: list[tuple[int, int, int]],
    setup: list[int],
    piece: list[int],
    pieces: int,
    minimum: int,
) -> None:
    hours = _hours(each, setup, piece)
    shares, soonest = split(hours, pieces, minimum), _soonest(hours, pieces, minimum)
    if shares is None:
        assert soonest is None
        return
    assert shares.pieces.sum() == pieces
    assert shares.pieces.min() >= min(minimum, pieces)
    assert len(set(shares.slot.tolist())) == len(shares.slot)
    assert shares.end_ms.max() == soonest
    for slot, start, end in zip(
        shares.slot, shares.start_ms, shares.end_ms, strict=True
    ):
        mine = hours.slot == slot
        assert ((hours.open_ms[mine] <= start) & (end <= hours.close_ms[mine])).any()


def test_a_batch_below_the_minimum_is_one_share() -> None:
    hours = _hours([(0, 0, 12), (1, 0, 12)], [0, 0, 0], [1, 1, 1])
    shares = split(hours, 3, 5)
    assert shares is not None
    assert shares.pieces.tolist() == [3]


@pytest.mark.parametrize(
    ("pieces", "minimum", "field"), [(0, 1, "pieces"), (1, 0, "minimum")]
)
def test_what_is_no_batch_is_refused_by_name(
    pieces: int, minimum: int, field: str
) -> None:
    with pytest.raises(InputError, match=field):
        split(_hours([], [0], [1]), pieces, minimum)
