"""A station where a person makes the piece and says so: a bench, a loom, a saw."""

from __future__ import annotations

import asyncio

from fabnet.node.config import DriverClass
from fabnet.node.drivers.driver import (
    Answer,
    Outcome,
    Tell,
    Unknown,
)
from fabnet.protocol.effects import Act


class Manual:
    """Waits for a person to say that the piece in hand is done."""

    def __init__(self, *, power_w: int) -> None:
        self._power_w = power_w
        self._done: asyncio.Future[bool] | None = None

    @property
    def driver_class(self) -> DriverClass:
        """People go on without a node, and say how the piece went."""
        return "C"

    async def make(self, act: Act, tell: Tell) -> Outcome:
        """Wait for `finish`; the time is what was expected, until a person notes it."""
        await tell(0)
        self._done = asyncio.get_running_loop().create_future()
        try:
            good = await self._done
        finally:
            self._done = None
        energy_wh = -(-self._power_w * act.run_s // 3_600)
        return Outcome(good, act.run_s, energy_wh, act.mass_mg)

    async def ask(self, act: Act) -> Answer:
        """Leave it to whoever stands there."""
        return Unknown(f"a person made piece {act.piece}, or did not")

    def finish(self, *, good: bool) -> bool:
        """Say how the piece in hand came out; false when none is in hand."""
        if self._done is None or self._done.done():
            return False
        self._done.set_result(good)
        return True
