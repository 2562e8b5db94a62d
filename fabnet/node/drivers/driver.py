"""One machine, as the node drives it: a piece goes in, what became of it comes out.

What a driver can say after a crash is its **class**, and that is the machine's, not the
program's (see docs/adr/0024):

- **A**, asked: the controller keeps our name of the piece as its job's name, goes on
  without us, and can be asked, before a piece is begun and after a crash.
- **B**, streamed: the machine stops when we do. A piece whose end was not yet sent is
  scrap; of one whose end was, nobody knows.
- **C**, alone: whatever else. It may have gone on, or go on by itself when the power is
  back; a person looks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from fabnet.errors import LocalError
from fabnet.node.config import DriverClass
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


@dataclass(frozen=True, slots=True)
class NotBegun:
    """The controller was never told to make the piece."""


@dataclass(frozen=True, slots=True)
class Running:
    """The controller has the piece in hand."""

    permille: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody but a person can say; or not yet."""

    why: str


Answer = NotBegun | Running | Outcome | Unknown


class Driver(Protocol):
    """A machine that makes one piece at a time.

    What each class promises is tested in tests/node/drivers/contract.py.
    """

    @property
    def driver_class(self) -> DriverClass:
        """What it can say after a crash."""

    async def make(self, act: Act, tell: Tell) -> Outcome:
        """Make one piece; raise MachineLostError when nobody can say how it went.

        In class A, a piece that the controller has in hand under our name is followed
        to its end, and one that it finished is not made again.
        """

    async def ask(self, act: Act) -> Answer:
        """Say what became of a piece, while no `make` of it is under way.

        Class A does not know either while the controller has other work in hand. Class
        B answers for a piece that was begun: it is scrap, or unknown. Class C never
        knows.
        """


def name_of(act: Act) -> str:
    """Return our name of a piece, for controllers: fit for a file, and never another's.

    It says who asked too: a job's id alone can be claimed by anybody.
    """
    whole = f"{act.requester} {act.job}/{act.epoch}/{act.piece}"
    return "fabnet-" + hashlib.sha256(whole.encode()).hexdigest()[:32]
