"""A plan as a picture: machines as lanes, lots as bars, opening hours behind them.

Everything is worked out here, as in the map, so the page needs no script. A lane's name
stands above its track, so that the track has the whole width of a phone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

WIDTH: Final = 600
MARGIN: Final = 10
"""Units left and right of the tracks."""
HEAD: Final = 46
"""Units above the first lane, for the days and hours."""
LANE: Final = 58
"""Units from one lane to the next."""
TRACK: Final = 24
"""Units that a bar is tall."""
LANES_MAX: Final = 24
"""Machines in one picture, those with lots first; the list of machines has them all."""
BARS_MAX: Final = 100
"""Lots in one lane, the soonest; more could not be told apart."""
LANES_FEW: Final = 6
"""Machines with nothing to do are shown up to so many in all."""
SPAN_MS_MIN: Final = 6 * 3_600_000
"""Shown at least: a workshop's morning."""
SPAN_MS_MAX: Final = 14 * 86_400_000
"""Shown at most: as far as capacity is offered."""
PAST_MS_MAX: Final = 12 * 3_600_000
"""How long what is over is still shown."""
LETTERS: Final = (6.4, 9.2)
"""Units that one letter in a bar takes, near enough: on a screen, and on a phone."""
_HOUR_MS: Final = 3_600_000
_STEPS_H: Final = (1, 2, 3, 6, 12, 24, 48, 96)
_TICKS_MAX: Final = 6


@dataclass(frozen=True, slots=True)
class Lot:
    """So many pieces on one machine, from one moment to another."""

    label: str
    start_ms: int
    end_ms: int
    mood: str
    """Decides the colour: `planned`, `running` or `done`."""
    job: str = ""
    """Where the bar leads; empty for nowhere."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One machine, when it is free, and its lots."""

    name: str
    facility: str
    windows: tuple[tuple[int, int], ...]
    lots: tuple[Lot, ...]


@dataclass(frozen=True, slots=True)
class Stripe:
    """A stretch of one lane in which the machine is on offer, as drawn."""

    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Bar:
    """A lot as drawn."""

    x: float
    width: float
    label: str
    """What fits into it; empty where nothing does."""
    short: str
    """What fits into it on a phone, where letters are larger."""
    title: str
    mood: str
    job: str


@dataclass(frozen=True, slots=True)
class Row:
    """A lane as drawn."""

    y: float
    name: str
    facility: str
    stripes: tuple[Stripe, ...]
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """A line through all lanes, with an hour or the beginning of a day."""

    x: float
    hour: str
    day: str
    """The day that begins here, or that the picture begins in; else empty."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A plan, ready to be written as SVG."""

    width: int
    height: int
    ticks: tuple[Tick, ...]
    rows: tuple[Row, ...]
    now_x: float | None
    more: int
    """Machines left out."""


@dataclass(frozen=True, slots=True)
class _Scale:
    first_ms: int
    last_ms: int

    def x(self, moment_ms: int) -> float:
        """Return the units from the left edge, cut to the picture."""
        inside = min(max(moment_ms, self.first_ms), self.last_ms) - self.first_ms
        track = WIDTH - 2 * MARGIN
        return round(MARGIN + track * inside / (self.last_ms - self.first_ms), 1)


def draw(lanes: Sequence[Lane], now_ms: int) -> Chart | None:
    """Return the picture of a plan, or nil where no machine has a lot to show."""
    kept = [_kept(lane, now_ms) for lane in lanes]
    busy = [lane for lane in kept if lane.lots]
    if not busy:
        return None
    idle = [lane for lane in kept if not lane.lots and lane.windows]
    shown = [*busy, *idle[: max(0, LANES_FEW - len(busy))]][:LANES_MAX]
    scale = _scale(shown, now_ms)
    return Chart(
        WIDTH,
        HEAD + LANE * len(shown) + 4,
        tuple(_ticks(scale)),
        tuple(_row(scale, HEAD + at * LANE, lane) for at, lane in enumerate(shown)),
        scale.x(now_ms) if scale.first_ms < now_ms < scale.last_ms else None,
        len(busy) + len(idle) - len(shown),
    )


def _kept(lane: Lane, now_ms: int) -> Lane:
    """Return a lane without what is long over, and with no more than can be seen."""
    lots = [lot for lot in lane.lots if lot.end_ms > now_ms - PAST_MS_MAX]
    lots.sort(key=lambda lot: (lot.start_ms, lot.end_ms, lot.label))
    return replace(lane, lots=tuple(lots[:BARS_MAX]))


def _scale(lanes: Sequence[Lane], now_ms: int) -> _Scale:
    """Return the time that is shown, in whole hours: from what goes on to its end."""
    lots = [lot for lane in lanes for lot in lane.lots]
    first_ms = min([now_ms, *(lot.start_ms for lot in lots)])
    first_ms = max(first_ms, now_ms - PAST_MS_MAX) // _HOUR_MS * _HOUR_MS
    last_ms = max([first_ms + SPAN_MS_MIN, *(lot.end_ms for lot in lots)])
    last_ms = min(last_ms, first_ms + SPAN_MS_MAX)
    return _Scale(first_ms, -(-last_ms // _HOUR_MS) * _HOUR_MS)


def _ticks(scale: _Scale) -> Iterator[Tick]:
    """Yield lines at round hours of UTC, few enough to be read."""
    hours = (scale.last_ms - scale.first_ms) // _HOUR_MS
    step_h = next((step for step in _STEPS_H if hours / step <= _TICKS_MAX), 168)
    step_ms = step_h * _HOUR_MS
    day_before = ""
    for at_ms in range(-(-scale.first_ms // step_ms) * step_ms, scale.last_ms, step_ms):
        moment = datetime.fromtimestamp(at_ms // 1_000, UTC)
        day = f"{moment:%a} {moment.day} {moment:%b}"
        yield Tick(
            scale.x(at_ms),
            f"{moment:%H:%M}" if step_h < 24 else "",
            day if day != day_before else "",
        )
        day_before = day


def _row(scale: _Scale, y: float, lane: Lane) -> Row:
    stripes = (
        Stripe(scale.x(start), round(scale.x(end) - scale.x(start), 1))
        for start, end in lane.windows
        if start < scale.last_ms and end > scale.first_ms
    )
    return Row(
        y,
        lane.name,
        lane.facility,
        tuple(stripe for stripe in stripes if stripe.width > 0),
        tuple(_bar(scale, lot) for lot in lane.lots if lot.start_ms < scale.last_ms),
    )


def _bar(scale: _Scale, lot: Lot) -> Bar:
    x = scale.x(lot.start_ms)
    # A lot of a minute is still a lot: never thinner than can be seen.
    width = max(round(scale.x(lot.end_ms) - x, 1), 3.0)
    label, short = (_fitted(lot.label, width, letter) for letter in LETTERS)
    start, end = (
        f"{datetime.fromtimestamp(moment // 1_000, UTC):%Y-%m-%d %H:%M}"
        for moment in (lot.start_ms, lot.end_ms)
    )
    title = f"{lot.label}, {start} – {end} UTC"
    return Bar(x, width, label, short, title, lot.mood, lot.job)


def _fitted(label: str, width: float, letter: float) -> str:
    """Return as much of a label as a bar has room for, or nothing."""
    room = int((width - 10) / letter)
    if len(label) <= room:
        return label
    return label[: room - 1].rstrip() + "…" if room > 2 else ""
