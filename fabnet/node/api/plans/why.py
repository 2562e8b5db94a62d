"""Why a job is where it is: asked of the newest plans, told in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus

import msgspec

from fabnet.node.api.handlers.jobs import find
from fabnet.node.api.handlers.known import books, community
from fabnet.node.api.plans.answers import (
    BarredAnswer,
    CertificateAnswer,
    ChoiceAnswer,
    DifferenceAnswer,
    RowAnswer,
    TermAnswer,
    VerdictAnswer,
    WhatIfAnswer,
    WhyAnswer,
)
from fabnet.node.api.problem import Problem, missing, problem
from fabnet.node.api.table import Call
from fabnet.node.planning.plans import Told
from fabnet.node.shell import Shell
from fabnet.node.web import sentences
from fabnet.node.web.sentences import Args, sentence
from fabnet.production.plan import Certificate
from fabnet.production.request import NEED_CODES
from fabnet.records.ids import JobId
from fabnet.scheduling.explain.explanation import (
    Barred,
    Change,
    Choice,
    Difference,
    Named,
    Reasons,
    Verdict,
)


class WhySearch(msgspec.Struct, frozen=True):
    """The machine to be told of in particular: `FACILITY/MACHINE@PEER`."""

    machine: str = ""


async def get_why(call: Call, asked: WhySearch) -> WhyAnswer | Problem:
    """Return why a job is where it is, and what would change it."""
    found = await find(call.shell, call.params["id"], "job")
    if isinstance(found, Problem):
        return found
    told = await why(call.shell, JobId(found), call.language, asked.machine or None)
    if told is not None:
        return told
    known = await books(call.shell)
    if known.jobs.get(found) is not None:
        return problem(HTTPStatus.NOT_FOUND, "plan-forgotten")
    if known.makings_of(found):
        return problem(HTTPStatus.NOT_FOUND, "planned-elsewhere")
    return missing("job", found)


async def why(
    shell: Shell, job: JobId, language: str, machine: str | None = None
) -> WhyAnswer | None:
    """Return why a job is where it is; nil when no plan of it is remembered."""

    async def needs() -> Mapping[str, int]:
        policy = (await community(shell)).policy()
        if policy is None:
            return {}
        return {code: policy.need_weight(code) for code in NEED_CODES}

    told = await shell.plans.explain(job, machine, needs)
    if told is None:
        return None
    speech = Speech(language)
    held = told[-1].certificate
    return WhyAnswer(
        job,
        [speech.row(each) for each in told],
        None if held is None else _certificate(held),
        speech.certificate(held),
    )


def _certificate(held: Certificate) -> CertificateAnswer:
    return CertificateAnswer(held.cost_ms, held.bound_ms, held.gap_permyriad)


class Speech:
    """Says an explanation in one language."""

    def __init__(self, language: str) -> None:
        self._language = language

    def certificate(self, held: Certificate | None) -> str:
        """Say how near the plan is to the best there can be."""
        if held is None:
            return self._say("certificate-none", {})
        if not held.gap_permyriad:
            return self._say("certificate-best", {})
        return self._say("certificate", {"gap_permyriad": held.gap_permyriad})

    def row(self, told: Told) -> RowAnswer:
        """Say why the pieces of one part are where they are."""
        it = told.reasons
        changes = [self._change(change) for change in it.changes]
        barred = [self._barred(each) for each in it.barred]
        return RowAnswer(
            revision=it.revision,
            part=it.part,
            pieces=it.pieces,
            planned_ms=told.planned_ms,
            chosen=self._choice(it.chosen),
            unplaced=it.unplaced,
            runner_up=self._choice(it.runner_up),
            difference=self._difference(it.difference),
            others=[self._verdict(each) for each in it.others],
            asked=None if it.asked is None else self._verdict(it.asked),
            changes=changes,
            barred=barred,
            untried=it.untried,
            sentences=list(self._here(it)),
            change_sentences=[
                *(each.sentence for each in changes),
                *(each.sentence for each in barred),
                *self._no_more(it),
            ],
        )

    def _here(self, it: Reasons) -> Iterator[str]:
        piece: dict[str, str | int] = {"pieces": it.pieces, "part": it.part}
        if it.chosen is None:
            yield self._say("why-unplaced", {**piece, "reason": it.unplaced or ""})
            return
        chosen, other = it.chosen, it.runner_up
        said = {**piece, **_at(chosen), "cost_ms": chosen.cost_ms}
        yield self._say("why-placed", {**said, "distance_m": chosen.distance_m})
        if other is None or it.difference is None:
            yield self._say("why-alone", {})
            return
        more_ms = other.cost_ms - chosen.cost_ms
        apart = self._apart(it.difference)
        yield self._say("why-runner-up", {**_at(other), **apart, "more_ms": more_ms})

    def _no_more(self, it: Reasons) -> Iterator[str]:
        if not it.changes and not it.barred:
            yield self._say("change-none", {})
        if it.untried:
            yield self._say("change-untried", {"untried": it.untried})

    def _verdict(self, it: Verdict) -> VerdictAnswer:
        return VerdictAnswer(
            peer=it.at.peer,
            machine=it.at.machine,
            machine_name=it.at.machine_name,
            facility_name=it.at.facility_name,
            reason=it.reason,
            wanted=it.wanted,
            limit=it.limit,
            choice=self._choice(it.choice),
            difference=self._difference(it.difference),
            taken_by=it.taken_by,
            price_ms=it.price_ms,
            opens_ms=it.opens_ms,
            sentence=" ".join(self._stands(it)),
        )

    def _stands(self, it: Verdict) -> Iterator[str]:
        """Say how one machine stands: chosen, or why not, and when it opens."""
        at = _names(it.at)
        if it.reason == "chosen":
            yield self._say("why-chosen", at)
        elif it.choice is not None and it.difference is None:
            yield self._say("why-would-do", {**at, "end_ms": it.choice.window.end_ms})
        else:
            args = {"reason": it.reason, "wanted": it.wanted, "limit": it.limit}
            yield self._say("not-chosen", {**at, **args})
        if it.opens_ms is not None:
            yield self._say("why-opens", {"start_ms": it.opens_ms})
        if it.price_ms is not None:
            yield self._say("why-price", {"price_ms": it.price_ms})

    def _change(self, it: Change) -> WhatIfAnswer:
        argument = {
            "due": "due_ms",
            "deadline": "deadline_ms",
            "radius": "radius_m",
            "material": "material",
            "need": "need",
        }[it.kind]
        becomes = it.becomes
        if it.kind == "need":
            becomes = sentences.need(str(becomes), self._language)
        told = self._say(f"change-{it.kind}", {**_at(it.choice), argument: becomes})
        choice = self._chosen(it.choice)
        return WhatIfAnswer(it.kind, it.was, it.becomes, choice, told)

    def _barred(self, it: Barred) -> BarredAnswer:
        told = [self._say(f"barred-{bar}", _names(it.at)) for bar in it.bars]
        if it.flips:
            told.append(self._say("barred-and-chosen", {}))
        choice = self._chosen(it.choice)
        return BarredAnswer(list(it.bars), it.flips, choice, " ".join(told))

    def _choice(self, it: Choice | None) -> ChoiceAnswer | None:
        return None if it is None else self._chosen(it)

    def _chosen(self, it: Choice) -> ChoiceAnswer:
        return ChoiceAnswer(
            peer=it.at.peer,
            machine=it.at.machine,
            machine_name=it.at.machine_name,
            facility_name=it.at.facility_name,
            start_ms=it.window.start_ms,
            end_ms=it.window.end_ms,
            distance_m=it.distance_m,
            terms=[
                TermAnswer(
                    term.name, sentences.term(term.name, self._language), term.cost_ms
                )
                for term in it.terms
            ],
            cost_ms=it.cost_ms,
        )

    def _difference(self, it: Difference | None) -> DifferenceAnswer | None:
        if it is None:
            return None
        title = sentences.term(it.term, self._language)
        return DifferenceAnswer(it.term, title, it.here_ms, it.there_ms)

    def _apart(self, it: Difference) -> dict[str, str | int]:
        title = sentences.term(it.term, self._language)
        return {"term": title, "here_ms": it.here_ms, "there_ms": it.there_ms}

    def _say(self, code: str, args: Args) -> str:
        return sentence(code, args, self._language)


def _names(at: Named) -> dict[str, str | int]:
    return {"machine": at.machine_name, "facility": at.facility_name}


def _at(choice: Choice) -> dict[str, str | int]:
    return {**_names(choice.at), "end_ms": choice.window.end_ms}
