"""A licence in plain words: who may do what, what it asks, and by which clause.

Our reading of its text, and no legal advice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from http import HTTPStatus

from fabnet.designs.licence.eligible import (
    Permitted,
    Review,
    Verdict,
    conditions,
    may_make,
)
from fabnet.designs.licence.normalise import normalise
from fabnet.designs.licence.terms import ACTORS, ACTS, table
from fabnet.node.api.answers import ActAnswer, DutyAnswer, LicenceAnswer, MayAnswer
from fabnet.node.api.problem import Problem, problem
from fabnet.node.web import sentences
from fabnet.node.web.sentences import Args, duty, reason

_FACTS = frozenset(table().predicates)


def licence_answer(
    text: str, acts: Sequence[str] = ACTS, actors: Sequence[str] = ACTORS
) -> LicenceAnswer | Problem:
    """Return what a licence lets `actors` do, or why nobody can say."""
    read = normalise(text)
    flag = read.flags[0] if read.flags else ""
    if read.expression is None or not read.is_mapped:
        flag = "no-licence" if "no-licence" in read.flags else flag
        return problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"read-{flag}",
            "licence",
            detail=read.detail or text[:80],
        )
    said: Args = {"text": text, "licence": read.expression, "how": flag}
    return LicenceAnswer(
        text=text,
        expression=read.expression,
        note=sentences.sentence("read-as", said) if flag else "",
        acts=[_act(read.expression, act, actors) for act in acts],
        version=table().version,
    )


def _act(expression: str, act: str, actors: Iterable[str]) -> ActAnswer:
    judged = [
        (actor, may_make(expression, act=act, actor=actor, facts=frozenset()))
        for actor in actors
    ]
    duties: dict[str, DutyAnswer] = {}
    for actor, verdict in judged:
        best = (
            verdict
            if isinstance(verdict, Permitted)
            else may_make(expression, act=act, actor=actor, facts=_FACTS)
        )
        for it in best.duties if isinstance(best, Permitted) else ():
            answer = DutyAnswer(it.code, it.licence, it.cite, duty(it.code))
            duties.setdefault(f"{it.licence} {it.code}", answer)
    return ActAnswer(
        act=act,
        title=sentences.act(act),
        actors=[_may(expression, act, actor, verdict) for actor, verdict in judged],
        duties=[*duties.values()],
    )


def _may(expression: str, act: str, actor: str, verdict: Verdict) -> MayAnswer:
    if isinstance(verdict, Permitted):
        return MayAnswer(
            actor, "yes", verdict.elected, [], _cited(verdict, act, actor), ""
        )
    args = dict(verdict.args)
    clause = str(args.get("clause", ""))
    if isinstance(verdict, Review):
        return MayAnswer(actor, "ask", "", [], clause, reason(verdict.reason, args))
    asked = conditions(expression, act=act, actor=actor)
    if not asked:
        return MayAnswer(actor, "no", "", [], clause, reason(verdict.reason, args))
    told = ", and ".join(map(sentences.condition, asked))
    elected = may_make(expression, act=act, actor=actor, facts=_FACTS)
    of = elected.elected if isinstance(elected, Permitted) else ""
    return MayAnswer(actor, "if", of, [*asked], clause, told)


def _cited(verdict: Permitted, act: str, actor: str) -> str:
    """Return the clauses that permit it, each with its licence where there are more."""
    ids = verdict.elected.split(" AND ")
    found = []
    for id_ in ids:
        cell = table().licences[id_].cell(actor, act)
        assert cell is not None, "it was permitted by this cell"
        found.append(f"{id_} {cell.cite}" if len(ids) > 1 else cell.cite)
    return "; ".join(found)
