"""How much a hand-off costs, counted; never timed.

What one request adds to two quiet hours of three cities: they are lived through with it
and without it, and the difference is its cost at all three sites together.
"""

from __future__ import annotations

from collections import Counter

from tests.sim.cities import founded, printer, published
from tests.sim.soak import stub

PIECES = 2
HAND_OFF_MOST = {
    "commits": 28,  # of the mind's turns: the disk gathers several in one fsync
    "messages": 10,  # and their acknowledgements
    "frames": 54,
    "bytes": 17_000,  # on all wires; two credentials are most of it
    "verifies": 26,
}
"""What a change may cost at most without saying so here."""
QUIET_MOST = {
    "commits": 36,
    "messages": 0,
    "frames": 126,
    "bytes": 17_500,  # some 0.8 bytes a second at each site
    "verifies": 30,
}
"""Of notices that are said again before they expire, and nothing else."""


def two_hours(pieces: int) -> Counter[str]:
    """Return the work of two hours in which so many pieces are made and taken."""
    with stub.signatures() as signatures:
        network = founded(
            "jackson", "detroit", "barcelona", seed=1, signing=signatures.from_seed
        )
        jackson, detroit, _ = network.sites.values()
        detroit.owns(printer(detroit))
        jackson.accepts_all()
        cid = published(detroit)
        network.knows_of(cid)
        network.run(60)
        before, verifies = Counter(network.world.work), signatures.verifies
        job = jackson.asks_for(cid, pieces) if pieces else None
        network.run(7_200)
        assert job is None or jackson.state(job) == "fulfilled"
        work = network.world.work - before
        work["verifies"] = signatures.verifies - verifies
        return work


def above(work: Counter[str], most: dict[str, int]) -> dict[str, int]:
    assert work.keys() <= most.keys()
    return {kind: work[kind] for kind in most if work[kind] > most[kind]}


def test_a_hand_off_costs_no_more_than_it_did() -> None:
    cost = two_hours(PIECES)
    cost.subtract(two_hours(0))

    assert not above(cost, HAND_OFF_MOST)
    assert cost["messages"] > 0


def test_two_quiet_hours_cost_next_to_nothing() -> None:
    assert not above(two_hours(0), QUIET_MOST)
