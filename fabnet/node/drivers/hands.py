"""The hands of a node: each piece to its driver, and what became of it to the mind.

A driver that fails in a way nobody foresaw leaves a piece nobody can vouch for: that is
a doubt, and the machine stands still.

A controller that can be asked (class A) is, before a piece is begun: what it has in
hand or has done under our name is not begun again. Of a piece in doubt every driver is
asked; a controller that does not answer is asked again until it does.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Final, TypeVar

from fabnet.node.drivers.driver import (
    Answer,
    Driver,
    MachineLostError,
    NotBegun,
    Outcome,
    Running,
    Unknown,
    name_of,
)
from fabnet.protocol.effects import Act, Look
from fabnet.protocol.events import (
    Event,
    PieceHeld,
    PieceLost,
    PieceMade,
    PieceUnbegun,
    Progressed,
)
from fabnet.records.ids import JobId, MachineId, PeerId

logger = logging.getLogger(__name__)

ASK_AGAIN_S: Final = 30
"""How long a controller that does not answer is left alone: after a power cut many
take a minute to start."""

T = TypeVar("T", Answer, Outcome)


class Hands:
    """Begins pieces, and asks after them."""

    def __init__(
        self,
        drivers: Mapping[MachineId, Driver],
        post: Callable[[Event], Awaitable[None]],
        *,
        again_s: float = ASK_AGAIN_S,
    ) -> None:
        self._drivers = drivers
        self._post = post
        self._again_s = again_s
        self._doubted: dict[MachineId, str] = {}
        """The piece that each machine is being asked of, by our name."""
        self._failed: dict[MachineId, str] = {}
        """The last piece that each machine failed to make since the start."""

    async def act(self, effect: Act) -> None:
        """Have a machine make one piece, and post what became of it."""
        name = _piece(effect)

        async def tell(permille: int) -> None:
            await self._post(Progressed(*name, permille))

        driver = self._drivers.get(effect.machine)
        if driver is None:
            await self._post(PieceLost(*name, "the machine is no longer configured"))
            return
        found: Answer = NotBegun()
        if driver.driver_class == "A":
            found = await _answered(effect, driver.ask(effect))
        if isinstance(found, NotBegun | Running):
            found = await _answered(effect, driver.make(effect, tell))
            if isinstance(found, Unknown):
                self._failed[effect.machine] = name_of(effect)
        if isinstance(found, Outcome):
            await self._post(_made(effect, found))
        elif isinstance(found, Unknown):
            await self._post(PieceLost(*name, found.why))

    async def look(self, effect: Look) -> None:
        """Ask a machine of a piece in doubt, and post what it says."""
        act = effect.act
        driver, name = self._drivers.get(act.machine), name_of(act)
        if driver is None or self._doubted.get(act.machine) == name:
            return
        self._doubted[act.machine] = name
        found = await self._found(driver, act)
        if self._doubted.get(act.machine) == name:
            del self._doubted[act.machine]
        piece = _piece(act)
        match found:
            case Outcome():
                await self._post(_made(act, found))
            case Running():
                await self._post(PieceHeld(*piece))
            case NotBegun() if self._failed.get(act.machine) != name:
                await self._post(PieceUnbegun(*piece))
            case _:
                # A controller that did not begin when it was told will not now.
                logger.warning("%s: a person must look at %s", act.machine, name)

    async def _found(self, driver: Driver, act: Act) -> Answer:
        """Ask a driver, and a controller until it answers or of another piece."""
        name = name_of(act)
        if self._failed.get(act.machine) == name and driver.driver_class == "A":
            await asyncio.sleep(self._again_s)
        found = await _answered(act, driver.ask(act))
        while isinstance(found, Unknown) and driver.driver_class == "A":
            logger.info("%s does not tell of %s: %s", act.machine, name, found.why)
            await asyncio.sleep(self._again_s)
            if self._doubted.get(act.machine) != name:
                break
            found = await _answered(act, driver.ask(act))
        return found


async def _answered(act: Act, call: Coroutine[object, object, T]) -> T | Unknown:
    """Return what a driver says; what fails in it is not known."""
    try:
        return await call
    except MachineLostError as error:
        return Unknown(str(error))
    except Exception as error:  # a driver is other people's code
        logger.exception("%s failed at piece %d", act.machine, act.piece)
        return Unknown(f"{type(error).__name__}: {error}")


def _piece(act: Act) -> tuple[PeerId, JobId, int, int]:
    return act.requester, act.job, act.epoch, act.piece


def _made(act: Act, outcome: Outcome) -> PieceMade:
    return PieceMade(
        *_piece(act),
        outcome.good,
        outcome.run_s,
        outcome.energy_wh,
        outcome.mass_mg,
    )
