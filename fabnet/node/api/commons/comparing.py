"""Two revisions compared, each change with its sentence."""

from __future__ import annotations

from fabnet.designs.diff import Change, Value, compare
from fabnet.node.api.commons.answers import ChangeAnswer, DiffAnswer
from fabnet.node.api.commons.designs import manifest
from fabnet.node.api.problem import Problem
from fabnet.node.api.table import Call
from fabnet.node.web.sentences import figure, sentence


async def get_diff(call: Call) -> DiffAnswer | Problem:
    """Return what changed from one revision to another."""
    old = await manifest(call.shell, call.params["cid"])
    if isinstance(old, Problem):
        return old
    new = await manifest(call.shell, call.params["other"])
    if isinstance(new, Problem):
        return new
    changes = [_answer(each, call.language) for each in compare(old[1], new[1])]
    return DiffAnswer(old[0], new[0], changes)


def _answer(change: Change, language: str) -> ChangeAnswer:
    args = {
        "name": change.name,
        "field": change.field.removeprefix("requirement.").replace("_", " "),
        "was": _shown(change.field, change.was),
        "now": _shown(change.field, change.now),
    }
    return ChangeAnswer(
        change.subject,
        change.name,
        change.what,
        change.field,
        _plain(change.was),
        _plain(change.now),
        sentence(f"{change.subject}-{change.what}", args, language),
    )


def _shown(field: str, value: Value) -> str:
    """Return a value as people read it, with the unit that its field is in."""
    if value is None or value in ("", ()):
        return "—"
    if isinstance(value, tuple):
        return ", ".join(figure(field, each) for each in value)
    return figure(field, value)


def _plain(value: Value) -> str | int | list[str | int] | None:
    return list(value) if isinstance(value, tuple) else value
