"""A licence expression: SPDX text, and the one tree it parses to.

The only door to license-expression. The library raises unrelated errors on odd strings
and takes some that are no SPDX expression, so a string is first checked for letters,
length and order of its words. What does not parse is a value with its reason.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import license_expression

from fabnet.designs.licence.terms import table
from fabnet.records.refusal import Refusal

EXPRESSION_CHARS_MAX: Final = 512
"""Characters; the longest expression in 2,095 real manifests has 60."""
PARENTHESES_MAX: Final = 32
"""Opening ones; nested deeper nobody can read what was elected."""
PARSED_MAX: Final = 1_024
"""Expressions remembered, at most 512 KiB of text: each is read a dozen times a job."""

_LETTERS: Final = re.compile(r"[A-Za-z0-9.+\-() :]*")
_WORDS: Final = re.compile(r"[()]|[^() ]+")
_OPERATORS: Final = frozenset({"AND", "OR", "WITH"})
_CRASHES: Final = (
    license_expression.ExpressionError,
    AttributeError,
    IndexError,
    KeyError,
    TypeError,
    ValueError,
)
"""What version 30.4.4 is known to raise on odd strings, its own errors included."""


@dataclass(frozen=True, slots=True)
class Term:
    """One licence, with its exception if it has one."""

    id: str


@dataclass(frozen=True, slots=True)
class AllOf:
    """All of these at once: AND."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of these, as the licensee elects: OR."""

    parts: tuple[Tree, ...]


Tree = Term | AllOf | AnyOf


@dataclass(frozen=True, slots=True)
class Licence:
    """A parsed expression and its one spelling."""

    expression: str
    tree: Tree

    @property
    def terms(self) -> tuple[str, ...]:
        """The id of each licence in it, once, in order."""
        return tuple(dict.fromkeys(_ids(self.tree)))


@dataclass(frozen=True, slots=True)
class Refused(Refusal):
    """The act is outside the licence, or the thing outside the rules."""


def parse(text: str) -> Licence | Refused:
    """Return the expression in `text`, or why it is none."""
    return _too_long(text) or _parsed(text)


@functools.lru_cache(maxsize=PARSED_MAX)
def _parsed(text: str) -> Licence | Refused:
    for rule in (_odd_letters, _out_of_order):
        refused = rule(text)
        if refused is not None:
            return refused
    licensing = _licensing()
    try:
        parsed = licensing.parse(text, simple=True)
    except _CRASHES as error:
        return _malformed(type(error).__name__)
    tree = _tree(parsed)
    if tree is None:
        return _malformed("an unknown form")
    expression = render(tree)
    return _too_long(expression) or Licence(expression, tree)


def render(tree: Tree) -> str:
    """Return the expression of a tree, with no parentheses but those it needs."""
    match tree:
        case Term(id=id_):
            return id_
        case AllOf(parts=parts):
            return " AND ".join(_within(part, AnyOf) for part in parts)
        case AnyOf(parts=parts):
            return " OR ".join(_within(part, AllOf) for part in parts)


def any_of(expressions: Iterable[str]) -> str | None:
    """Return the OR of the expressions that parse, sorted; nil when none does.

    What would make it longer than an expression may be is left out.
    """
    trees: list[Tree] = []
    for expression in sorted(set(expressions)):
        licence = parse(expression)
        if isinstance(licence, Refused):
            continue
        tree = licence.tree
        more = [*trees, *(tree.parts if isinstance(tree, AnyOf) else (tree,))]
        unique = list(dict.fromkeys(more))
        if isinstance(parse(render(_either(unique))), Licence):
            trees = unique
    return render(_either(trees)) if trees else None


def letter_name(letter: str) -> str:
    """Return a letter's code point and its name, for what looks like another."""
    return f"U+{ord(letter):04X} {unicodedata.name(letter, '')}".rstrip()


def _either(trees: list[Tree]) -> Tree:
    return trees[0] if len(trees) == 1 else AnyOf(tuple(trees))


def _within(part: Tree, looser: type[AllOf | AnyOf]) -> str:
    text = render(part)
    return f"({text})" if isinstance(part, looser) else text


def _ids(tree: Tree) -> Iterator[str]:
    if isinstance(tree, Term):
        yield tree.id
    else:
        for part in tree.parts:
            yield from _ids(part)


def _too_long(text: str) -> Refused | None:
    if len(text) > EXPRESSION_CHARS_MAX:
        return Refused("too-long", (("most", EXPRESSION_CHARS_MAX),))
    if text.count("(") > PARENTHESES_MAX:
        return Refused("too-nested", (("most", PARENTHESES_MAX),))
    return None


def _odd_letters(text: str) -> Refused | None:
    """Refuse what looks like an id and is not: only plain ASCII letters pass."""
    if _LETTERS.fullmatch(text):
        return None
    odd = next((letter for letter in text if not _LETTERS.fullmatch(letter)), "")
    return Refused("odd-letters", (("letter", letter_name(odd)),))


def _out_of_order(text: str) -> Refused | None:
    """Refuse unless ids and operators take turns, and parentheses are paired."""
    depth, wants_id = 0, True
    for word in _WORDS.findall(text):
        operator = word.upper() in _OPERATORS
        if word == ")":
            depth -= 1
        if wants_id == (operator or word == ")") or depth < 0:
            return _malformed(word)
        if word == "(":
            depth += 1
        elif word != ")":
            wants_id = operator
    if wants_id or depth:
        return _malformed("the end")
    return None


def _malformed(near: str) -> Refused:
    return Refused("malformed", (("near", near[:40]),))


@functools.cache
def _licensing() -> license_expression.Licensing:
    """Return the library with our table's ids alone: no index of 2,000 is loaded."""
    licences: set[str] = set()
    exceptions: set[str] = set()
    for id_ in table().licences:
        licence, _, exception = id_.partition(" WITH ")
        licences.add(licence)
        exceptions |= {exception} if exception else set()
    symbol = license_expression.LicenseSymbol
    return license_expression.Licensing(
        [
            *(symbol(id_) for id_ in sorted(licences)),
            *(symbol(id_, is_exception=True) for id_ in sorted(exceptions)),
        ]
    )


def _tree(
    parsed: license_expression.LicenseExpression | None,
) -> Tree | None:
    """Return our own tree of what the library parsed; nil for a form we do not know."""
    if parsed is None:
        return None
    if not isinstance(parsed, license_expression.AND | license_expression.OR):
        return None if parsed.args else Term(parsed.render())
    parts = []
    for part in parsed.args:
        tree = _tree(part)
        if tree is None:
            return None
        parts.append(tree)
    made = AllOf if isinstance(parsed, license_expression.AND) else AnyOf
    return made(tuple(parts))
