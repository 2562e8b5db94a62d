"""Hands between a mind and its machines: who is asked, and what the answer comes to."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from fabnet.node.config import DriverClass
from fabnet.node.drivers.driver import (
    Answer,
    MachineLostError,
    NotBegun,
    Outcome,
    Running,
    Tell,
    Unknown,
)
from fabnet.node.drivers.hands import Hands
from fabnet.protocol.effects import Act, Look
from fabnet.protocol.events import (
    Event,
    PieceHeld,
    PieceLost,
    PieceMade,
    PieceUnbegun,
    Progressed,
)
from tests.node.drivers.contract import JOB, PRINTER, piece
from tests.production.samples import REQUESTER

pytestmark = pytest.mark.asyncio
GOOD = Outcome(good=True, run_s=60, energy_wh=1, mass_mg=1)
MADE = PieceMade(REQUESTER, JOB, 1, 1, good=True, run_s=60, energy_wh=1, mass_mg=1)


@dataclass
class Scripted:
    """A machine that answers as it is told to."""

    driver_class: DriverClass
    answers: list[Answer | Exception] = field(default_factory=list)
    makes: Outcome | Exception = GOOD
    begun: int = 0

    async def make(self, act: Act, tell: Tell) -> Outcome:
        self.begun += 1
        await tell(500)
        if isinstance(self.makes, Exception):
            raise self.makes
        return self.makes

    async def ask(self, act: Act) -> Answer:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class Heard:
    """Hands with one machine, and what they post."""

    driver: Scripted
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.hands = Hands({PRINTER: self.driver}, self.post, again_s=0)

    async def post(self, event: Event) -> None:
        self.events.append(event)

    async def acts(self) -> list[Event]:
        await self.hands.act(piece(1))
        return [it for it in self.events if not isinstance(it, Progressed)]

    async def looks(self) -> list[Event]:
        self.events.clear()
        await self.hands.look(Look(piece(1)))
        return self.events


@pytest.mark.parametrize(
    ("answer", "begun", "said"),
    [
        (NotBegun(), 1, MADE),
        (Running(400), 1, MADE),
        (GOOD, 0, MADE),
        (Unknown("it is off"), 0, PieceLost(REQUESTER, JOB, 1, 1, "it is off")),
        (OSError("no route"), 0, PieceLost(REQUESTER, JOB, 1, 1, "OSError: no route")),
    ],
)
async def test_a_controller_is_asked_before_a_piece_is_begun(
    answer: Answer | Exception, begun: int, said: Event
) -> None:
    heard = Heard(Scripted("A", [answer]))

    assert await heard.acts() == [said]
    assert heard.driver.begun == begun


@pytest.mark.parametrize("driver_class", ["B", "C"])
async def test_no_other_machine_is_asked_before(driver_class: DriverClass) -> None:
    heard = Heard(Scripted(driver_class))

    assert await heard.acts() == [MADE]


@pytest.mark.parametrize(
    ("driver_class", "answer", "said"),
    [
        ("A", GOOD, [MADE]),
        ("A", Running(400), [PieceHeld(REQUESTER, JOB, 1, 1)]),
        ("A", NotBegun(), [PieceUnbegun(REQUESTER, JOB, 1, 1)]),
        ("B", GOOD, [MADE]),
        ("B", Unknown("its end was sent"), []),
        ("C", Unknown("nobody watched"), []),
    ],
)
async def test_of_a_piece_in_doubt_the_mind_hears_what_is_known(
    driver_class: DriverClass, answer: Answer, said: list[Event]
) -> None:
    assert await Heard(Scripted(driver_class, [answer])).looks() == said


async def test_a_controller_that_does_not_answer_is_asked_until_it_does() -> None:
    silent: list[Answer | Exception] = [Unknown("off"), OSError("no route"), GOOD]

    assert await Heard(Scripted("A", silent)).looks() == [MADE]


async def test_a_machine_is_asked_once_at_a_time_of_a_piece() -> None:
    heard = Heard(Scripted("A", [Unknown("off"), GOOD]))

    both = await asyncio.gather(heard.looks(), heard.looks())

    assert both[0] == [MADE], "and no more answers were asked for than there are"


async def test_a_machine_that_failed_to_begin_is_not_told_again() -> None:
    heard = Heard(Scripted("A", [NotBegun(), NotBegun()], MachineLostError("jammed")))

    lost = await heard.acts()

    assert lost == [PieceLost(REQUESTER, JOB, 1, 1, "jammed")]
    assert await heard.looks() == [], "a person must look"


async def test_of_a_machine_that_is_gone_nobody_knows() -> None:
    heard = Heard(Scripted("A"))
    heard.hands = Hands({}, heard.post)

    assert await heard.acts() == [
        PieceLost(REQUESTER, JOB, 1, 1, "the machine is no longer configured")
    ]
    assert await heard.looks() == []
