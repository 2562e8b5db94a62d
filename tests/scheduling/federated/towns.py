"""Cities with names, what their people ask for, and what machines there would cost."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st

from fabnet.scheduling.federated.agreement import Agreement, Known
from fabnet.scheduling.federated.talks import federated
from fabnet.scheduling.graph import Graph, Ints
from fabnet.scheduling.model import NEVER, Flags
from tests.scheduling.market.graphs import sparse

PORTO, LYON, OSLO = range(3)
WAIT_H = 50


@dataclass(frozen=True, slots=True, eq=False)
class Towns:
    """A table of costs, the city of each row and slot, and what is not as it seems."""

    dense: Ints
    """`[row, slot]`: NEVER is not feasible."""
    home: Ints
    host: Ints
    waiting_ms: int
    version: Ints
    known_version: Ints
    """`[row, slot]`: what the row's city takes the version for."""
    known_ms: Ints
    """`[row, slot]`: what the row would cost by that version."""
    no: Flags
    """`[row, slot]`: whether the facility will refuse."""

    @property
    def graph(self) -> Graph:
        """All that is feasible."""
        return sparse(self.dense, self.dense.shape[1])

    def agree(
        self,
        offers: int = 8,
        *,
        gossip: bool = True,
        epsilon_ms: int | None = 1,
        rounds_max: int = 128,
    ) -> Agreement:
        """Return what the cities come to."""
        graph = self.graph
        row = np.repeat(np.arange(graph.rows), np.diff(graph.first))
        at = row, graph.slot
        return federated(
            graph,
            self.waiting_ms,
            self.home,
            self.host,
            offers=offers,
            version=self.version,
            known=Known(self.known_version[at], self.known_ms[at]),
            refuses=self.no[at],
            gossip=gossip,
            epsilon_ms=epsilon_ms,
            rounds_max=rounds_max,
        )

    @property
    def possible(self) -> Ints:
        """What can really be had: the table without what facilities refuse."""
        return np.where(self.no, NEVER, self.dense)


def towns(
    costs: list[list[int | None]],
    home: list[int],
    host: list[int],
    waiting_ms: int = WAIT_H,
) -> Towns:
    """Return a story: what each row costs on each slot, nil if it cannot."""
    table = [[NEVER if cost is None else cost for cost in row] for row in costs]
    dense = np.array(table, np.int64).reshape(len(home), len(host))
    return Towns(
        dense,
        np.array(home, np.int64),
        np.array(host, np.int64),
        waiting_ms,
        np.zeros(len(host), np.int64),
        np.zeros(dense.shape, np.int64),
        dense,
        np.zeros(dense.shape, np.bool_),
    )


@st.composite
def any_towns(draw: st.DrawFn, *, honest: bool = False) -> Towns:
    """Draw cities, some of which know old versions or meet refusals."""
    rows, slots = draw(st.integers(1, 10)), draw(st.integers(0, 10))
    count = draw(st.integers(1, 4))
    most = draw(st.sampled_from((0, 3, 50, 10**7)))
    dice = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dense = dice.integers(0, most + 1, (rows, slots))
    dense[dice.random((rows, slots)) < draw(st.sampled_from((0.0, 0.3, 0.9)))] = NEVER
    made = Towns(
        dense,
        dice.integers(0, count, rows),
        dice.integers(0, count, slots),
        draw(st.sampled_from((0, most // 2, most + 1, 40 * most + 1))),
        np.zeros(slots, np.int64),
        np.zeros(dense.shape, np.int64),
        dense,
        np.zeros(dense.shape, np.bool_),
    )
    if honest:
        return made
    old = dice.random((count, slots)) < 0.3
    believed = dice.integers(0, most + 1, (rows, slots))
    stale = old[made.home]
    return replace(
        made,
        known_version=np.where(stale, -1, 0),
        known_ms=np.where(stale, believed, dense),
        no=dice.random((rows, slots)) < draw(st.sampled_from((0.0, 0.2, 1.0))),
    )
