"""A problem as arrays: two tables of whole numbers, one entry a row, one a slot.

A *row* is something wanted, a *slot* is one capacity offer, and a *unit* is one
machine, which may have several slots. Times are milliseconds after the problem's
moment.

All that is asked of a slot lies in one line of its table, 64 bytes of 32-bit numbers,
which is one line of a processor's cache; `Rows` and `Slots` show each column as an
array of its own. A column of slots is 32 bits wide and one of rows 64: a product must
have a row's column in it, or be widened first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from fabnet.errors import InputError
from fabnet.production.offer import HORIZON_S
from fabnet.production.plan import Offered, Problem, Weights
from fabnet.records.ids import CharterId
from fabnet.scheduling.bits import Bits, Words

Ints = NDArray[np.int64]
Narrow = NDArray[np.int32]
Flags = NDArray[np.bool_]
K = TypeVar("K", np.int32, np.int64)
K_co = TypeVar("K_co", np.int32, np.int64, covariant=True)

NEVER: Final = 2**62
"""Milliseconds no plan reaches, and a limit nothing fails; a sum of two still fits."""
NO_LIMIT: Final = 2**31 - 1
"""The same for what is 32 bits wide."""
LENGTH_UM_MAX: Final = NO_LIMIT - 1
"""A length counts up to 2,147 m, wanted or offered: more is a slip of the keyboard."""
HORIZON_MS: Final = HORIZON_S * 1_000
"""How far ahead windows count, as a facility promises capacity; it fits 32 bits."""
OVERDUE_MS_MAX: Final = 60 * 86_400_000
"""A row longer overdue counts as two months late: more adds the same everywhere."""
WORK_S_MAX: Final = 20 * HORIZON_S + 1
"""Reference time of a lot; the fastest pace does not make more within the horizon."""
ENERGY_W_MAX: Final = 10_000_000
"""Average power; ten megawatts is a steelworks, more is a slip of the keyboard."""
MASS_G_MAX: Final = 100_000_000
"""Mass of a lot that transport counts; a hundred tonnes is two lorries and more."""
RADIUS_M_MAX: Final = 25_000_000
"""No two places are further apart, and its square fits."""
NEED_PERMILLE_MAX: Final = 1_000_000
"""What one need may be worth: as policy bounds it, so that lateness fits 64 bits."""
WEIGHTS_MAX: Final = Weights(1_000_000, 10_000_000, 10_000_000, 10_000_000)
"""As policy bounds them, so that no cost, and no sum of costs, outgrows 64 bits."""
ROWS_MAX: Final = 2**20
"""Rows of one problem, twice what a node's open jobs can owe; more is refused."""
OFFERS_MAX: Final = 2**20
"""Offers of one problem, twenty times what a node lists; more is refused."""
PLACE_M_MAX: Final = 7_000_000
"""Along one axis; as `Place` bounds it, so that squares of distances fit."""
LINE: Final = 64
"""Bytes that a processor's cache holds or lets go together."""
R_COLUMNS: Final = 16
"""Numbers of a row's line."""
S_COLUMNS: Final = 16
"""Numbers of a slot's line."""
OWN: Final = 1
"""A bit of `access`: its own cooperative's rows may use the slot."""
OTHERS: Final = 2
"""A bit of `access`: the rows of others may."""
USABLE: Final = 4
"""A bit of `access`: the machine's state lets anything be planned on it."""


class _Tabled(Protocol[K_co]):
    @property
    def table(self) -> NDArray[K_co]: ...


