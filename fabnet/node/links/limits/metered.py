"""A store that tells what each peer's records cost to keep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from fabnet.node.links.limits.tolls import STORED_COST
from fabnet.protocol.effects import Keep
from fabnet.records.ids import PeerId

D_contra = TypeVar("D_contra", contravariant=True)


class Keeper(Protocol[D_contra]):
    """Where records and state are kept."""

    async def room(self) -> None:
        """Wait until one more commit fits within the bounds."""

    def commit(self, durable: Sequence[D_contra], moment_ms: int) -> Awaitable[None]:
        """Queue one transaction; the result resolves when it is on disk."""


class Metered(Keeper[D_contra]):
    """Passes everything on to a store, and charges whoever brought what is kept."""

    def __init__(
        self, keeper: Keeper[D_contra], charge: Callable[[PeerId, int], None]
    ) -> None:
        self._keeper = keeper
        self._charge = charge

    async def room(self) -> None:
        """Wait until one more commit fits within the bounds."""
        await self._keeper.room()

    def commit(self, durable: Sequence[D_contra], moment_ms: int) -> Awaitable[None]:
        """Queue one transaction; the result resolves when it is on disk."""
        brought = Counter(
            it.source for it in durable if isinstance(it, Keep) if it.source is not None
        )
        for peer, count in brought.items():
            self._charge(peer, STORED_COST * count)
        return self._keeper.commit(durable, moment_ms)
