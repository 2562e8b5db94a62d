"""The world around both ends: it packs them into one integer and lets them meet."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Final

from tests.model import rules
from tests.model.bounds import Bounds, Faults
from tests.model.calls import Calls
from tests.model.engine import (
    FIELD_BITS,
    Interned,
    Move,
    Outcome,
    Part,
    System,
    explore,
)
from tests.model.facility import Facility, Shop, Stepped
from tests.model.posts import Post
from tests.model.requester import Desk, Requester, Turned

FAULT_BITS: Final = 8
FIELD: Final = (1 << FIELD_BITS) - 1
FAULTS: Final = (1 << FAULT_BITS) - 1
DESK_AT: Final = FAULT_BITS


def _shop_at(facility: int) -> int:
    return FAULT_BITS + FIELD_BITS * (1 + facility)


@dataclass(slots=True)
class World:
    """One requester, its facilities, and everything they ever sent."""

    bounds: Bounds
    calls: Calls = field(default_factory=Calls)
    desks: Interned[Desk] = field(default_factory=Interned)
    shops: Interned[Shop] = field(default_factory=Interned)
    faults: Interned[Faults] = field(default_factory=Interned)
    posts: Interned[Post] = field(default_factory=Interned)
    listening: dict[tuple[int, bool], Part] = field(default_factory=dict)
    """Who hears what comes from which side of which facility."""
    sending: dict[tuple[int, bool], Part] = field(default_factory=dict)
    """Who sends it."""
    heard: dict[tuple[bool, int, int], Move | None] = field(default_factory=dict)

    def explore(self) -> Outcome:
        """Visit every state within the bounds."""
        return explore(self.system())

    def system(self) -> System:
        """Return what the engine explores."""
        facilities = range(self.bounds.facilities)
        start = self.faults.number(Faults())
        start |= self.desks.number(self._requester.begin()) << DESK_AT
        judged = FIELD << DESK_AT
        parts = [Part(FAULTS | FIELD << DESK_AT, self._desk_moves)]
        for one in facilities:
            at = _shop_at(one)
            start |= self.shops.number(self._facility(one).begin()) << at
            judged |= FIELD << at
            acts = Part(FAULTS | FIELD << at, partial(self._shop_moves, one))
            self.sending[one, False], self.sending[one, True] = acts, parts[0]
            parts.append(acts)
            hears = Part(FIELD << at, partial(self._heard_by, one, True))
            told = Part(FIELD << DESK_AT, partial(self._heard_by, one, False))
            self.listening[one, True], self.listening[one, False] = hears, told
            parts += [hears, told]
        return System(start, parts, self._verdict, judged, self._at_rest)

    # ------------------------------------------------------------------ the actors

    @property
    def _requester(self) -> Requester:
        return Requester(self.bounds, self.calls)

    def _facility(self, number: int) -> Facility:
        return Facility(number, self.bounds, self.calls)

    def _desk_moves(self, key: int) -> list[Move]:
        faults = self.faults.values[key & FAULTS]
        desk = self.desks.values[key >> DESK_AT & FIELD]
        return [self._moved(key, s) for s in self._requester.steps(desk, faults)]

    def _shop_moves(self, one: int, key: int) -> list[Move]:
        faults = self.faults.values[key & FAULTS]
        shop = self.shops.values[key >> _shop_at(one) & FIELD]
        return [
            self._moved(key, step, one)
            for step in self._facility(one).steps(shop, faults)
        ]

    def _moved(self, key: int, step: Stepped | Turned, one: int = -1) -> Move:
        """Return a step as a change of the fields that `key` shows, and of the net."""
        change = self.faults.number(step.faults) - (key & FAULTS)
        return self._changed(key, step, change, one)

    def _changed(self, key: int, step: Stepped | Turned, change: int, one: int) -> Move:
        if isinstance(step, Turned):
            number, at = self.desks.number(step.desk), DESK_AT
        else:
            number, at = self.shops.number(step.shop), _shop_at(one)
        change += (number - (key >> at & FIELD)) << at
        sends = 0
        for post in step.sends:
            sends |= self._bit(post)
        if step.is_reborn and self.bounds.is_acked:
            # What the older database had on its way, the newer one does not send again.
            change -= key >> self._net << self._net
        return Move(change, sends, step.is_progress, step.label)

    # ------------------------------------------------------------------ the network

    @property
    def _net(self) -> int:
        """Return where the bits of the messages begin."""
        return _shop_at(self.bounds.facilities)

    def _bit(self, post: Post) -> int:
        bit = 1 << self._net + self.posts.number(post)
        self.listening[post.facility, post.is_ours].mask |= bit
        if self.bounds.is_acked:
            self.sending[post.facility, post.is_ours].mask |= bit
        return bit

    def _heard_by(self, one: int, is_ours: bool, key: int) -> list[Move]:
        """Return what each message that was ever sent may do now."""
        at = _shop_at(one) if is_ours else DESK_AT
        actor = key >> at & FIELD
        box = key >> self._net
        moves: list[Move] = []
        while box:
            number = (box & -box).bit_length() - 1
            box &= box - 1
            move = self._hear(one, is_ours, actor, number)
            if self.bounds.is_acked:
                moves += self._acked(move, number)
            elif move is not None:
                moves.append(move)
        return moves

    def _acked(self, move: Move | None, number: int) -> list[Move]:
        """Return a delivery that is acknowledged, and one whose ACK is lost."""
        bit = 1 << self._net + number
        if move is None:
            return [Move(-bit, 0, True, f"{self.posts.values[number]} changes nothing")]
        sends = move.sends & ~bit
        acked = Move(move.change - bit, sends, True, move.label)
        return [acked, move._replace(is_progress=False)]

    def _hear(self, one: int, is_ours: bool, actor: int, number: int) -> Move | None:
        asked = is_ours, actor, number
        if asked in self.heard:
            return self.heard[asked]
        post = self.posts.values[number]
        step: Stepped | Turned | None
        if is_ours:
            step = self._facility(one).hear(self.shops.values[actor], post)
            key = actor << _shop_at(one)
        else:
            step = self._requester.hear(self.desks.values[actor], post)
            key = actor << DESK_AT
        move = None if step is None else self._changed(key, step, 0, one)
        self.heard[asked] = move
        return move

    # ------------------------------------------------------------------ the rules

    def _ends(self, state: int) -> tuple[Desk, tuple[Shop, ...]]:
        shops = tuple(
            self.shops.values[state >> _shop_at(one) & FIELD]
            for one in range(self.bounds.facilities)
        )
        return self.desks.values[state >> DESK_AT & FIELD], shops

    def _verdict(self, state: int) -> str | None:
        return rules.broken(self.bounds, *self._ends(state))

    def _at_rest(self, state: int) -> str | None:
        desk, shops = self._ends(state)
        owed = self._requester.owed(desk)
        return rules.wrong_at_rest(self.bounds, desk, shops, owed)