class Column(Generic[K]):
    """A column of a table as an array of its own: `[entry]`, or `[axis, entry]`."""

    def __init__(self, at: int, axes: int = 0) -> None:
        self.at = at
        self._axes = axes

    def __get__(self, holder: _Tabled[K], kind: type[object]) -> NDArray[K]:
        if self._axes:
            return holder.table[:, self.at : self.at + self._axes].T
        return holder.table[:, self.at]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What is wanted, in the problem's order: 140 bytes a row, and refusals."""

    table: Ints
    """`[row, column]`."""
    turn: Ints
    """Rows by urgency: the slack, divided by the need; ties by job, part, revision."""
    needs: Words
    """`[word, row]`: a bit for each of the row's clauses."""
    refused: Ints
    """`[2, refusal]`: row and slot, sorted by row."""

    family = Column[np.int64](0)
    size_um = Column[np.int64](1, axes=3)
    """`[3, row]`, least first: sizes fit in any axis rotation."""
    tolerance_um = Column[np.int64](4)
    thickness_um = Column[np.int64](5)
    place_m = Column[np.int64](6, axes=3)
    """`[3, row]`, Earth-centred."""
    charter = Column[np.int64](9)
    work_s = Column[np.int64](10)
    mass_g = Column[np.int64](11)
    due_ms = Column[np.int64](12)
    deadline_ms = Column[np.int64](13)
    need_permille = Column[np.int64](14)
    radius_m = Column[np.int64](15)

    @property
    def many(self) -> int:
        """How many rows there are."""
        return len(self.table)

    @classmethod
    def of(
        cls,
        *,
        turn: Ints,
        needs: Words,
        refused: Ints,
        family: Ints,
        size_um: Ints,
        tolerance_um: Ints,
        thickness_um: Ints,
        place_m: Ints,
        charter: Ints,
        work_s: Ints,
        mass_g: Ints,
        due_ms: Ints,
        deadline_ms: Ints,
        need_permille: Ints,
        radius_m: Ints,
    ) -> Rows:
        """Lay columns out as a table, which nobody can write."""
        # fmt: off
        columns = (
            family, *size_um, tolerance_um, thickness_um, *place_m, charter, work_s,
            mass_g, due_ms, deadline_ms, need_permille, radius_m,
        )
        # fmt: on
        table = np.stack(columns, axis=1)
        return cls.laid(table, turn=turn, needs=needs, refused=refused)

    @classmethod
    def laid(cls, table: Ints, *, turn: Ints, needs: Words, refused: Ints) -> Rows:
        """Take a table as it is, which nobody can write from now on."""
        return cls(_sealed(table), _sealed(turn), _sealed(needs), _sealed(refused))


