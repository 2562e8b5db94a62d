"""The sparse graph of a wave: for each row the few slots that are worth a thought.

Compressed by row: the edges of row r are `first[r]:first[r + 1]`, cheapest first, ties
by slot. What is not in it is either not feasible or dearer than all that is, and
`left_out` says how dear it is at least, so that a bound can hold for the whole problem.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """Which slots each row may take, and at what cost."""

    first: Ints
    """`[row + 1]`: where the edges of each row begin, and where the last ends."""
    slot: Ints
    """`[edge]`: within a row by (cost, slot)."""
    cost_ms: Ints
    """`[edge]`: the sum of the terms, in milliseconds of waiting."""
    left_out_ms: Ints
    """`[row]`: no feasible slot left out costs less; NEVER if none is left out."""
    slots: int
    """How many slots there are."""

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.first) - 1
