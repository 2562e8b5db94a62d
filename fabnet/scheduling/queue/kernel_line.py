"""The lines of lots before machines, and what a change in one would cost: the kernels.

A line is a linked list, with the machine itself as its head: node `lots + machine`.
Each lot begins as early as the one before it, its release and the hours let it, so a
lot put before one that waits for the morning fills the gap of the evening. A change is
reckoned from the place where it happens to where the old times are met again.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from fabnet.scheduling.fast import compiled, inlined
from fabnet.scheduling.queue.shop import Ints, Shop

_NEVER: Final = 2**61
FORBIDDEN: Final = 2**61
"""The cost of a change that breaks a rule: more than all that a plan can cost."""


class Lines(NamedTuple):
    """Where every lot stands; the arrays are changed in place."""

    after: Ints
    """`[lot + machine]`: the next in line, or -1."""
    before: Ints
    pair: Ints
    """`[lot]`: what it is placed by, or -1."""
    end_ms: Ints
    """`[lot + machine]`; of a head, 0."""
    cost_ms: Ints
    """`[lot + machine]`; of a head, 0; of a lot that is not placed, what that costs."""


@inlined
def earliest(shop: Shop, slot: int, from_ms: int, length_ms: int) -> int:
    """Return when a slot first has so much time in one piece, or NEVER."""
    for window in range(shop.window[slot], shop.window[slot + 1]):
        start_ms = max(from_ms, shop.open_ms[window])
        if start_ms + length_ms <= shop.close_ms[window]:
            return start_ms
    return _NEVER


@inlined
def ends(shop: Shop, lot: int, pair: int, node: int, from_ms: int) -> int:
    """Return when a lot ends behind `node`, which ends at `from_ms`; or NEVER."""
    change_ms = shop.change_ms[shop.family[node], shop.family[lot]]
    length_ms = change_ms + shop.length_ms[pair]
    from_ms = max(from_ms, shop.release_ms[lot])
    end_ms = earliest(shop, shop.slot[pair], from_ms, length_ms) + length_ms
    return end_ms if end_ms <= min(shop.deadline_ms[lot], _NEVER - 1) else _NEVER


@inlined
def costs(shop: Shop, lot: int, pair: int, end_ms: int) -> int:
    """Return what a lot costs on this pair, if it ends then."""
    cost_ms = shop.fixed_ms[pair] + shop.wait[lot] * end_ms
    late_ms = end_ms - shop.due_ms[lot]
    if late_ms > 0:
        late_ms = late_ms * shop.late_permille // 1_000
        cost_ms += late_ms * shop.need_permille[lot] // 1_000
    return cost_ms


@inlined
def change(
    shop: Shop,
    lines: Lines,
    node: int,
    gone: int,
    lot: int,
    pair: int,
    behind: int,
    limit_ms: int,
) -> int:
    """Return what it would cost more to take `gone` out and put `lot` behind `behind`.

    Both in the line of `node`, which stays, and not before it; either may be -1. Once
    both are done and more than `limit_ms` is reached, it stops there. FORBIDDEN if a
    lot would miss its deadline or the hours.
    """
    from_ms, delta_ms, link = lines.end_ms[node], 0, node
    while True:
        if lot >= 0 and link == behind:
            at, by, old_ms, old_end_ms = lot, pair, 0, -1
            lot = -1
        else:
            link = lines.after[link]
            if link >= 0 and link == gone:
                delta_ms -= lines.cost_ms[gone]
                link, gone = lines.after[link], -1
            if link < 0:
                return delta_ms
            at, by, old_ms = link, lines.pair[link], lines.cost_ms[link]
            old_end_ms = lines.end_ms[link]
        from_ms = ends(shop, at, by, node, from_ms)
        if from_ms >= _NEVER:
            return FORBIDDEN
        done = lot < 0 and gone < 0
        if done and from_ms == old_end_ms:
            return delta_ms
        delta_ms += costs(shop, at, by, from_ms) - old_ms
        if done and delta_ms > limit_ms:
            return delta_ms
        node = at


@inlined
def settle(shop: Shop, lines: Lines, node: int) -> None:
    """Work out anew when each lot behind `node` ends, and what it costs."""
    at = lines.after[node]
    while at >= 0:
        end_ms = ends(shop, at, lines.pair[at], node, lines.end_ms[node])
        lines.end_ms[at] = end_ms
        lines.cost_ms[at] = costs(shop, at, lines.pair[at], end_ms)
        node, at = at, lines.after[at]


@inlined
def leave(shop: Shop, lines: Lines, lot: int) -> int:
    """Take a lot out of its line, without settling it; return what stood before it."""
    before, after = lines.before[lot], lines.after[lot]
    lines.after[before] = after
    if after >= 0:
        lines.before[after] = before
    lines.pair[lot] = -1
    lines.cost_ms[lot] = shop.unplaced_ms[lot]
    lines.end_ms[lot] = _NEVER
    return before


@inlined
def join(lines: Lines, lot: int, pair: int, behind: int) -> None:
    """Put a lot into a line, without settling it."""
    after = lines.after[behind]
    lines.after[behind], lines.before[lot], lines.after[lot] = lot, behind, after
    if after >= 0:
        lines.before[after] = lot
    lines.pair[lot] = pair


@compiled
def best_place(
    shop: Shop, lines: Lines, lot: int, pair: int, limit_ms: int
) -> tuple[int, int]:
    """Return the cheapest place in a pair's line: what more it costs, and behind whom.

    If the lot stands in that line, both its moves are counted, and its own place is not
    one; else only the second. Ties go to the earlier place. What costs `limit_ms` or
    more is not found: then what is returned is (`limit_ms`, -1).
    """
    head = len(shop.release_ms) + shop.machine[shop.slot[pair]]
    now = lines.pair[lot]
    own = now >= 0 and shop.machine[shop.slot[now]] == head - len(shop.release_ms)
    best_ms, place, node, passed = limit_ms, -1, head, False
    while node >= 0:
        if own and node == lot:
            passed, node = True, lines.after[node]
            continue
        if own and not (pair == now and node == lines.before[lot]):
            first = lines.before[lot] if passed else node
            more_ms = change(shop, lines, first, lot, lot, pair, node, best_ms)
        elif own:
            more_ms = best_ms
        else:
            # A later place only makes the lot itself dearer.
            least_ms = max(lines.end_ms[node], shop.release_ms[lot])
            least_ms = costs(shop, lot, pair, least_ms + shop.length_ms[pair])
            if least_ms >= best_ms:
                break
            more_ms = change(shop, lines, node, -1, lot, pair, node, best_ms)
        if more_ms < best_ms:
            best_ms, place = more_ms, node
        node = lines.after[node]
    return best_ms, place


@compiled
def move(shop: Shop, lines: Lines, lot: int, pair: int, behind: int) -> None:
    """Take a lot from where it stands, if anywhere, put it elsewhere, and settle both.

    A pair of -1 leaves it out.
    """
    left = -1
    if lines.pair[lot] >= 0:
        left = leave(shop, lines, lot)
    if pair >= 0:
        join(lines, lot, pair, behind)
        settle(shop, lines, behind)
    if left >= 0:
        settle(shop, lines, left)


@compiled
def gain(shop: Shop, lines: Lines, lot: int) -> int:
    """Return what taking a lot out of its line costs more: mostly less."""
    if lines.pair[lot] < 0:
        return -lines.cost_ms[lot]
    return change(shop, lines, lines.before[lot], lot, -1, -1, -1, _NEVER)
