"""Whether what came under some licences may be published under another.

Two questions. A *derivative* is one thing made from several: every source must let the
whole go on under the new licence. An *assembly* holds parts that stay apart, and each
keeps its own. The rows are in the terms table, each with its clause.

Where a source says OR, the publisher elects the way that is best; where the new licence
says OR, whoever gets the work may elect, so each way must be open to the publisher.
Where the new licence says AND, one of its licences takes in what a source gave, and the
others may only stand beside it if they too could go on under that one, or came with the
same source: else they would add terms that the source forbids.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Final

from fabnet.designs.licence.eligible import (
    Duty,
    Permitted,
    Review,
    Verdict,
    combined,
    rank,
)
from fabnet.designs.licence.expression import AnyOf, Refused, Term, Tree, parse
from fabnet.designs.licence.terms import ACTORS, table

ELECTIONS_MAX: Final = 64
"""Ways to elect from one expression; one with more is for a person to read."""

_VOID: Final = frozenset({"NONE", "NOASSERTION"})
"""Expressions that grant nothing."""
_MAKING: Final = ("make_for_peer_at_cost", "sell")

_Way = tuple[str, ...]
"""The licences of one election, all at once."""


def derivative_ok(inputs: Sequence[str], out: str) -> Permitted | Refused | Review:
    """Judge whether one work merged from `inputs` may be published under `out`."""
    return _judged(inputs, out, _merged)


def assembly_ok(parts: Sequence[str], out: str) -> Permitted | Refused | Review:
    """Judge whether a whole under `out` may hold `parts` that keep their licences."""
    return _judged(parts, out, _assembled)


def _judged(
    given: Sequence[str], out: str, rule: Callable[[_Way, _Way], Verdict]
) -> Verdict:
    offered = _ways_of(out)
    if not isinstance(offered, list):
        return offered
    for id_ in itertools.chain.from_iterable(offered):
        if id_ not in table().derivatives:
            return Refused("unknown", (("licence", id_),))
        if id_ in _VOID:
            return Refused("grants-nothing", (("licence", id_),))
    verdicts: list[Verdict] = []
    for expression in given:
        ways = _ways_of(expression)
        if not isinstance(ways, list):
            verdicts.append(ways)
            continue
        verdicts += [
            min((rule(way, target) for way in ways), key=rank) for target in offered
        ]
    return combined(verdicts) if verdicts else Permitted("", ())


def _merged(way: _Way, target: _Way) -> Verdict:
    return combined(
        [min((_under(id_, kept, way, target) for kept in target), key=rank)
         for id_ in way]
    )  # fmt: skip


def _under(id_: str, kept: str, way: _Way, target: _Way) -> Verdict:
    """Judge what came under `id_` going on under `kept`, one licence of the target."""
    beside = [it for it in target if it != kept and it not in way]
    return combined([_step(id_, kept), *(_step(it, kept) for it in beside)])


def _step(id_: str, out: str) -> Verdict:
    row = table().derivatives.get(id_)
    if row is None:
        return Refused("unknown", (("licence", id_),))
    step = row.into.get(out)
    d = ("allow" if row.anything else "deny") if step is None else step.d
    cite = row.cite if step is None else step.cite
    if d == "allow":
        return Permitted(id_, (Duty("GOES_ON_UNDER", cite, out, id_),))
    about = (("licence", id_), ("clause", cite), ("into", out))
    if d == "review":
        return Review("derivative-unclear", about)
    return Refused("derivative-forbidden", about)


def _assembled(way: _Way, target: _Way) -> Verdict:
    verdicts = []
    for id_ in way:
        verdicts.append(min((_part(id_, whole) for whole in target), key=rank))
        verdicts += [_component(id_, whole) for whole in target]
    return combined(verdicts)


def _part(id_: str, whole: str) -> Verdict:
    """Judge a part under `id_` in a whole under another licence."""
    row = table().assemblies.get(id_)
    if row is None:
        return Refused("unknown", (("licence", id_),))
    about = (("licence", id_), ("clause", row.cite), ("into", whole))
    if row.d == "deny":
        return Refused("assembly-forbidden", about)
    if row.d == "review":
        merged = _step(id_, whole)
        unclear = Review("assembly-unclear", about)
        return merged if isinstance(merged, Permitted) else unclear
    return Permitted(id_, (Duty("KEEPS_ITS_LICENCE", row.cite, whole, id_),))


def _component(id_: str, whole: str) -> Verdict:
    """Judge a part by what the licence of the whole asks of its parts."""
    clause = table().components.get(whole)
    if clause is None or _is_free_to_make(id_):
        return Permitted(id_, ())
    about = (("licence", id_), ("clause", clause), ("into", whole))
    return Review("component-unclear", about)


def _is_free_to_make(id_: str) -> bool:
    terms = table().licences.get(id_)
    cells = (
        terms.cell(actor, act) if terms is not None else None
        for actor in ACTORS
        for act in _MAKING
    )
    return all(it is not None and it.d == "allow" and not it.requires for it in cells)


def _ways_of(expression: str) -> list[_Way] | Refused | Review:
    """Return every election that an expression leaves open."""
    licence = parse(expression)
    if isinstance(licence, Refused):
        return licence
    ways = _ways(licence.tree)
    if ways is None:
        return Review("too-many-elections", (("most", ELECTIONS_MAX),))
    return ways


def _ways(tree: Tree) -> list[_Way] | None:
    if isinstance(tree, Term):
        return [(tree.id,)]
    inner = []
    for part in tree.parts:
        ways = _ways(part)
        if ways is None:
            return None
        inner.append(ways)
    if isinstance(tree, AnyOf):
        found = list(itertools.chain.from_iterable(inner))
    elif math.prod(map(len, inner)) > ELECTIONS_MAX:
        return None
    else:
        joined = (itertools.chain.from_iterable(it) for it in itertools.product(*inner))
        found = [tuple(dict.fromkeys(way)) for way in joined]
    return found if len(found) <= ELECTIONS_MAX else None
