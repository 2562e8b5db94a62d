"""What the model calls: the product's own functions, each in one place.

A planted bug replaces one of them, or one rule of the world, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from fabnet.production.lots import lot as lots
from fabnet.production.lots import making as makings
from fabnet.production.lots import remnant as remnants
from fabnet.production.lots.lot import Ignored, Lot
from fabnet.production.lots.making import Making
from fabnet.production.lots.remnant import Remnant


@dataclass(frozen=True, slots=True)
class Calls:
    """The steps that bugs are planted in, and the rules of the world that they bend."""

    hear_maker: Callable[..., Lot | Ignored] = lots.hear_maker
    newer_maker: Callable[..., Lot] = lots.newer_maker
    loses: Callable[..., bool] = lots.loses
    give_up: Callable[[Lot], Lot] = lots.give_up
    unanswered: Callable[[Lot], Lot] = lots.unanswered
    hear_requester: Callable[..., Making | Ignored] = makings.hear_requester
    overtaken: Callable[..., Remnant | None] = remnants.overtaken
    doubt: Callable[[Making], Making] = makings.doubt
    hear_status: Callable[..., Lot | Ignored] = lots.hear_status
    timed: tuple[str, ...] = ("asked",)
    """The states in which the requester's offer timer ends a lot."""
    is_durable_at_once: bool = True
    """Whether what was written is on disk before anything else happens."""
    acts_first: bool = False
    """Whether the machine makes a piece before its intent is written."""
    forgets: bool = False
    """Whether a controller forgets what it made, and says that it never began."""
    tells_unconfirmed: bool = False
    """Whether STATUS names lots that were never confirmed to who says it."""
    is_reborn: bool = True
    """Whether a facility that lost its disk speaks under a new incarnation."""
    is_fencing: bool = True
    """Whether a restored requester knows that it was, and fences its makers."""
    fences_again: bool = True
    """Whether a facility that lost its disk is fenced once more."""
    rows: set[tuple[str, str, str]] = field(default_factory=set)
    """The rows of the tables that were taken: table, state, step."""
    planted: str = ""
    """The name of the planted bug; empty for the product as it is."""
