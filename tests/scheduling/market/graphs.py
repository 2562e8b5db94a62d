"""Small markets, dense and sparse, and their proven optima."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from fabnet.scheduling import fast
from fabnet.scheduling.graph import Graph
from fabnet.scheduling.market.wave import More
from fabnet.scheduling.model import NEVER

Ints = NDArray[np.int64]


def sparse(dense: Ints, width: int) -> Graph:
    """Return the cheapest so many slots of each row; NEVER is not feasible."""
    slots = dense.shape[1]
    order = np.argsort(dense, axis=1, kind="stable")
    costs = np.take_along_axis(dense, order, axis=1)
    kept = (costs < NEVER) & (np.arange(slots) < width)
    rest = costs[:, width] if width < slots else np.full(len(dense), NEVER)
    first = np.concatenate(([0], np.cumsum(kept.sum(axis=1))))
    return Graph(first, order[kept], costs[kept], rest, slots)


def asking(dense: Ints) -> More:
    """Return what answers a market that wants more candidates of some rows."""
    return lambda rows, width: sparse(dense[rows], width)


def optimum(dense: Ints, postpone_ms: int) -> int:
    """Return the least cost there is, each row having a way to wait of its own."""
    rows = len(dense)
    waits = np.full((rows, rows), postpone_ms)
    table = np.concatenate((np.minimum(dense, 2 * postpone_ms + 1), waits), axis=1)
    at, to = linear_sum_assignment(table)
    return int(table[at, to].sum())


@st.composite
def markets(draw: st.DrawFn) -> tuple[Ints, int]:
    """Draw costs, some NEVER, and what waiting costs."""
    rows, slots = draw(st.integers(1, 9)), draw(st.integers(0, 9))
    most = draw(st.sampled_from((0, 3, 50, 10**7)))
    seed = draw(st.integers(0, 2**32 - 1))
    dice = np.random.default_rng(seed)
    dense = dice.integers(0, most + 1, (rows, slots))
    dense[dice.random((rows, slots)) < draw(st.sampled_from((0.0, 0.3, 0.9)))] = NEVER
    return dense, draw(st.sampled_from((0, most // 2, most + 1, 40 * most + 1)))


def both() -> Iterator[bool]:
    """Yield whether to run the kernel, for each of the two that is there."""
    yield from (True, False) if fast.INSTALLED else (False,)
