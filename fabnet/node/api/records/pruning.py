"""An operator wants the body of a record gone from this disk."""

from __future__ import annotations

from fabnet.node.api.answers import Created
from fabnet.node.api.asks import Ask
from fabnet.node.api.handlers.asking import ask
from fabnet.node.api.handlers.jobs import find
from fabnet.node.api.problem import Problem, missing
from fabnet.node.api.table import Call
from fabnet.production import request
from fabnet.protocol.events import PruneBody, PruneReason


class NewPrune(Ask):
    """Why a body goes: it is about a person, or nobody needs it any more."""

    why: PruneReason


async def prune(call: Call, new: NewPrune) -> Created | Problem:
    """Delete a record's body for good; answered once its bytes are gone."""
    store = call.shell.store
    found = await find(call.shell, call.params["id"], "record")
    if isinstance(found, Problem):
        return found
    record = await store.record(found)
    if record is None:
        return missing("record", found)
    over = await store.records(
        kind=request.CLOSED_KIND, key=found, author=record.author, limit=1
    )
    said = await ask(
        call.shell,
        lambda number: PruneBody(number, record, closed=bool(over), why=new.why),
    )
    return said if isinstance(said, Problem) else Created(said)
