"""The lineage of designs: which revision follows which, and on whose word.

A manifest may name any parents, so naming them proves nothing. A revision *supersedes*
its parent when those who signed a grant for it include a quorum of the parent's own
rightsholders; else it is a **fork**, which is as good a design, under another hand.
Parents are named by the hash of their bytes, so there are no cycles; the walks do not
rely on it. What nobody has is `unknown`, and stays so until it comes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from fabnet.content import cid as cids
from fabnet.content.cid import Cid
from fabnet.designs.revision import (
    PARENTS_MAX,
    QUANTITY_MAX,
    Origin,
    Relation,
    Revision,
)
from fabnet.errors import InputError, RemoteError
from fabnet.records.refusal import Refusal

WALK_MAX: Final = 1_000
"""Revisions of one walk; a walk that would be longer ends there and says so."""
RELATIONS: Final[tuple[Relation, ...]] = ("remix", "variant", "part")

Standing = Literal["first", "line", "fork", "unknown"]
"""`line`: it follows the first revision, each step signed by those entitled; `fork`:
a step was not; `unknown`: its parents are not here, or belong to another design."""


@dataclass(frozen=True, slots=True)
class Kin:
    """Where one revision comes from, as it says itself, and who signed for it."""

    cid: Cid
    lineage: Cid | None
    parents: tuple[Cid, ...]
    origins: tuple[Origin, ...]
    holders: frozenset[str]
    """Its rightsholders, by DID."""
    quorum: int
    signers: frozenset[str]
    """Who signed a valid grant for it, by DID."""

    @property
    def first(self) -> Cid:
        """The first revision of its lineage: itself, when it has no parents."""
        return self.lineage or self.cid


@dataclass(frozen=True, slots=True)
class Ancestor:
    """One step of a walk back."""

    cid: Cid
    depth: int
    """1 for a parent."""
    standing: Literal["held", "unknown", "another-lineage"]
    """Only from what is `held`, and of the same lineage, the walk goes on."""


@dataclass(frozen=True, slots=True)
class Ancestry:
    """All that a revision follows, the nearest first."""

    steps: tuple[Ancestor, ...]
    is_whole: bool
    """Whether the walk came to its end within WALK_MAX."""


@dataclass(frozen=True, slots=True)
class Follows:
    """What a manifest says of the versions before it."""

    lineage: Cid | None
    parents: tuple[Cid, ...]


def kin_of(cid: Cid, revision: Revision, signers: Iterable[str] = ()) -> Kin:
    """Return where a revision says it comes from."""
    return Kin(
        cid,
        revision.lineage,
        revision.parents,
        revision.derived_from,
        frozenset(holder.did for holder in revision.rightsholders),
        revision.quorum,
        frozenset(signers),
    )


def is_entitled(signers: Iterable[str], parent: Kin) -> bool:
    """Whether those who sign are a quorum of the rightsholders of `parent`."""
    return len(parent.holders.intersection(signers)) >= parent.quorum


def follow(parents: Sequence[Kin]) -> Follows | Refusal:
    """Return the lineage and parents of a revision that follows these, or why not."""
    unique = {parent.cid: parent for parent in parents}
    if len(unique) > PARENTS_MAX:
        return Refusal("too-many-parents", (("most", PARENTS_MAX),))
    lineages = sorted({parent.first for parent in unique.values()})
    if len(lineages) > 1:
        named = (("lineage", lineages[0]), ("other", lineages[1]))
        return Refusal("parents-of-two-lineages", named)
    return Follows(lineages[0] if lineages else None, tuple(unique))


def read_origin(text: str, field: str) -> Origin:
    """Return the origin in `RELATION:CID` or `part:CID*QUANTITY`.

    Raises InputError naming `field`.
    """
    relation, _, rest = text.partition(":")
    name, star, count = rest.partition("*")
    known = next((word for word in RELATIONS if word == relation), None)
    try:
        if known is None:
            raise InputError(field, f"expected {'|'.join(RELATIONS)}:CID, got {text!r}")
        quantity = _quantity(field, known, count) if star else 1
        return Origin(cid=cids.parse(name), relation=known, quantity=quantity)
    except RemoteError as error:
        raise InputError(field, f"expected {relation}:CID: {error}") from error


class Lineages:
    """The revisions that are held, joined by what follows what."""

    def __init__(self, held: Iterable[Kin] = ()) -> None:
        self._held: dict[Cid, Kin] = {}
        self._named: dict[Cid, list[Cid]] = {}
        """By parent, who names it."""
        self._drawn: dict[Cid, list[Cid]] = {}
        """By origin, who draws on it."""
        self._members: dict[Cid, list[Cid]] = {}
        """By first revision, who says that it follows it."""
        for kin in held:
            self.add(kin)

    def add(self, kin: Kin) -> None:
        """Take in a revision; once more when more have signed for it."""
        if kin.cid not in self._held:
            for parent in dict.fromkeys(kin.parents):
                self._named.setdefault(parent, []).append(kin.cid)
            for origin in dict.fromkeys(origin.cid for origin in kin.origins):
                self._drawn.setdefault(origin, []).append(kin.cid)
            self._members.setdefault(kin.first, []).append(kin.cid)
        self._held[kin.cid] = kin

    def drop(self, cid: Cid) -> None:
        """Forget a revision, if it is held."""
        kin = self._held.pop(cid, None)
        if kin is None:
            return
        for parent in dict.fromkeys(kin.parents):
            _leave(self._named, parent, cid)
        for origin in dict.fromkeys(origin.cid for origin in kin.origins):
            _leave(self._drawn, origin, cid)
        _leave(self._members, kin.first, cid)

    def get(self, cid: Cid) -> Kin | None:
        """Return a revision that is held, or nil."""
        return self._held.get(cid)

    def successors(self, cid: Cid) -> tuple[Cid, ...]:
        """Return who supersedes a revision: its children by those entitled."""
        return tuple(self._children(cid, entitled=True))

    def is_superseded(self, cid: Cid) -> bool:
        """Whether anything supersedes a revision."""
        return cid in self._named and bool(self.successors(cid))

    def forks(self, cid: Cid) -> tuple[Cid, ...]:
        """Return who follows a revision without a word of those entitled."""
        return tuple(self._children(cid, entitled=False))

    def drawing_on(self, cid: Cid) -> tuple[Cid, ...]:
        """Return the held revisions that are a remix or variant of it, or use it."""
        return tuple(sorted(self._drawn.get(cid, ())))

    def members(self, first: Cid) -> dict[Cid, Standing]:
        """Return each held revision that says it is of a lineage, with its standing."""
        claimed = sorted(self._members.get(first, ()))
        root = self._held.get(first)
        if root is None or root.lineage is not None:
            return dict.fromkeys(claimed, "unknown")
        line = self._reached([first], entitled=True)
        known = self._reached(line, entitled=False)
        found: dict[Cid, Standing] = {}
        for cid in claimed:
            is_of_line: Standing = "first" if cid == first else "line"
            strayed: Standing = "fork" if cid in known else "unknown"
            found[cid] = is_of_line if cid in line else strayed
        return found

    def newest(self, first: Cid) -> tuple[Cid, ...]:
        """Return the heads of a lineage: those of its line that nothing supersedes.

        Several when the line has parted and no merge followed; none when the first
        revision is not held.
        """
        return tuple(
            cid
            for cid, standing in self.members(first).items()
            if standing in ("first", "line") and not self.successors(cid)
        )

    def ancestry(self, cid: Cid) -> Ancestry:
        """Return what a held revision follows, breadth first, each once."""
        steps: list[Ancestor] = []
        seen, ahead = {cid}, deque([(cid, 0)])
        while ahead:
            at, depth = ahead.popleft()
            kin = self._held.get(at)
            for parent in () if kin is None else kin.parents:
                if parent in seen:
                    continue
                if len(steps) == WALK_MAX:
                    return Ancestry(tuple(steps), is_whole=False)
                seen.add(parent)
                step = self._step(parent, depth + 1, at)
                steps.append(step)
                if step.standing == "held":
                    ahead.append((parent, depth + 1))
        return Ancestry(tuple(steps), is_whole=True)

    def _step(self, parent: Cid, depth: int, child: Cid) -> Ancestor:
        kin = self._held.get(parent)
        if kin is None:
            return Ancestor(parent, depth, "unknown")
        same = kin.first == self._held[child].first
        return Ancestor(parent, depth, "held" if same else "another-lineage")

    def _children(self, cid: Cid, *, entitled: bool) -> list[Cid]:
        """Return who names a held revision as parent, and may or may not do so."""
        parent = self._held.get(cid)
        if parent is None:
            return []
        children = (self._held[child] for child in sorted(self._named.get(cid, ())))
        return [
            child.cid
            for child in children
            if child.first == parent.first and child.cid != cid
            if is_entitled(child.signers, parent) == entitled
        ]

    def _reached(self, start: Iterable[Cid], *, entitled: bool) -> set[Cid]:
        """Return what follows from `start`, through steps of those entitled or any."""
        reached = set(start)
        ahead = list(reached)
        while ahead:
            at = ahead.pop()
            after = self._children(at, entitled=True)
            if not entitled:
                after += self._children(at, entitled=False)
            fresh = [cid for cid in after if cid not in reached]
            reached.update(fresh)
            ahead += fresh
        return reached


def _leave(lists: dict[Cid, list[Cid]], key: Cid, cid: Cid) -> None:
    lists[key].remove(cid)
    if not lists[key]:
        del lists[key]


def _quantity(field: str, relation: Relation, count: str) -> int:
    """Return how many units of a part one unit takes."""
    digits = count.isascii() and count.isdecimal() and len(count) <= len("10000")
    quantity = int(count) if digits else 0
    if relation != "part" or not 1 <= quantity <= QUANTITY_MAX:
        raise InputError(field, f"expected part:CID*QUANTITY, from 1 to {QUANTITY_MAX}")
    return quantity
