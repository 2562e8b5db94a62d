"""What a licence lets whom do.

Yes, no, and ask a person are values. What is not known to be allowed is refused: an
unknown licence, an unsigned fact, a string that does not parse. Where the expression
says OR the licensee elects, and the election is told; where it says AND the worst
answer decides and the duties add up.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fabnet.designs.licence.expression import (
    AllOf,
    AnyOf,
    Licence,
    Refused,
    Term,
    Tree,
    parse,
)
from fabnet.designs.licence.terms import ACTORS, ACTS, LicenceTerms, table


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
class Review:
    """The licence leaves it open: a person must decide."""

    reason: str
    args: tuple[tuple[str, str | int], ...]


Verdict = Permitted | Refused | Review


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


def conditions(expression: str, *, act: str, actor: str) -> tuple[str, ...]:
    """Return what must be signed before the answer is yes; none where it cannot be.

    Each is a fact, or `any:a|b+c`: fact a, or facts b and c.
    """
    facts: frozenset[str] = frozenset()
    found: list[str] = []
    for _ in range(len(table().predicates) + 1):
        verdict = may_make(expression, act=act, actor=actor, facts=facts)
        if isinstance(verdict, Permitted):
            return tuple(dict.fromkeys(found))
        if not isinstance(verdict, Refused) or verdict.reason != "fact-not-signed":
            return ()
        unmet = str(dict(verdict.args)["facts"]).split()
        found += unmet
        ways = (it.removeprefix("any:").split("|")[0].split("+") for it in unmet)
        facts |= frozenset(itertools.chain.from_iterable(ways))
    return ()


def best(verdicts: Iterable[Verdict]) -> Verdict | None:
    """Return the verdict that serves the licensee best; nil when there is none."""
    return min(verdicts, key=rank, default=None)


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


def rank(verdict: Verdict) -> tuple[int, int]:
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


def combined(verdicts: Sequence[Verdict]) -> Permitted | Refused | Review:
    """Return the worst of several answers, or the sum of as many yeses."""
    worst = max(verdicts, key=lambda verdict: rank(verdict)[0])
    if not isinstance(worst, Permitted):
        return worst
    granted = [it for it in verdicts if isinstance(it, Permitted)]
    duties = itertools.chain.from_iterable(it.duties for it in granted)
    elected = dict.fromkeys(" AND ".join(it.elected for it in granted).split(" AND "))
    return Permitted(" AND ".join(elected), tuple(dict.fromkeys(duties)))


def _judge(tree: Tree, act: str, actor: str, facts: frozenset[str]) -> Verdict:
    match tree:
        case Term(id=id_):
            return _judge_one(id_, act, actor, facts)
        case AnyOf(parts=parts):
            return min((_judge(part, act, actor, facts) for part in parts), key=rank)
        case AllOf(parts=parts):
            return combined([_judge(part, act, actor, facts) for part in parts])


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
