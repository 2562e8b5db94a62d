"""A machine that only takes its time: for demonstrations, trials and tests."""

from __future__ import annotations

import asyncio
from typing import Final

from fabnet.node.drivers.driver import Outcome, Tell
from fabnet.node.drivers.journal import Deed, Did, Journal
from fabnet.protocol.effects import Act

STEPS: Final = 10
"""How often it tells its progress while it makes a piece."""


class Simulated:
    """Makes good pieces in their expected time, `time_factor` times as fast."""

    def __init__(
        self,
        *,
        power_w: int,
        time_factor: int,
        scrap_every: int | None,
        journal: Journal | None = None,
    ) -> None:
        self._power_w = power_w
        self._time_factor = time_factor
        self._scrap_every = scrap_every
        self._journal = journal
        self._begun = 0

    async def make(self, act: Act, tell: Tell) -> Outcome:
        """Wait as long as the piece takes, telling how far it is."""
        self._begun += 1
        await self._write(act, "begun")
        for step in range(1, STEPS + 1):
            await asyncio.sleep(act.run_s / self._time_factor / STEPS)
            await tell(step * 1_000 // STEPS)
        spoilt = self._scrap_every is not None and self._begun % self._scrap_every == 0
        await self._write(act, "scrap" if spoilt else "good")
        energy_wh = -(-self._power_w * act.run_s // 3_600)
        return Outcome(not spoilt, act.run_s, energy_wh, act.mass_mg)

    async def _write(self, act: Act, deed: Deed) -> None:
        if self._journal is not None:
            did = Did(act.machine, act.job, act.epoch, act.piece, deed)
            await asyncio.to_thread(self._journal.write, did)
