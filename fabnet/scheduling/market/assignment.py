"""Who gets which slot, what each slot is worth, and how near the best that is."""

from __future__ import annotations

from dataclasses import dataclass

from fabnet.scheduling.graph import Graph, Ints


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof that no outcome whatever costs less than `bound_ms`.

    It holds for the whole problem, slots outside the graph included, whatever was done
    to find the outcome: any prices bound the cost from below.
    """

    cost_ms: int
    bound_ms: int
    stopped: bool
    """Whether bidding met its limit, so that some rows were served greedily."""

    @property
    def gap_ms(self) -> int:
        """How much dearer than the best outcome this one is, at most."""
        return self.cost_ms - self.bound_ms

    @property
    def gap_ppm(self) -> int:
        """Return the gap in millionths of the bound, rounded up; nil bound, the gap."""
        return -(-self.gap_ms * 1_000_000 // max(self.bound_ms, 1))


@dataclass(frozen=True, slots=True, eq=False)
class Assignment:
    """The outcome of a wave."""

    slot: Ints
    """`[row]`: the slot it got, or -1 if it is postponed."""
    edge: Ints
    """`[row]`: the edge of `graph` that it took, or -1."""
    price_ms: Ints
    """`[slot]`: what taking it costs the others, in milliseconds of waiting."""
    graph: Graph
    """What was looked at in the end: the graph given, or a wider one."""
    postpone_ms: Ints
    """`[row]`: what it costs to leave the row to the next wave."""
    proof: Proof
    bids: int
    """How many bids were made."""
