"""Read a licence string from the wild: what it means in SPDX, or why nobody can say.

Nothing is guessed. What may mean several licences is mapped to none, and the flag says
which it may be; until its author says, the design may be looked at and no more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fabnet.designs.licence.expression import (
    EXPRESSION_CHARS_MAX,
    AllOf,
    AnyOf,
    Licence,
    Refused,
    Term,
    Tree,
    letter_name,
    parse,
    render,
)
from fabnet.designs.licence.spelling import read_name
from fabnet.designs.licence.terms import table

LISTED_MAX: Final = 16
"""Licences in one list; a longer one is no list of licences."""

_SPACES: Final = re.compile(r"[ \t\r\n]+")
_PRINTED: Final = re.compile(r"[ -~]*")
_SEPARATORS: Final = re.compile(r" *[,;/&|] *")
_FORM: Final = re.compile(r"\b(AND|OR|WITH)\b|[()]")
_ASKING: Final = re.compile(r"-(NC|ND)\b")
_REF: Final = "LicenseRef-"
_VOID: Final = frozenset({"NONE", "NOASSERTION"})


@dataclass(frozen=True, slots=True)
class Normalised:
    """What a licence string from the wild is understood as."""

    expression: str | None
    """Nil when it is not an expression at all, or may be several."""
    flags: tuple[str, ...]
    """Why it was not taken as it stood; none when it was."""
    detail: str = ""
    """What the flag is about: the letter, or the licences it may mean."""

    @property
    def is_mapped(self) -> bool:
        """Whether the terms of every licence in it are known, and grant something."""
        return _is_known(self.expression) and "no-licence" not in self.flags


def normalise(text: str | Sequence[str]) -> Normalised:
    """Return what a string, or a list of them, means in SPDX.

    What it does not say is not supplied: the flags are `respelled`, `alias` and
    `licenseref-dropped` where it is understood; `unknown` where its terms are not in
    the table; `ambiguous`, `conflict`, `several`, `no-licence`, `not-a-licence`,
    `malformed`, `odd-letters`, `too-long` and `too-nested` where nobody can say.
    """
    if isinstance(text, str):
        return _one(text)
    if len(text) > LISTED_MAX:
        return Normalised(None, ("too-long",), f"{len(text)} licences")
    return _listed([_one(each) for each in text])


def _one(text: str) -> Normalised:
    plain = _SPACES.sub(" ", text).strip(" ")
    if not plain:
        return Normalised(None, ("no-licence",))
    if not _PRINTED.fullmatch(plain):
        odd = next(letter for letter in plain if not _PRINTED.fullmatch(letter))
        return Normalised(None, ("odd-letters",), letter_name(odd))
    if len(plain) > EXPRESSION_CHARS_MAX:
        return Normalised(None, ("too-long",), f"{len(plain)} characters")
    licence = parse(plain)
    if isinstance(licence, Licence):
        return _expressed(text, licence)
    return _loose(plain, licence)


def _loose(plain: str, refused: Refused) -> Normalised:
    """Return what a string that is no expression means: a name, or several."""
    if refused.reason == "too-nested":
        return Normalised(None, (refused.reason,), plain[:80])
    each = [plain] if "://" in plain else _SEPARATORS.split(plain)
    named = _named(plain)
    if named is not None and (len(each) == 1 or "no-licence" in named.flags):
        return named
    if 1 < len(each) <= LISTED_MAX:
        return _listed([_one(part) for part in each])
    flag = "malformed" if _FORM.search(plain) else "not-a-licence"
    return Normalised(None, (flag,), plain[:80])


def _expressed(text: str, licence: Licence) -> Normalised:
    """Return what a well-formed expression means, each of its licences read."""
    spelt = licence.expression
    if _is_known(spelt):
        return _flagged(spelt, () if spelt == text else ("respelled",))
    flags: dict[str, None] = {}
    read: dict[str, str] = {}
    for id_ in licence.terms:
        found = _term(id_)
        if found.expression is None:
            return found
        read[id_] = found.expression
        flags |= dict.fromkeys(found.flags)
    again = parse(render(_replaced(licence.tree, read)))
    if isinstance(again, Refused):
        return Normalised(None, (again.reason,), spelt[:80])
    return _flagged(again.expression, tuple(flags))


def _term(id_: str) -> Normalised:
    """Return what one licence of an expression means."""
    if id_ in table().licences:
        return Normalised(id_, ())
    bare = id_.removeprefix(_REF)
    if bare != id_:
        licence = parse(bare)
        if isinstance(licence, Licence) and _is_known(licence.expression):
            return Normalised(licence.expression, ("licenseref-dropped",))
    return _named(id_) or Normalised(id_, ("unknown",), id_)


def _named(text: str) -> Normalised | None:
    """Return what a name means as people write it; nil when it is none we read."""
    reading = read_name(text)
    if reading is None:
        return None
    if not reading.is_named:
        return Normalised(None, ("no-licence",), text[:80])
    match reading.candidates:
        case ():
            licence = parse(text)
            spelt = licence.expression if isinstance(licence, Licence) else None
            return Normalised(spelt, ("unknown",), text[:80])
        case (id_,):
            return Normalised(id_, ("alias",))
        case several:
            return Normalised(None, ("ambiguous",), " ".join(several))


def _listed(each: Sequence[Normalised]) -> Normalised:
    """Return what several licences side by side mean, where nobody says AND or OR."""
    if not each:
        return Normalised(None, ("no-licence",))
    unread = next((it for it in each if it.expression is None), None)
    if unread is not None:
        return unread
    found = {it.expression: it for it in each if it.expression is not None}
    if len(found) == 1:
        return each[0]
    asking = {text for text in found if _ASKING.search(text)}
    flag = "conflict" if asking and asking != set(found) else "several"
    return Normalised(None, (flag,), " ".join(sorted(found)))


def _flagged(expression: str, flags: tuple[str, ...]) -> Normalised:
    """Return an expression with its flags, and one more if it grants nothing."""
    licence = parse(expression)
    ids = licence.terms if isinstance(licence, Licence) else ()
    if _VOID.intersection(ids):
        flags = (*flags, "no-licence")
    return Normalised(expression, flags)


def _replaced(tree: Tree, read: dict[str, str]) -> Tree:
    match tree:
        case Term(id=id_):
            return Term(read[id_])
        case AllOf(parts=parts):
            return AllOf(tuple(_replaced(part, read) for part in parts))
        case AnyOf(parts=parts):
            return AnyOf(tuple(_replaced(part, read) for part in parts))


def _is_known(expression: str | None) -> bool:
    licence = None if expression is None else parse(expression)
    return isinstance(licence, Licence) and all(
        id_ in table().licences for id_ in licence.terms
    )
