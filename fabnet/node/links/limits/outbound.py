"""Whom we dial by our own choice, so that nobody can be all we hear of.

Whoever controls every link of a node decides what it knows. Others choose to dial us;
these few we choose: peers that are vouched for, of different cooperatives, in different
blocks of addresses, and not all told of by one neighbour. Two that served well are
remembered across restarts and come first, so that a node that is restarted among liars
finds its way back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from fabnet.node.links.limits.blocks import block_of
from fabnet.protocol.address import Address
from fabnet.records.ids import CharterId, PeerId

OUTBOUND_MIN: Final = 4
"""Links that we dial; below it one more is chosen. Of four one honest is enough."""
PER_BLOCK_MAX: Final = 2
"""Of them in one block of addresses."""
PER_SOURCE_MAX: Final = OUTBOUND_MIN // 2
"""Of them that one neighbour told us of first."""
PER_COOPERATIVE_MAX: Final = 1
"""Of them of one cooperative."""
ANCHORS: Final = 2
"""Peers remembered across restarts."""
CANDIDATES_MAX: Final = 2_500
"""Peers chosen from: as many cooperatives as a node follows."""
SOLD_IP6_BITS: Final = 48
"""A block as it is sold: wider than what one customer has."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A peer that might be dialled."""

    peer: PeerId
    cooperative: CharterId
    address: Address
    source: PeerId | None
    """Who told us where it is; nil is ourselves."""
    is_anchor: bool = False


def choose(
    candidates: Sequence[Candidate],
    held: Iterable[Candidate],
    *,
    rank: Callable[[Candidate], bytes],
) -> Candidate | None:
    """Return the one to dial next beside those that are held, or nil.

    Anchors come first, then whoever ranks lowest: `rank` is secret, so that nobody can
    make a key that we prefer.
    """
    held = list(held)
    blocks = Counter(block_at(each.address.host) for each in held)
    sources = Counter(each.source for each in held)
    cooperatives = Counter(each.cooperative for each in held)
    names = {each.peer for each in held}
    fit = [
        each
        for each in candidates
        if each.peer not in names
        and blocks[block_at(each.address.host)] < PER_BLOCK_MAX
        and sources[each.source] < PER_SOURCE_MAX
        and cooperatives[each.cooperative] < PER_COOPERATIVE_MAX
    ]
    return min(fit, key=lambda it: (not it.is_anchor, rank(it), it.peer), default=None)


def block_at(host: str) -> str:
    """Return the block, as it is commonly sold, that an IP address or name is in."""
    return block_of(host, ip6_bits=SOLD_IP6_BITS)
