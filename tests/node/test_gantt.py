"""The picture of a plan: what is drawn, where, and what is left out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.scheduling.picture import picture
from fabnet.node.web.gantt import (
    BARS_MAX,
    HEAD,
    LANE,
    LANES_FEW,
    LANES_MAX,
    MARGIN,
    WIDTH,
    Chart,
    Lane,
    Lot,
    draw,
)
from tests.house.tree import ROOT

NOW_MS = 1_790_150_400_000
HOUR_MS = 3_600_000


def at(hours: float) -> int:
    return NOW_MS + round(hours * HOUR_MS)


def lot(start_h: float, end_h: float, label: str = "6 × hook") -> Lot:
    return Lot(label, at(start_h), at(end_h), "planned", "job")


def lane(*lots: Lot, name: str = "Laser", open_h: tuple[float, float] = (0, 9)) -> Lane:
    return Lane(name, "Detroit", ((at(open_h[0]), at(open_h[1])),), lots)


def drawn(*lanes: Lane) -> Chart:
    chart = draw(lanes, NOW_MS)
    assert chart is not None
    return chart


def test_no_lots_are_no_picture() -> None:
    assert draw([], NOW_MS) is None
    assert draw([lane()], NOW_MS) is None
    assert draw([lane(lot(-40, -30))], NOW_MS) is None


def test_later_is_further_right_and_longer_is_wider() -> None:
    [row] = drawn(lane(lot(0, 1), lot(2, 4))).rows
    first, second = row.bars
    assert first.x + first.width < second.x
    assert abs(second.width - 2 * first.width) < 1
    assert row.stripes[0].x == first.x


def test_the_line_of_now_is_between_what_was_and_what_comes() -> None:
    chart = drawn(lane(lot(-2, -1), lot(1, 2)))
    was, comes = chart.rows[0].bars
    assert chart.now_x is not None
    assert was.x + was.width < chart.now_x < comes.x


def test_a_day_is_named_once_where_it_begins() -> None:
    ticks = drawn(lane(lot(0, 30))).ticks
    assert [tick.day for tick in ticks if tick.day] == ["Wed 23 Sep", "Thu 24 Sep"]
    assert [tick.hour for tick in ticks] == [
        "12:00",
        "18:00",
        "00:00",
        "06:00",
        "12:00",
    ]
    fortnight = drawn(lane(lot(0, 13 * 24))).ticks
    assert len(fortnight) <= 6
    assert all(tick.day and not tick.hour for tick in fortnight)


def test_a_label_that_does_not_fit_is_cut_and_the_whole_is_in_the_title() -> None:
    [bar] = (
        drawn(lane(lot(0, 1, "12 × forearm pull for a door"), lot(5, 6)))
        .rows[0]
        .bars[:1]
    )
    assert bar.label.endswith("…")
    assert len(bar.short) < len(bar.label)
    assert bar.title.startswith("12 × forearm pull for a door, 2026-09-23 08:00 – ")
    assert drawn(lane(lot(0, 0.01), lot(0, 20))).rows[0].bars[0].label == ""


def test_idle_machines_fill_a_small_picture_and_are_counted_in_a_large_one() -> None:
    idle = [lane(name=f"idle {n}") for n in range(30)]
    few = drawn(*idle, lane(lot(0, 1), name="busy"))
    assert [row.name for row in few.rows][:2] == ["busy", "idle 0"]
    assert (len(few.rows), few.more) == (LANES_FEW, 31 - LANES_FEW)
    many = drawn(*[lane(lot(0, 1)) for _ in range(30)], *idle)
    assert (len(many.rows), many.more) == (LANES_MAX, 60 - LANES_MAX)
    crowd = drawn(lane(*[lot(n / 100, 9) for n in range(BARS_MAX + 9)]))
    assert len(crowd.rows[0].bars) == BARS_MAX


moments = st.integers(-400, 400)
lots = st.builds(lambda a, b: lot(min(a, b), max(a, b)), moments, moments)
lanes = st.builds(
    lambda lots_, a, b: lane(*lots_, open_h=(a, b)),
    st.lists(lots, max_size=4),
    moments,
    moments,
)


@given(st.lists(lanes, max_size=5))
def test_everything_is_inside_the_picture(some: list[Lane]) -> None:
    chart = draw(some, NOW_MS)
    if chart is None:
        return
    for row in chart.rows:
        assert HEAD <= row.y <= chart.height - LANE
        drawn_ = [(each.x, each.width) for each in row.stripes]
        drawn_ += [(each.x, each.width) for each in row.bars]
        for x, width in drawn_:
            assert x >= MARGIN
            assert width > 0
            assert x + width <= WIDTH - MARGIN + 3
    assert all(MARGIN <= tick.x <= WIDTH - MARGIN for tick in chart.ticks)


def test_the_picture_in_the_pages_is_the_one_that_the_planner_gives() -> None:
    assert (ROOT / "docs/img/plan.svg").read_text(encoding="utf-8") == picture()
