"""Where talks are cut, cities make the best of what they hold; nobody pays for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fabnet.scheduling.federated.closing import closed
from tests.scheduling.federated.towns import (
    LYON,
    OSLO,
    PORTO,
    Towns,
    any_towns,
    towns,
)


def close(story: Towns, slots: list[int]) -> list[int]:
    """Return which slot each row has in the end, if it held these; -1 is none."""
    graph = story.graph
    at = np.repeat(np.arange(graph.rows), np.diff(graph.first))
    held = [
        next(
            (
                int(edge)
                for edge in np.flatnonzero(at == row)
                if graph.slot[edge] == slot
            ),
            -1,
        )
        for row, slot in enumerate(slots)
    ]
    waiting_ms = np.full(graph.rows, story.waiting_ms)
    edge = closed(
        graph,
        waiting_ms,
        np.array(held, np.int64),
        home=story.home,
        host=story.host,
        refuses=story.no[at, graph.slot],
    )
    slot = np.full(graph.rows, -1)
    slot[edge >= 0] = graph.slot[edge[edge >= 0]]
    found: list[int] = slot.tolist()
    return found


def test_siblings_exchange_what_they_hold_wherever_it_is() -> None:
    story = towns([[9, 1], [1, 9]], [PORTO, PORTO], [LYON, OSLO])
    assert close(story, [0, 1]) == [1, 0]


def test_rows_of_two_cities_do_not() -> None:
    story = towns([[9, 1], [1, 9]], [PORTO, LYON], [LYON, PORTO])
    assert close(story, [0, 1]) == [0, 1]


def test_what_nobody_holds_goes_to_whom_it_saves_most() -> None:
    # Oslo's machine is free: it saves the second row eight hours, the first one.
    story = towns([[9, None, 8], [None, 9, 1]], [PORTO, LYON], [PORTO, LYON, OSLO])
    assert close(story, [0, 1]) == [0, 2]


def test_what_somebody_leaves_is_free_for_the_next() -> None:
    story = towns([[9, None, 1], [5, 9, None]], [PORTO, LYON], [PORTO, LYON, OSLO])
    assert close(story, [0, 1]) == [2, 0]


def test_whoever_said_no_is_not_gone_to() -> None:
    story = towns([[9, 1]], [PORTO], [PORTO, PORTO])
    assert close(replace(story, no=np.array([[False, True]])), [0]) == [0]


def test_a_row_gives_way_to_a_sibling_whom_it_saves_more() -> None:
    story = towns([[10], [1]], [PORTO, PORTO], [PORTO])
    assert close(story, [0, -1]) == [-1, 0]


@settings(max_examples=200, deadline=None)
@given(story=any_towns(), seed=st.integers(0, 2**32 - 1))
def test_closing_never_makes_it_dearer(story: Towns, seed: int) -> None:
    before = anyhow(story, seed)
    after = close(story, before)

    taken = [slot for slot in after if slot >= 0]
    assert len(set(taken)) == len(taken)
    assert cost_ms(story, after) <= cost_ms(story, before)


def anyhow(story: Towns, seed: int) -> list[int]:
    """Return a plan that nobody thought about, of what can be had."""
    dice, left = np.random.default_rng(seed), set(range(story.host.size))
    held: list[int] = []
    for costs in story.possible:
        fine = [slot for slot in sorted(left) if costs[slot] <= story.waiting_ms]
        slot = int(dice.choice([-1, *fine]))
        left.discard(slot)
        held.append(slot)
    return held


def cost_ms(story: Towns, slots: list[int]) -> int:
    return sum(
        story.waiting_ms if slot < 0 else int(story.possible[row, slot])
        for row, slot in enumerate(slots)
    )


def test_who_is_shown_nothing_elsewhere_closes_at_home() -> None:
    story = towns([[30, 1], [30, 2]], [PORTO, PORTO], [PORTO, LYON])
    assert story.agree(0, rounds_max=0).slot.tolist() == [0, -1]
    assert story.agree(1, rounds_max=0).slot.tolist() == [1, 0]
