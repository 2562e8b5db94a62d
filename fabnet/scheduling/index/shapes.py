"""What kernels are given, as tuples of arrays and numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fabnet.scheduling.bits import Words
from fabnet.scheduling.model import Ints, Narrow

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

Asked = tuple[Ints, Words, Ints]
"""Rows: table, needs, refusals."""
Given = tuple[Narrow, Narrow, Ints]
"""A calendar: span, pieces, used."""
Tree = tuple[Narrow, Narrow, Narrow, Narrow, Narrow, Singles, Words, Words]
"""A forest: root, parent, below, where, lanes; then branches, has, whose."""
Found = tuple[Ints, Ints, Ints]
"""`[row, candidate]` costs and slots, and how many each row has."""
Weighed = tuple[int, int, int, int]
"""The weights: late permille, a metre, a kilogram, own first."""
Stretch = tuple[int, int]
"""From and until, in milliseconds."""
Want = tuple[int, ...]
"""The line of a row in its table, as numbers that stay in registers."""
Facts = tuple[
    np.float32, np.float32, np.float32, np.float32, np.float32, np.float32, np.float32,
    np.float32, np.float32, np.float32, np.float32, np.float32, np.float32, np.float32,
    np.float32, np.float32, np.float32, int,
]  # fmt: skip
"""Of a row, as `nearness.Asking` has it: place, sizes, tolerance, thickness, work, due,
deadline, the square of the radius, ms a metre, ms a late ms, the margin, the part of
the way between two amounts of work, own first; and which two."""
