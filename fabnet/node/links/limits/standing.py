"""How peers stand with us: what they did wrong of late, and whom the operator blocked.

Faults are forgotten with the process, blocks are not. Both are about links and files
alone: whose records are kept is decided by who vouches for their author.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Final, Protocol

import msgspec

from fabnet.node.clock import Clock
from fabnet.protocol.effects import Drop, Put
from fabnet.records import canonical
from fabnet.records.body import Body
from fabnet.records.ids import Count, PeerId
from fabnet.records.refusal import Refusal

logger = logging.getLogger(__name__)

FAULTS_MAX: Final = 20
"""Faults after which a peer is shut out: more than bad luck, fewer than a flood."""
SHUT_OUT_MS: Final = 600_000
FAULTY_MAX: Final = 1_000
"""Peers whose faults are remembered; beyond it the oldest are forgiven."""
BLOCKS_MAX: Final = 1_000
"""Peers that an operator may have blocked at once; one more is refused."""
WHY_CHARS_MAX: Final = 200
BLOCKED: Final = "blocked"
SHUT_OUT: Final = "shut-out"
TABLE: Final = "block"
"""The blocks are rows beside the peer's own, which it does not read."""
_ROW_BYTES_MAX: Final = 2_048


class Block(Body):
    """Why no link is held with a peer, and until which moment; nil is for ever."""

    why: Annotated[str, msgspec.Meta(max_length=WHY_CHARS_MAX)]
    since_ms: Count
    until_ms: Count | None


class Keeper(Protocol):
    """Where blocks are kept."""

    def commit(self, durable: Sequence[Put | Drop], moment_ms: int) -> Awaitable[None]:
        """Queue one transaction; the result resolves when it is on disk."""


@dataclass(slots=True)
class Fault:
    """What a peer did wrong of late."""

    count: int = 0
    shut_until_tick: int = 0
    last: str = ""


@dataclass(slots=True)
class Standing:
    """Every peer's faults, and the operator's blocks."""

    clock: Clock
    keeper: Keeper
    faults: dict[PeerId, Fault] = field(default_factory=dict)
    blocks: dict[PeerId, Block] = field(default_factory=dict)

    def restore(self, rows: Mapping[str, bytes]) -> None:
        """Know again whom the operator blocked before the start."""
        for peer, row in rows.items():
            block = canonical.decode(row, Block, bytes_max=_ROW_BYTES_MAX)
            self.blocks[PeerId(peer)] = block

    # ------------------------------------------------------------------ faults

    def lower(self, peer: PeerId, why: str) -> bool:
        """Count a fault; return whether the peer is shut out for it."""
        fault = self.faults.setdefault(peer, Fault())
        if len(self.faults) > FAULTY_MAX:
            del self.faults[next(iter(self.faults))]
        fault.count += 1
        fault.last = why[:WHY_CHARS_MAX]
        logger.warning("%s: fault %d: %s", peer, fault.count, why)
        if fault.count < FAULTS_MAX:
            return False
        fault.count = 0
        fault.shut_until_tick = self.clock.now().tick_ms + SHUT_OUT_MS
        return True

    def is_shut_out(self, peer: PeerId) -> bool:
        """Whether `peer` did so much wrong that it must wait."""
        fault = self.faults.get(peer)
        now = self.clock.now().tick_ms
        return fault is not None and fault.shut_until_tick > now

    # ------------------------------------------------------------------ blocks

    def block_of(self, peer: PeerId) -> Block | None:
        """Return the block that stands against a peer now, or nil."""
        block = self.blocks.get(peer)
        if block is None:
            return None
        now_ms = self.clock.now().moment_ms
        return (
            None if block.until_ms is not None and block.until_ms <= now_ms else block
        )

    def why_not(self, peer: PeerId) -> str | None:
        """Return why no link is held with a peer: `blocked`, `shut-out`, or nil."""
        if self.block_of(peer) is not None:
            return BLOCKED
        return SHUT_OUT if self.is_shut_out(peer) else None

    async def block(
        self, peer: PeerId, why: str, until_ms: int | None
    ) -> Refusal | None:
        """Hold no link with a peer from now on; return when that is durable."""
        await self._forget_ended()
        if peer not in self.blocks and len(self.blocks) >= BLOCKS_MAX:
            return Refusal("too-many-blocks", (("most", BLOCKS_MAX),))
        now_ms = self.clock.now().moment_ms
        block = self.blocks[peer] = Block(why[:WHY_CHARS_MAX], now_ms, until_ms)
        await self.keeper.commit([Put(TABLE, peer, canonical.encode(block))], now_ms)
        return None

    async def unblock(self, peer: PeerId) -> bool:
        """Let a peer in again; return whether it was blocked."""
        was = self.blocks.pop(peer, None) is not None
        if was:
            now_ms = self.clock.now().moment_ms
            await self.keeper.commit([Drop(TABLE, peer)], now_ms)
        return was

    async def _forget_ended(self) -> None:
        ended = [peer for peer in self.blocks if self.block_of(peer) is None]
        for peer in ended:
            await self.unblock(peer)
