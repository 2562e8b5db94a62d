"""Asking the peer: hand it an event for a person, and wait for its durable answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from fabnet.node.api.problem import Problem, problem, refused
from fabnet.node.shell import Shell
from fabnet.protocol.events import Event
from fabnet.records.ids import RecordId
from fabnet.records.refusal import Refusal

ANSWER_S_MAX: Final = 30
"""Seconds to wait: a disk that takes longer has stopped the node."""


async def ask(shell: Shell, make: Callable[[int], Event]) -> RecordId | Problem:
    """Return the record that the peer wrote, or why it did not."""
    try:
        async with asyncio.timeout(ANSWER_S_MAX):
            answer = await shell.runner.ask(make)
    except TimeoutError:
        return problem(
            HTTPStatus.SERVICE_UNAVAILABLE, "unanswered", seconds=ANSWER_S_MAX
        )
    return refused(answer) if isinstance(answer, Refusal) else answer
