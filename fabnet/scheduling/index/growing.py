"""The rows of a standing plan, with room for more: twice as many whenever it is full.

So a row that arrives is written down, and nothing that was there before is copied.
"""

from __future__ import annotations

from dataclasses import replace
from struct import Struct
from typing import Final

import numpy as np

from fabnet.errors import InputError
from fabnet.production.plan import Wanted
from fabnet.scheduling.bits import WORD, Words
from fabnet.scheduling.encode import Names, names_of, refused_by
from fabnet.scheduling.lines import NOVEL, Lines
from fabnet.scheduling.model import (
    R_COLUMNS,
    ROWS_MAX,
    Arrays,
    Encoded,
    Ints,
    Rows,
    Slots,
)

_LINE: Final = Struct(f"={R_COLUMNS}q")
_MASK: Final = 2**WORD - 1


class Growing:
    """What is wanted so far, as arrays that a kernel can go on using."""

    def __init__(self, arrays: Arrays) -> None:
        self.many = arrays.rows.many
        self.lots: Ints = np.full((self.many, 3), -1, np.int64)
        """`[row, 3]`, and more rows than there are: slot, start and end; -1 without."""
        self.start(arrays)

    def start(self, arrays: Arrays) -> None:
        """Begin with these arrays, which hold as many rows as there are.

        Of slots the forest knows all: a table of them would be held twice.
        """
        arrays = replace(arrays, slots=Slots.none())
        self._first = self.live = arrays
        """`live` has lines for more rows than there are."""
        self._exact: Arrays | None = arrays
        self._more: list[Wanted] = []
        self._raw: memoryview | None = None
        self._table, self._needs = arrays.rows.table, arrays.rows.needs
        self._lines: Lines | None = None
        self._names: Names | None = None
        if isinstance(arrays, Encoded):
            moment_ms = arrays.problem.moment_ms
            self._lines = Lines(arrays.bits, arrays.charters, moment_ms)

    @property
    def exact(self) -> Arrays:
        """The arrays of the rows that there are."""
        if self._exact is None:
            self._exact = self._cut()
        return self._exact

    def add(self, want: Wanted) -> int | None:
        """Return the number of a new row, or nil if it asks for something novel.

        Raise InputError naming what is wrong with it; then nothing has changed.
        """
        if self._lines is None:
            raise InputError("event", "expected a state made of an encoded problem")
        row = self.many
        if row >= ROWS_MAX:
            raise InputError("wanted", f"expected at most {ROWS_MAX}, got one more")
        asked = family, needs = self._lines.asks(want.requirement)
        if asked == NOVEL:
            return None
        line = self._lines.line(want, row, family)
        if self._raw is None or row >= len(self._table):
            self._raw = self._widen()
        # As bytes: numpy would look at each number by itself.
        _LINE.pack_into(self._raw, row * _LINE.size, *line)
        for word in range(len(self._needs)):
            self._needs[word, row] = needs >> WORD * word & _MASK
        self._more.append(want)
        self._exact = None
        self.many += 1
        if want.refused:
            self.refuse(row, self._refusing(want))
        return row

    def refuse(self, row: int, slots: list[int]) -> None:
        """Remember that these slots said no to a row."""
        said = np.array([(row, slot) for slot in slots], np.int64).reshape(-1, 2)
        refused = np.concatenate((self.live.rows.refused, said.T), axis=1)
        self._refused(refused[:, np.argsort(refused[0], kind="stable")])

    def anew(self, arrays: Arrays) -> None:
        """Go on with the arrays of the same rows and one more, encoded anew.

        Refusals that came as events, which the problem does not know, are kept.
        """
        refused = self.live.rows.refused
        self.many = arrays.rows.many
        self.start(arrays)
        self._room()
        both = np.concatenate((arrays.rows.refused, refused), axis=1)
        self._refused(np.unique(both, axis=1))

    def _refused(self, refused: Ints) -> None:
        refused = np.ascontiguousarray(refused)
        refused.setflags(write=False)
        self.live = replace(self.live, rows=replace(self.live.rows, refused=refused))
        self._exact = None

    def _refusing(self, want: Wanted) -> list[int]:
        if not isinstance(self._first, Encoded):
            return []
        if self._names is None:
            self._names = names_of(self._first.offered)
        return refused_by(want, self._first.offered, self._names)

    def _widen(self) -> memoryview:
        """Lay the rows out anew with room for more, and return the table's bytes."""
        rows, room = self.live.rows, 2 * self.many + 16
        table = np.zeros((room, rows.table.shape[1]), np.int64)
        table[: self.many] = rows.table[: self.many]
        needs: Words = np.zeros((len(rows.needs), room), np.uint32)
        needs[:, : self.many] = rows.needs[:, : self.many]
        self._table, self._needs = table, needs
        # Whoever reads gets what nobody can write, always of one type: compiled once.
        rows = Rows.laid(
            table.view(), turn=rows.turn, needs=needs.view(), refused=rows.refused
        )
        self.live = replace(self.live, rows=rows)
        self._room()
        return table.data.cast("B")

    def _room(self) -> None:
        """Make room for as many lots as there are lines."""
        more = max(len(self._table), self.many) - len(self.lots)
        if more > 0:
            none = np.full((more, 3), -1, np.int64)
            self.lots = np.concatenate((self.lots, none))

    def _cut(self) -> Arrays:
        rows, many = self.live.rows, self.many
        turn = self._first.rows.turn
        rows = Rows.laid(
            rows.table[:many],
            turn=np.append(turn, np.arange(len(turn), many)),
            needs=np.ascontiguousarray(rows.needs[:, :many]),
            refused=rows.refused,
        )
        if not isinstance(self._first, Encoded) or self._lines is None:
            return replace(self._first, rows=rows)
        problem = self._first.problem
        problem = replace(problem, wanted=(*problem.wanted, *self._more))
        return replace(
            self._first, rows=rows, problem=problem, charters=dict(self._lines.charters)
        )
