"""What must hold in every state the world can reach: H1 to H10, L1 and L2.

Each is a sentence that a state breaks or not. Those on one actor are looked at when
that actor's state first occurs; those on both ends for each combination of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from fabnet.production.lots.lot import Lot
from fabnet.production.lots.making import Making
from tests.model.bounds import Bounds
from tests.model.facility import Shop
from tests.model.posts import MAKERS
from tests.model.requester import Desk


def broken(bounds: Bounds, desk: Desk, shops: tuple[Shop, ...]) -> str | None:
    """Return the first rule that is broken, or nil."""
    for shop in shops:
        for each in _at_facility(shop):
            return each
    for each in _at_requester(bounds, desk):
        return each
    for each in _together(bounds, desk, shops):
        return each
    return None


def _at_facility(shop: Shop) -> Iterator[str]:
    known = [each for each in shop.slots if isinstance(each, Making)]
    if sum(each.intent is not None for each in known) > 1:
        yield "H9: a machine has two pieces under way"
    for slot, (good, scrap) in zip(shop.slots, shop.bench, strict=True):
        if isinstance(slot, Making):
            yield from _of_making(shop, slot, good, scrap)
        elif good + scrap and shop.ours.counter == 1:
            yield "H2: a piece was made of a lot that the facility does not know"


def _of_making(shop: Shop, making: Making, good: int, scrap: int) -> Iterator[str]:
    if making.sealed is None and shop.ours.counter > 1:
        return  # Of what an older database made of it, this one knows nothing.
    if good + scrap > making.good + making.scrap + (making.intent is not None):
        yield "H2: a piece was made without a durable intent"
    if making.good > good:
        yield "H3: the facility claims pieces that do not exist"
    if making.state == "final" and making.good != good:
        yield "H4: FINAL is not what lies on the bench"


def _at_requester(bounds: Bounds, desk: Desk) -> Iterator[str]:
    for lot in desk.lots:
        if lot.good > lot.pieces:
            yield "H7: more is booked than was asked for"
    if sum(lot.reserved for lot in desk.lots) > bounds.pieces:
        yield "H8: more is allocated and booked than was requested"
    if [lot.epoch for lot in desk.lots] != list(range(1, len(desk.lots) + 1)):
        yield "H10: epochs do not go up by one"


def _together(bounds: Bounds, desk: Desk, shops: tuple[Shop, ...]) -> Iterator[str]:
    bench = sum(good for shop in shops for good, _ in shop.bench)
    if bench > bounds.pieces + desk.written_off:
        yield "H1: more is made than was requested and written off"
    for lot in desk.lots:
        there = on_bench(lot, shops)
        if lot.good > there:
            yield "H5: the requester booked pieces that do not exist"
        if lot.state == "closed" and lot.good < there:
            yield "H6: a lot is closed although more of it exists"
        if lot.state == "dropped" and there:
            yield "H6: a lot is dropped although something was made"


def on_bench(lot: Lot, shops: tuple[Shop, ...]) -> int:
    """Return how many good pieces of a lot exist."""
    return shops[MAKERS.index(lot.maker)].bench[lot.epoch - 1][0]


def wrong_at_rest(
    bounds: Bounds, desk: Desk, shops: tuple[Shop, ...], owed: int
) -> str | None:
    """Return what is wrong when nothing comes by itself any more, or nil."""
    for lot in desk.lots:
        if lot.state == "asked":
            continue  # The offer timer is running.
        if lot.state not in ("dropped", "closed"):
            return f"L1: lot {lot.epoch} is {lot.state} for ever, and nobody is asked"
        if lot.good != on_bench(lot, shops):
            return f"L2: of lot {lot.epoch} the book is not the bench"
    if owed > 0 and len(desk.lots) < bounds.lots and not desk.is_restored:
        return "L1: pieces are owed and none is asked for"
    return None
