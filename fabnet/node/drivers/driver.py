"""One machine, as the node drives it: a piece goes in, what became of it comes out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from fabnet.errors import LocalError
from fabnet.protocol.effects import Act

Tell = Callable[[int], Awaitable[None]]
"""Called with the permille of the piece that is done."""


class MachineLostError(LocalError):
    """A machine began a piece and cannot say what became of it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one piece, and what was measured."""

    good: bool
    run_s: int
    energy_wh: int
    mass_mg: int


class Driver(Protocol):
    """A machine that makes one piece at a time."""

    async def make(self, act: Act, tell: Tell) -> Outcome:
        """Make one piece; raise MachineLostError when nobody can say how it went."""
