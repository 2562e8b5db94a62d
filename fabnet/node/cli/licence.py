"""`fabnet licence`: what a licence lets whom do, and what it asks in return."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator

from fabnet.designs.licence.terms import ACTORS, ACTS
from fabnet.errors import RemoteError
from fabnet.node.api.answers import ActAnswer, LicenceAnswer, MayAnswer
from fabnet.node.api.licences import licence_answer
from fabnet.node.api.problem import Problem
from fabnet.node.cli.command import Command, add_json, columns, show
from fabnet.node.web.sentences import actor

_NO_ADVICE = "As fabnet reads it (table of {version}); this is not legal advice."


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument(
        "expression",
        help="an SPDX expression, such as CERN-OHL-S-2.0, or a name from the wild",
    )
    parser.add_argument("--actor", choices=ACTORS, help="tell of this actor alone")
    parser.add_argument("--act", choices=ACTS, help="tell of this act alone")
    add_json(parser)


def _run(args: Namespace) -> int:
    acts = (args.act,) if args.act else ACTS
    actors = (args.actor,) if args.actor else ACTORS
    answer = licence_answer(args.expression, acts, actors)
    if isinstance(answer, Problem):
        raise RemoteError(answer.detail)
    return show(args, answer, "\n".join(_told(answer, actors)))


def _told(answer: LicenceAnswer, actors: tuple[str, ...]) -> Iterator[str]:
    yield answer.expression
    if answer.note:
        yield answer.note
    yield ""
    rows = [("", *map(actor, actors))]
    rows += [(it.title, *(each.verdict for each in it.actors)) for it in answer.acts]
    yield columns(rows, empty="")
    for it in answer.acts:
        yield from ("", *_act(it))
    yield ""
    yield _NO_ADVICE.format(version=answer.version)


def _act(answer: ActAnswer) -> Iterator[str]:
    """Say of one act under which conditions it is permitted, and what is asked."""
    yield f"{answer.title[:1].upper()}{answer.title[1:]}:"
    alike: dict[str, list[str]] = {}
    for may in answer.actors:
        alike.setdefault(_may(may), []).append(actor(may.actor))
    for text, who in alike.items():
        yield f"  {', '.join(who)}: {text}"
    for duty in answer.duties:
        yield f"  - {duty.sentence} ({duty.licence}, {duty.clause})"


def _may(answer: MayAnswer) -> str:
    if answer.verdict == "yes":
        return f"yes, by {answer.elected} ({answer.clause})"
    if answer.verdict == "if":
        return f"yes, if {answer.sentence} ({answer.clause})"
    word = "ask a person" if answer.verdict == "ask" else "no"
    return f"{word}: {answer.sentence}"


COMMAND = Command(
    "licence",
    "say what a licence lets whom do",
    _configure,
    _run,
    "Say what a licence lets whom do, and what it asks, each with its clause.\n"
    "No node is needed. This is our reading of the licences, and no legal advice.",
)
