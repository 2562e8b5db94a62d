"""The desks of all facilities: who holds each slot, and the answer to whoever asks.

A slot's answer depends on nothing but its own entry and what is asked of it, so that
each facility can give its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fabnet.scheduling.federated.messages import Answers, Asks, Verdict
from fabnet.scheduling.graph import Ints
from fabnet.scheduling.model import Flags


@dataclass(frozen=True, slots=True, eq=False)
class Desk:
    """What facilities know of their slots."""

    version: Ints
    """`[slot]`: the version of the offer that is valid."""
    price_ms: Ints
    """`[slot]`: the level at which it is held; zero if nobody holds it."""
    owner: Ints
    """`[slot]`: the row that holds it, or -1."""


def answer(desk: Desk, asks: Asks, refuses: Flags) -> tuple[Desk, Answers]:
    """Return the desks after these asks, and an answer to each ask and lost holder.

    `refuses` is `[ask]`: whether the facility will not do it for reasons of its own. A
    slot goes to the highest level, ties to the lesser row, if that beats its price.
    """
    verdict = np.full(asks.row.size, int(Verdict.OUTBID))
    verdict[refuses] = Verdict.REFUSED
    verdict[asks.version != desk.version[asks.slot]] = Verdict.STALE
    fair = np.flatnonzero(verdict == Verdict.OUTBID)
    order = fair[np.lexsort((asks.row[fair], -asks.level_ms[fair], asks.slot[fair]))]
    to = asks.slot[order]
    best = order[np.append(True, to[1:] != to[:-1])[: to.size]]
    best = best[asks.level_ms[best] > desk.price_ms[asks.slot[best]]]
    taken = asks.slot[best]
    verdict[best] = Verdict.HELD
    lost = desk.owner[taken] >= 0
    price_ms, owner = desk.price_ms.copy(), desk.owner.copy()
    price_ms[taken], owner[taken] = asks.level_ms[best], asks.row[best]
    row = np.concatenate((asks.row, desk.owner[taken[lost]]))
    slot = np.concatenate((asks.slot, taken[lost]))
    outbid = np.full(int(lost.sum()), int(Verdict.OUTBID))
    verdict = np.concatenate((verdict, outbid))
    answers = Answers(row, slot, verdict, price_ms[slot], desk.version[slot])
    return Desk(desk.version, price_ms, owner), answers
