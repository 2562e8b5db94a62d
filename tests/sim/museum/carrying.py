"""Bugs of the courier: the outbox, acknowledgements, and databases of peers."""

from __future__ import annotations

from typing import Final

from fabnet.protocol.courier import Courier
from fabnet.protocol.effects import Drop, Put, Turn
from fabnet.records.message import Message
from tests.sim.museum import stories
from tests.sim.museum.asking import NOTE
from tests.sim.museum.exhibit import Exhibit, Whole

GIVEN_UP_MS: Final = 8_000
"""Three repeats of what nobody acknowledged."""


def _without(turn: Turn, table: str) -> None:
    turn.effects[:] = [
        effect
        for effect in turn.effects
        if not (isinstance(effect, Put) and effect.table == table)
    ]


def _forgetful(send: Whole) -> Whole:
    def faulty(self: Courier, turn: Turn, *rest: object) -> None:
        send(self, turn, *rest)
        _without(turn, "outbox")

    return faulty


def _unwritten(hear: Whole) -> Whole:
    def faulty(self: Courier, turn: Turn, message: Message) -> object:
        is_next = hear(self, turn, message)
        _without(turn, "taken")
        return is_next

    return faulty


def _gives_up(tick: Whole) -> Whole:
    def faulty(self: Courier, turn: Turn) -> None:
        for peer, route in self.routes.items():
            if route.retry_ms > GIVEN_UP_MS:
                for seq in route.waiting:
                    turn.do(Drop("outbox", f"{peer} {seq:016d}"))
                route.waiting.clear()
        tick(self, turn)

    return faulty


def _twice(hear: Whole) -> Whole:
    def faulty(self: Courier, turn: Turn, message: Message) -> object:
        before = self.taken.get(message.author, 0)
        is_next = hear(self, turn, message)
        is_again = 0 < message.header.seq <= before
        return is_next or is_again

    return faulty


def _old_ones_too(hear: Whole) -> Whole:
    def faulty(self: Courier, turn: Turn, message: Message) -> object:
        author = message.author
        newest = self.newest.get(author)
        if newest is None or message.header.incarnation >= newest:
            return hear(self, turn, message)
        self.newest[author] = message.header.incarnation
        is_next = hear(self, turn, message)
        self.newest[author] = newest
        return is_next

    return faulty


def _one_early(acknowledge: Whole) -> Whole:
    def faulty(self: Courier, turn: Turn, message: Message, last: int) -> None:
        acknowledge(self, turn, message, last + 1)

    return faulty


CARRYING: Final = {
    "a message leaves that is in no outbox": Exhibit(
        "nothing leaves before it is durable", NOTE,
        Courier, "send", _forgetful, stories.fulfilled, "before its outbox row",
    ),
    "a message is acknowledged before it is durable": Exhibit(
        "an ACK is a promise of the disk", NOTE,
        Courier, "hear", _unwritten, stories.fulfilled, "before it was durable",
    ),
    "what did not come is acknowledged": Exhibit(
        "an ACK is a promise of the disk", NOTE,
        Courier, "_acknowledge", _one_early, stories.fulfilled, "before it was durable",
    ),
    "an outbox row is dropped before its ACK": Exhibit(
        "a message is repeated until it was taken", NOTE,
        Courier, "tick", _gives_up, stories.parted, "L1",
    ),
    "a message is taken twice": Exhibit(
        "a replay changes nothing", NOTE,
        Courier, "hear", _twice, stories.in_foul_weather, "R11",
    ),
    "messages of an older database are taken": Exhibit(
        "what was taken back stays so", NOTE,
        Courier, "hear", _old_ones_too, stories.old_words, "an older database changed",
    ),
}  # fmt: skip
