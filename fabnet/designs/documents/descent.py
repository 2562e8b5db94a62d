"""Descent: whether the licences of what a design draws on let it be published so.

A remix, a variant and an earlier version are merged into it; a part stays apart and
keeps its licence. Those who all hold the rights in an earlier design need nobody's
permission for it, but what it drew on itself is then asked in its place. An origin that
is not held here is told as unknown, and never passes in silence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from fabnet.content.cid import Cid
from fabnet.designs.licence.compatible import assembly_ok, derivative_ok
from fabnet.designs.licence.eligible import Permitted, Review, Verdict
from fabnet.designs.licence.expression import Refused
from fabnet.designs.revision import Revision

ANCESTORS_MAX: Final = 256
"""Designs looked at for one; those beyond are told as unknown."""


@dataclass(frozen=True, slots=True)
class Ancestor:
    """A design that another draws on, as it is held here."""

    revision: Revision
    expression: str | None
    """What its valid grants come to; nil when there is none."""


@dataclass(frozen=True, slots=True)
class Descent:
    """What the licences of all that a design draws on make of it, by CID."""

    refused: tuple[tuple[Cid, Refused], ...] = ()
    unclear: tuple[tuple[Cid, Review], ...] = ()
    """For a person to read."""
    unknown: tuple[Cid, ...] = ()
    """Not held here, so nobody can say."""


Held = Mapping[Cid, Ancestor | None]
"""What was looked for, by CID; nil for what is not held here."""


def wanted(revision: Revision, held: Held) -> tuple[Cid, ...]:
    """Return which designs must be looked for before `judge_descent` can say."""
    missing = (cid for cid, _ in _sources(revision, held) if cid not in held)
    return tuple(missing) if len(held) < ANCESTORS_MAX else ()


def judge_descent(revision: Revision, expression: str, held: Held) -> Descent:
    """Judge publishing `revision` under `expression`, by its origins as held here."""
    refused: list[tuple[Cid, Refused]] = []
    unclear: list[tuple[Cid, Review]] = []
    unknown: list[Cid] = []
    for cid, relation in _sources(revision, held):
        ancestor = held.get(cid)
        if ancestor is None:
            unknown.append(cid)
            continue
        match _verdict(revision, expression, ancestor, relation):
            case Refused() as no:
                refused.append((cid, no))
            case Review() as open_:
                unclear.append((cid, open_))
            case Permitted():
                pass
    return Descent(tuple(refused), tuple(unclear), tuple(dict.fromkeys(unknown)))


def _sources(revision: Revision, held: Held) -> Iterator[tuple[Cid, str]]:
    """Yield each design whose licence matters, and as what it was drawn on."""
    todo = [*_drawn_on(revision)]
    seen: set[tuple[Cid, str]] = set()
    while todo:
        cid, relation = todo.pop(0)
        if (cid, relation) in seen:
            continue
        seen.add((cid, relation))
        ancestor = held.get(cid)
        if ancestor is not None and _is_by_the_same(revision, ancestor.revision):
            todo += [
                (each, "part" if relation == "part" else how)
                for each, how in _drawn_on(ancestor.revision)
            ]
        else:
            yield cid, relation


def _drawn_on(revision: Revision) -> Iterator[tuple[Cid, str]]:
    yield from ((parent, "parent") for parent in revision.parents)
    yield from ((origin.cid, origin.relation) for origin in revision.derived_from)


def _is_by_the_same(revision: Revision, earlier: Revision) -> bool:
    """Whether all who hold the rights in `earlier` must sign for `revision`."""
    signing = {it.did for it in revision.rightsholders}
    whole = revision.quorum == len(revision.rightsholders)
    return whole and signing >= {it.did for it in earlier.rightsholders}


def _verdict(
    revision: Revision, expression: str, ancestor: Ancestor, relation: str
) -> Verdict:
    granted = ancestor.expression
    if granted is None:
        return Refused("origin-not-granted", (("title", ancestor.revision.title),))
    judge = assembly_ok if relation == "part" else derivative_ok
    verdict = judge([granted], expression)
    own = {part.licence for part in revision.parts if part.licence is not None}
    own |= {file.licence for file in revision.files if file.licence is not None}
    if isinstance(verdict, Refused) and any(
        isinstance(judge([granted], licence), Permitted) for licence in sorted(own)
    ):
        # It may have gone into that part alone; the manifest does not say.
        return Review("origin-in-a-part", verdict.args)
    return verdict
