"""Requester and facility, joined by a courier: at rest the book equals the bench.

Any interleaving of people, timers, crashes and deliveries; messages keep their order,
and each is heard twice, as if the courier's memory had failed.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from fabnet.production.handoff import (
    Cancel,
    Confirm,
    Final,
    Lease,
    LeaseRequest,
    Receipt,
)
from fabnet.production.lots import lot as lots
from fabnet.production.lots import making as makings
from fabnet.production.lots.lot import LOT_TABLE, Ignored, Lot
from fabnet.production.lots.making import MAKING_TABLE, Making
from tests.production.samples import (
    MAKER,
    OURS,
    POLICY,
    REQUESTER,
    asked,
    lease_request,
)

Action = str
PIECES = 2


@dataclass(slots=True)
class Pair:
    """One lot at both ends, what is on its way, and the bench that nobody can read."""

    lot: Lot = field(default_factory=lambda: asked(PIECES))
    making: Making | None = None
    to_maker: deque[LeaseRequest | Confirm | Cancel] = field(default_factory=deque)
    to_requester: deque[Lease | Receipt | Final] = field(default_factory=deque)
    bench: int = 0
    acted: bool | None = None
    """Whether the open piece turned out good; nil while it is not yet made."""

    def __post_init__(self) -> None:
        self.to_maker.append(lease_request(PIECES))

    # ------------------------------------------------------------------ the requester

    def give_up(self) -> None:
        if (self.lot.state, "give-up") in LOT_TABLE:
            self.lot = lots.give_up(self.lot)
            self.send_cancel()

    def unanswered(self) -> None:
        if (self.lot.state, "unanswered") in LOT_TABLE:
            self.lot = lots.unanswered(self.lot)
            self.send_cancel()

    def send_cancel(self) -> None:
        self.to_maker.append(Cancel(self.lot.job, 1, self.lot.incarnation))

    def requester_hears(self) -> None:
        if not self.to_requester:
            return
        said = self.to_requester.popleft()
        for _ in range(2):
            before = self.lot
            after = lots.hear_maker(before, said, author=MAKER)
            if isinstance(after, Ignored):
                continue
            self.lot = after
            if isinstance(said, Lease) and after.state == "dropped":
                self.send_cancel()
            elif isinstance(said, Lease):
                self.to_maker.append(Confirm(after.job, 1, said.maker, b"sealed"))

    # ------------------------------------------------------------------ the facility

    def maker_hears(self) -> None:
        if not self.to_maker:
            return
        said = self.to_maker.popleft()
        for _ in range(2):
            if self.making is None:
                assert isinstance(said, LeaseRequest), "the courier keeps the order"
                self.making = makings.queue(said, REQUESTER, maker=OURS, asked_by=OURS)
                continue
            after = makings.hear_requester(self.making, said, author=REQUESTER)
            if isinstance(after, Ignored):
                continue
            self.making = after
            if after.state == "final":
                self.send_final()

    def answer(self, *, yes: bool) -> None:
        if self.making is None or self.making.state != "queued":
            return
        if yes:
            self.making = makings.hold(
                self.making, policy=POLICY, acceptance=b"", licence="MIT"
            )
            self.to_requester.append(Lease(self.lot.job, 1, OURS, 60, POLICY, b""))
        else:
            self.making = makings.refuse(self.making, "window-taken")
            self.send_final()

    def timer(self) -> None:
        if self.making is None or self.making.state not in ("held", "ready"):
            return
        expire = (
            makings.expire_hold if self.making.state == "held" else makings.miss_start
        )
        self.making = expire(self.making)
        self.send_final()

    def stop(self) -> None:
        if self.making and (self.making.state, "stop") in MAKING_TABLE:
            self.making = makings.stop(self.making, "fault")
            if self.making.state == "final":
                self.send_final()

    def go_on(self) -> None:
        if self.making is None:
            return
        match makings.next_step(self.making):
            case "intend":
                self.making = makings.intend(self.making)
            case "end":
                self.making = makings.end(self.making)
                self.send_final()
            case None:
                pass

    def act(self, *, good: bool) -> None:
        """The machine makes the piece that was begun, unseen."""
        making = self.making
        if making is None or making.intent is None or self.acted is not None:
            return
        if making.state == "running":
            self.acted = good
            self.bench += good

    def report(self) -> None:
        making = self.making
        if making is None or making.intent is None or self.acted is None:
            return
        if making.state == "in-doubt":
            self.making = makings.count(making, good=self.acted)
        else:
            self.making = makings.finish(
                making, making.intent, good=self.acted, run_s=1, energy_wh=1, mass_mg=1
            )
        self.acted = None
        self.send_receipt()

    def crash(self) -> None:
        """The node stops; at boot, an open intent is in doubt."""
        if self.making is None or self.making.state != "running":
            return
        if self.making.intent is not None:
            self.making = makings.doubt(self.making)
            self.acted = bool(self.acted)
            self.send_receipt()

    def send_receipt(self) -> None:
        assert self.making is not None
        doubtful = int(self.making.state == "in-doubt")
        self.to_requester.append(
            Receipt(
                self.lot.job, 1, OURS, self.making.good, self.making.scrap, doubtful
            )
        )

    def send_final(self) -> None:
        assert self.making is not None
        self.to_requester.append(
            Final(
                self.lot.job, 1, OURS,
                self.making.good, self.making.scrap, self.making.reason, "",
            )
        )  # fmt: skip

    # ------------------------------------------------------------------ what holds

    def do(self, action: Action) -> None:
        match action:
            case "yes" | "no":
                self.answer(yes=action == "yes")
            case "make-good" | "make-scrap":
                self.act(good=action == "make-good")
            case _:
                getattr(self, action)()
        self.check()

    def check(self) -> None:
        lots.check(self.lot)
        assert self.bench <= PIECES, "H1: no more is made than was asked for"
        assert self.lot.good <= self.bench, "H5: nothing is booked that does not exist"
        if self.lot.state == "dropped":
            assert self.bench == 0, "before CONFIRM nothing is made"
        if self.making is None:
            return
        makings.check(self.making)
        assert self.making.good <= self.bench, "H3: no piece is claimed but made"
        if self.making.state == "final":
            assert self.making.good == self.bench, "H4: FINAL is the bench"
        if self.lot.state == "closed":
            assert self.lot.good == self.bench, "H6: what is closed is fully booked"

    def rest(self) -> None:
        """Let everything that is on its way or due come to its end."""
        for _ in range(40):
            for action in ("maker_hears", "yes", "requester_hears", "go_on",
                           "make-good", "report"):  # fmt: skip
                self.do(action)


ACTIONS = (
    "give_up", "unanswered", "requester_hears", "maker_hears", "yes", "no", "timer",
    "stop", "go_on", "make-good", "make-scrap", "report", "crash",
)  # fmt: skip
USUAL = ("maker_hears", "yes", "requester_hears", "maker_hears", "go_on")


@settings(max_examples=300)
@given(st.booleans(), st.lists(st.sampled_from(ACTIONS), max_size=30))
def test_however_it_goes_the_book_equals_the_bench_at_rest(
    begun: bool, history: list[Action]
) -> None:
    pair = Pair()
    for action in (*(USUAL if begun else ()), *history):
        pair.do(action)

    pair.rest()

    assert pair.lot.state in ("closed", "dropped")
    assert pair.making is not None
    assert pair.making.state == "final"
    assert pair.lot.good == pair.bench


def test_a_lot_that_nobody_disturbs_is_made() -> None:
    pair = Pair()

    pair.rest()

    assert (pair.lot.state, pair.lot.good, pair.bench) == ("closed", PIECES, PIECES)


def test_a_cancel_and_a_crash_in_the_middle_of_a_piece_lose_nothing() -> None:
    pair = Pair()
    for action in (*USUAL, "make-good", "give_up", "maker_hears", "crash"):
        pair.do(action)
    assert pair.making is not None
    assert (pair.making.state, pair.lot.state) == ("in-doubt", "cancelling")

    pair.rest()

    assert (pair.lot.state, pair.lot.good, pair.making.reason) == (
        "closed",
        1,
        "cancelled",
    )
