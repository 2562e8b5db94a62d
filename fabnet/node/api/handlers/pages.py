"""What every page is made with, what it asks for, and the page of a problem."""

from __future__ import annotations

from http import HTTPStatus

from fabnet.node.api.handlers.about import node_answer
from fabnet.node.api.problem import Problem, missing
from fabnet.node.api.table import HTML, Call, Raw
from fabnet.node.shell import Shell
from fabnet.node.web import render


async def static(call: Call) -> Raw | Problem:
    """Return a style sheet or an icon."""
    name = call.params["name"]
    content = render.static(name)
    if content is None:
        return missing("file", name[:80])
    return Raw(content, render.STATIC[name])


def problem_page(shell: Shell, shown: Problem) -> Raw:
    """Return a problem as a page."""
    return page(
        "problem.html", node=node_answer(shell), problem=shown, status=shown.status
    )


def page(template: str, *, status: int = HTTPStatus.OK, **shown: object) -> Raw:
    """Return the page that a template makes of what it is shown."""
    return Raw(render.render(template, **shown).encode(), HTML, status)
