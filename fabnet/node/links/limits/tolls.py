"""What traffic costs, and who pays for it: a peer's key, and where it comes from.

A cost is about a fifth of a millisecond of our time: a frame costs 1, each record in it
1 for its signature and 2 more where it is stored, a file 1 for every 4 KiB, a login 2.

Who is vouched for, or was named by the operator, pays from a bucket of its own alone,
so that no flood beside it can empty it. Whoever merely proved a key pays three times:
for its key, for its block of addresses, and for all strangers together; so neither a
thousand keys nor a thousand addresses cost us more than one number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from fabnet.node.clock import Clock
from fabnet.node.links.limits.bucket import Buckets, Rate
from fabnet.records.ids import PeerId

FRAME_COST: Final = 1
RECORD_COST: Final = 1
"""For each signature that was checked."""
STORED_COST: Final = 2
"""For each record that was kept."""
COST_BYTES: Final = 4_096
"""Bytes of a file, or of records served, that cost 1."""
REQUEST_COST: Final = 1
"""For each request on the public port; a login makes two."""

PEER_RATE: Final = Rate(burst=60_000, per_s=6_000)
"""Of a peer that is vouched for: 2,000 new records a second, or 24 MB of files; more
than one core reads, so that it bounds a fault and not a day's work."""
STRANGER_RATE: Final = Rate(burst=1_000, per_s=20)
"""Of a key that nobody vouches for: 4 MiB at once, then 80 kB a second."""
BLOCK_RATE: Final = Rate(burst=2_000, per_s=200)
"""Of strangers and requests from one block of addresses: a village behind one router,
or ten strangers at full speed."""
STRANGERS_RATE: Final = Rate(burst=5_000, per_s=1_000)
"""Of all strangers together: a fifth of one core."""
FORWARD_RATE: Final = Rate(burst=10_000, per_s=500)
"""Messages of one peer that a hub forwards: ten full outboxes at once, then a sixth of
one core. What is more goes back, and its sender says it again later."""
WAIT_MS_MAX: Final = 5_000
"""The longest that a link waits, half of the patience of a ping; a debt that takes
longer ends the link, and a request is refused at once."""

_EVERYONE: Final = "*"


@dataclass(frozen=True, slots=True)
class Payer:
    """Who pays: a proven key, and where it came from."""

    peer: PeerId
    block: str | None
    """Nil where we dialled: we chose the address, it did not."""


@dataclass(slots=True)
class Tolls:
    """All buckets, and what they were asked to do since the start."""

    clock: Clock
    is_known: Callable[[PeerId], bool]
    """Whether a peer is vouched for, or was named by the operator."""
    peers: Buckets = field(default_factory=Buckets)
    blocks: Buckets = field(default_factory=Buckets)
    strangers: Buckets = field(default_factory=Buckets)
    forwards: Buckets = field(default_factory=Buckets)
    counted: Counter[str] = field(default_factory=Counter)
    """How often a payer `waited`, or was `refused`; and what was `paid`."""

    def pay(self, payer: Payer, cost: int) -> int:
        """Charge `payer`; return the milliseconds until it may go on."""
        tick_ms = self.clock.now().tick_ms
        self.counted["paid"] += cost
        if self.is_known(payer.peer):
            return self.peers.pay(payer.peer, cost, PEER_RATE, tick_ms)
        waits = [
            self.peers.pay(payer.peer, cost, STRANGER_RATE, tick_ms),
            self.strangers.pay(_EVERYONE, cost, STRANGERS_RATE, tick_ms),
        ]
        if payer.block is not None:
            waits.append(self.blocks.pay(payer.block, cost, BLOCK_RATE, tick_ms))
        return max(waits)

    def pay_request(self, block: str) -> int:
        """Charge a request by its address, whoever sent it; as `pay`."""
        tick_ms = self.clock.now().tick_ms
        return self.blocks.pay(block, REQUEST_COST, BLOCK_RATE, tick_ms)

    def may_forward(self, peer: PeerId) -> bool:
        """Charge a peer for a message that is to be forwarded; false if it may not.

        Unlike `pay` it leaves no debt: what was not forwarded is not paid for.
        """
        tick_ms = self.clock.now().tick_ms
        if self.forwards.pay(peer, 1, FORWARD_RATE, tick_ms) == 0:
            return True
        self.forwards.pay(peer, -1, FORWARD_RATE, tick_ms)
        return False


def size_cost(size_bytes: int) -> int:
    """Return what so many bytes cost; the first one as much as the first 4 KiB."""
    return -(-size_bytes // COST_BYTES)
