"""Only accepted lots are evidence, and the author's own are nobody else's."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fabnet.cooperation.evidence import Evidence, FinishedLot, Measured, evidence
from fabnet.records.ids import CharterId

JACKSON, DETROIT, BARCELONA = (CharterId(f"sha256:{each * 64}") for each in "abc")


def lot(maker: CharterId, taker: CharterId | None = JACKSON, good: int = 2,
        minutes: int = 10, part: str = "hook") -> FinishedLot:  # fmt: skip
    return FinishedLot(maker, taker, part, good, 2, minutes, 12_000, 60)


def test_nothing_made_is_evidence_of_nothing() -> None:
    assert evidence([], JACKSON) == Evidence((), ())
    assert evidence([lot(DETROIT, good=0)], JACKSON).independently == 0


def test_cooperatives_are_counted_once_and_the_author_is_not_independent() -> None:
    found = evidence(
        [lot(DETROIT), lot(DETROIT), lot(BARCELONA), lot(JACKSON)], BARCELONA
    )

    assert found.independently == 2
    assert [
        (it.cooperative, it.lots, it.pieces, it.is_author) for it in found.made_by
    ] == [
        (JACKSON, 1, 2, False),
        (DETROIT, 2, 4, False),
        (BARCELONA, 1, 2, True),
    ]


def test_a_lot_that_the_maker_took_itself_has_no_witness() -> None:
    found = evidence([lot(DETROIT, DETROIT), lot(DETROIT), lot(DETROIT, None)], None)

    [maker] = found.made_by
    assert (maker.lots, maker.witnessed_lots) == (3, 1)


def test_the_median_of_the_pieces_is_told_for_each_part() -> None:
    lots = [lot(DETROIT, minutes=minutes) for minutes in (10, 20, 90)]
    found = evidence([*lots, lot(DETROIT, part="plate", minutes=1)], None)

    assert found.measured == (
        Measured("hook", 3, 600, 6_000, 30),
        Measured("plate", 1, 30, 6_000, 30),
    )


@given(
    st.lists(
        st.builds(lot, st.sampled_from([JACKSON, DETROIT]), good=st.integers(0, 3))
    )
)
def test_no_piece_is_counted_twice(lots: list[FinishedLot]) -> None:
    found = evidence(lots, None)

    assert sum(it.pieces for it in found.made_by) == sum(it.good for it in lots)
    assert found == evidence(lots[::-1], None)