@dataclass(frozen=True, slots=True, eq=False)
class Slots:
    """What is offered, one entry a capacity offer, by peer, machine and process.

    A slot takes 72 bytes, 4 for each 32 demands of the fullest family, and 8 for each
    window: 84 if it has one.
    """

    table: Narrow
    """`[slot, column]`."""
    can: Words
    """`[word, slot]`: a bit for each clause that the machine meets."""
    span: Narrow
    """`[slot, 2]`: where the slot's windows begin in `windows`, and how many they are;
    never none, if need be an empty one."""
    windows: Narrow
    """`[window, 2]`: when it starts and ends."""

    unit = Column[np.int32](0)
    """Which machine; its slots lie side by side."""
    family = Column[np.int32](1)
    """-1 where nothing is wanted of its family."""
    size_um = Column[np.int32](2, axes=3)
    tolerance_um = Column[np.int32](5)
    thickness_um = Column[np.int32](6)
    place_m = Column[np.int32](7, axes=3)
    charter = Column[np.int32](10)
    access = Column[np.int32](11)
    """OWN, OTHERS, USABLE."""
    pace_permille = Column[np.int32](12)
    setup_s = Column[np.int32](13)
    energy_w = Column[np.int32](14)
    grid_g_per_kwh = Column[np.int32](15)

    @property
    def many(self) -> int:
        """How many slots there are."""
        return len(self.table)

    @property
    def for_own(self) -> Flags:
        """Whether its own cooperative's rows may use it."""
        return _has(self.access, OWN)

    @property
    def for_others(self) -> Flags:
        """Whether the rows of others may use it."""
        return _has(self.access, OTHERS)

    @property
    def usable(self) -> Flags:
        """Whether the machine's state lets anything be planned on it."""
        return _has(self.access, USABLE)

    @property
    def first(self) -> Narrow:
        """Where each slot's windows begin."""
        return self.span[:, 0]

    @property
    def count(self) -> Narrow:
        """How many windows each slot has."""
        return self.span[:, 1]

    @property
    def longest_ms(self) -> Narrow:
        """How long the longest window of each slot is."""
        length_ms: Narrow = self.end_ms - self.start_ms
        return np.maximum.reduceat(length_ms, self.first) if self.many else length_ms

    @property
    def start_ms(self) -> Narrow:
        """When each window starts."""
        return self.windows[:, 0]

    @property
    def end_ms(self) -> Narrow:
        """When each window ends."""
        return self.windows[:, 1]

    @classmethod
    def none(cls) -> Slots:
        """Return no slots."""
        none = np.zeros((0, S_COLUMNS), np.int32)
        return cls(none, np.zeros((1, 0), np.uint32), none[:, :2], none[:, :2])

    @classmethod
    def of(
        cls,
        *,
        can: Words,
        count: Ints,
        start_ms: Ints,
        end_ms: Ints,
        unit: Ints,
        family: Ints,
        size_um: Ints,
        tolerance_um: Ints,
        thickness_um: Ints,
        place_m: Ints,
        charter: Ints,
        access: Ints,
        pace_permille: Ints,
        setup_s: Ints,
        energy_w: Ints,
        grid_g_per_kwh: Ints,
    ) -> Slots:
        """Lay columns out as a table, which nobody can write.

        Windows follow each other slot by slot, one or more each. Raise InputError if
        a number does not fit 32 bits.
        """
        first = np.cumsum(count) - count
        # fmt: off
        columns = (
            unit, family, *size_um, tolerance_um, thickness_um, *place_m, charter,
            access, pace_permille, setup_s, energy_w, grid_g_per_kwh,
        )
        # fmt: on
        return cls(
            _narrow("slots", columns),
            _sealed(can),
            _narrow("slots.span", (first, count)),
            _narrow("slots.windows", (start_ms, end_ms)),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Arrays:
    """One problem, ready to reckon with."""

    weights: Weights
    demands: Words
    """`[demand, family, word]`: which bits are of which kind."""
    rows: Rows
    slots: Slots


@dataclass(frozen=True, slots=True, eq=False)
class Encoded(Arrays):
    """The arrays of a problem, beside the values they were made of."""

    problem: Problem
    offered: tuple[Offered, ...]
    """The offer of each slot."""
    slot: Mapping[tuple[str, str, str], int]
    """The slot of each (peer, machine, process)."""
    bits: Bits
    charters: Mapping[CharterId, int]
    """The number of each cooperative."""


def _has(access: Narrow, bit: int) -> Flags:
    has: Flags = (access & bit) != 0
    return has


def _narrow(name: str, columns: tuple[Ints, ...]) -> Narrow:
    for at, column in enumerate(columns):
        if column.size and not -(2**31) <= column.min() <= column.max() < 2**31:
            raise InputError(f"{name}[{at}]", "expected numbers of 32 bits")
    table = aligned((len(columns[0]), len(columns)), np.int32)
    for at, column in enumerate(columns):
        table[:, at] = column
    return _sealed(table)


N = TypeVar("N", np.int32, np.uint32, np.float32)


def aligned(shape: tuple[int, ...], kind: type[N]) -> NDArray[N]:
    """Return zeros that begin where a line of the cache begins.

    So 64 bytes that belong together are one line, and not parts of two.
    """
    size = math.prod(shape) * np.dtype(kind).itemsize
    room = np.zeros(size + LINE, np.uint8)
    at = -room.ctypes.data % LINE
    return room[at : at + size].view(kind).reshape(shape)


A = TypeVar("A", Ints, Narrow, Words)


def _sealed(array: A) -> A:
    array.setflags(write=False)
    return array
