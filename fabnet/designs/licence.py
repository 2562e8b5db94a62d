"""What a licence expression lets whom do. The only door to license-expression.

Yes, no, and ask a person are values. What is not known to be allowed is refused: an
unknown licence, an unsigned fact, a string that does not parse. Where the expression
says OR the licensee elects, and the election is told; where it says AND the worst
answer decides and the duties add up.

The library raises unrelated errors on odd strings and takes some that are no SPDX
expression, so a string is first checked for letters, length and order of its words.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import license_expression

from fabnet.designs.terms import ACTORS, ACTS, LicenceTerms, table
from fabnet.records.refusal import Refusal

EXPRESSION_CHARS_MAX: Final = 512
"""Characters; the longest expression in 2,095 real manifests has 60."""
PARENTHESES_MAX: Final = 32
"""Opening ones; nested deeper nobody can read what was elected."""

_LETTERS: Final = re.compile(r"[A-Za-z0-9.+\-() :]*")
_WORDS: Final = re.compile(r"[()]|[^() ]+")
_OPERATORS: Final = frozenset({"AND", "OR", "WITH"})
_REF: Final = "LicenseRef-"
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
class _Term:
    """One licence, with its exception if it has one."""

    id: str


@dataclass(frozen=True, slots=True)
class _AllOf:
    """All of these at once: AND."""

    parts: tuple[_Tree, ...]


@dataclass(frozen=True, slots=True)
class _AnyOf:
    """One of these, as the licensee elects: OR."""

    parts: tuple[_Tree, ...]


_Tree = _Term | _AllOf | _AnyOf


@dataclass(frozen=True, slots=True)
class Licence:
    """A parsed expression and its one spelling."""

    expression: str
    tree: _Tree

    @property
    def terms(self) -> tuple[str, ...]:
        """The id of each licence in it, once, in order."""
        return tuple(dict.fromkeys(_ids(self.tree)))


@dataclass(frozen=True, slots=True)
class Normalised:
    """What a licence string from the wild is understood as."""

    expression: str | None
    """Nil when it is not an expression at all."""
    flags: tuple[str, ...]
    """Why it was not taken as it stood; none when it was."""


@dataclass(frozen=True, slots=True)
class Duty:
    """What the licence asks in return, and where it says so."""

    code: str
    cite: str
    note: str
    licence: str


@dataclass(frozen=True, slots=True)
class Permitted:
    """The act is within the licence."""

    elected: str
    """The expression without its ORs: what was chosen of it."""
    duties: tuple[Duty, ...]


@dataclass(frozen=True, slots=True)
class Refused(Refusal):
    """The act is outside the licence, or the thing outside the rules."""


@dataclass(frozen=True, slots=True)
class Review:
    """The licence leaves it open: a person must decide."""

    reason: str
    args: tuple[tuple[str, str | int], ...]


Verdict = Permitted | Refused | Review


def parse(text: str) -> Licence | Refused:
    """Return the expression in `text`, or why it is none."""
    for rule in (_too_long, _odd_letters, _out_of_order):
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


def normalise(text: str) -> Normalised:
    """Return what `text` means in SPDX; what it does not say is not supplied."""
    plain = " ".join(text.split())
    aliases = table().import_aliases
    bare = plain.removeprefix(_REF)
    candidates: tuple[tuple[str, tuple[str, ...]], ...] = (
        (plain, ()),
        (aliases.get(plain, ""), ("alias",)),
        (aliases.get(bare, ""), ("alias",)),
        (bare, ("licenseref-dropped",)),
    )
    for candidate, flags in candidates:
        licence = parse(candidate)
        if isinstance(licence, Licence) and _all_known(licence):
            respelled = not flags and licence.expression != text
            return Normalised(
                licence.expression, ("respelled",) if respelled else flags
            )
    licence = parse(plain)
    if isinstance(licence, Licence):
        return Normalised(licence.expression, ("unknown",))
    return Normalised(None, (licence.reason,))


def may_make(
    expression: str, *, act: str, actor: str, facts: frozenset[str]
) -> Permitted | Refused | Review:
    """Judge `actor` doing `act` under `expression`, given the facts that are signed."""
    if act not in ACTS:
        return Refused("unknown-act", (("act", act),))
    if actor not in ACTORS:
        return Refused("unknown-actor", (("actor", actor),))
    licence = parse(expression)
    if isinstance(licence, Refused):
        return licence
    return _judge(licence.tree, act, actor, facts)


def principal_may_replicate(
    expression: str, actor: str, facts: frozenset[str]
) -> Permitted | Refused | Review:
    """Judge whether the requester could make it for its own use."""
    return may_make(expression, act="replicate_own", actor=actor, facts=facts)


def source_duty(permitted: Permitted) -> bool:
    """Whether whoever gets the product must be told where its source is."""
    licences = table().licences
    return any(
        duty.licence in licences and duty.code == licences[duty.licence].source_duty
        for duty in permitted.duties
    )


def source_clause(expression: str) -> tuple[tuple[str, str | int], ...] | None:
    """Return the first licence in `expression` that asks for source, and its clause.

    They come as arguments of a refusal. Nil where none asks: then a design may be
    published without files to change it by.
    """
    licence = parse(expression)
    for id_ in licence.terms if isinstance(licence, Licence) else ():
        known = table().licences.get(id_)
        if known is not None and known.source_clause is not None:
            return ("licence", id_), ("clause", known.source_clause)
    return None


def any_of(expressions: Iterable[str]) -> str | None:
    """Return the OR of the expressions that parse, sorted; nil when none does.

    What would make it longer than an expression may be is left out.
    """
    trees: list[_Tree] = []
    for expression in sorted(set(expressions)):
        licence = parse(expression)
        if isinstance(licence, Refused):
            continue
        tree = licence.tree
        more = [*trees, *(tree.parts if isinstance(tree, _AnyOf) else (tree,))]
        unique = list(dict.fromkeys(more))
        if isinstance(parse(render(_either(unique))), Licence):
            trees = unique
    return render(_either(trees)) if trees else None


def render(tree: _Tree) -> str:
    """Return the expression of a tree, with no parentheses but those it needs."""
    match tree:
        case _Term(id=id_):
            return id_
        case _AllOf(parts=parts):
            return " AND ".join(_within(part, _AnyOf) for part in parts)
        case _AnyOf(parts=parts):
            return " OR ".join(_within(part, _AllOf) for part in parts)


def _either(trees: list[_Tree]) -> _Tree:
    return trees[0] if len(trees) == 1 else _AnyOf(tuple(trees))


def _within(part: _Tree, looser: type[_AllOf | _AnyOf]) -> str:
    text = render(part)
    return f"({text})" if isinstance(part, looser) else text


def _ids(tree: _Tree) -> Iterator[str]:
    if isinstance(tree, _Term):
        yield tree.id
    else:
        for part in tree.parts:
            yield from _ids(part)


def _all_known(licence: Licence) -> bool:
    return all(id_ in table().licences for id_ in licence.terms)


# ------------------------------------------------------------------ judging


def _judge(tree: _Tree, act: str, actor: str, facts: frozenset[str]) -> Verdict:
    match tree:
        case _Term(id=id_):
            return _judge_one(id_, act, actor, facts)
        case _AnyOf(parts=parts):
            return min((_judge(part, act, actor, facts) for part in parts), key=_rank)
        case _AllOf(parts=parts):
            return _combined([_judge(part, act, actor, facts) for part in parts])


def _judge_one(id_: str, act: str, actor: str, facts: frozenset[str]) -> Verdict:
    terms = table().licences.get(id_)
    cell = terms.cell(actor, act) if terms is not None else None
    if terms is None or cell is None:
        return Refused("unknown", (("licence", id_),))
    about: tuple[tuple[str, str | int], ...]
    about = (("licence", id_), ("clause", cell.cite), ("act", act), ("actor", actor))
    unmet = cell.unmet(facts)
    if cell.d == "deny":
        return Refused("forbids", about)
    if cell.d == "review":
        return Review("unclear", about)
    if unmet:
        return Refused("fact-not-signed", (*about, ("facts", " ".join(unmet))))
    return Permitted(id_, _duties(id_, terms, act))


def _duties(id_: str, terms: LicenceTerms, act: str) -> tuple[Duty, ...]:
    return tuple(
        Duty(row.code, row.cite, row.note, id_)
        for row in terms.duties
        if row.applies(act)
    )


def _rank(verdict: Verdict) -> tuple[int, int]:
    """Order verdicts from best to worst; of two yeses, the one with fewer duties.

    A missing fact can still be signed, so it ranks above a plain no.
    """
    match verdict:
        case Permitted(duties=duties):
            return 0, len(duties)
        case Review():
            return 1, 0
        case Refused(reason="fact-not-signed"):
            return 2, 0
        case Refused():
            return 3, 0


def _combined(verdicts: list[Verdict]) -> Verdict:
    worst = max(verdicts, key=lambda verdict: _rank(verdict)[0])
    if not isinstance(worst, Permitted):
        return worst
    granted = [it for it in verdicts if isinstance(it, Permitted)]
    duties = itertools.chain.from_iterable(it.duties for it in granted)
    elected = dict.fromkeys(" AND ".join(it.elected for it in granted).split(" AND "))
    return Permitted(" AND ".join(elected), tuple(dict.fromkeys(duties)))


# ------------------------------------------------------------------ parsing


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
    return Refused("odd-letters", (("letter", ascii(odd)),))


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
) -> _Tree | None:
    """Return our own tree of what the library parsed; nil for a form we do not know."""
    if parsed is None:
        return None
    if not isinstance(parsed, license_expression.AND | license_expression.OR):
        return None if parsed.args else _Term(parsed.render())
    parts = []
    for part in parsed.args:
        tree = _tree(part)
        if tree is None:
            return None
        parts.append(tree)
    made = _AllOf if isinstance(parsed, license_expression.AND) else _AnyOf
    return made(tuple(parts))
