"""For whom pieces are: the only place where a sealed CONFIRM is opened."""

from __future__ import annotations

from http import HTTPStatus

from fabnet.errors import InputError, RemoteError
from fabnet.node.api.answers import Handover
from fabnet.node.api.asks import NewPerson
from fabnet.node.api.handlers.jobs import find
from fabnet.node.api.handlers.known import books
from fabnet.node.api.problem import Problem, missing, problem
from fabnet.node.api.strict import read_json
from fabnet.node.api.table import Call
from fabnet.production.receipt import lot_key
from fabnet.records.ids import JobId


async def get_handover(call: Call) -> Handover | Problem:
    """Return for whom the pieces of a lot made here are, and how they get them."""
    shell = call.shell
    job = await find(shell, call.params["job"], "job")
    if isinstance(job, Problem):
        return job
    epoch = call.params["epoch"]
    key = lot_key(JobId(job), int(epoch)) if epoch.isdecimal() else ""
    making = (await books(shell)).makings.get(key)
    if making is None:
        return missing("lot", f"{job}/{epoch}"[:200])
    if making.sealed is None:
        return problem(
            HTTPStatus.CONFLICT, "not-confirmed", job=job, epoch=making.epoch
        )
    try:
        opened = shell.sealing.open(making.sealed, context=key.encode())
        person = read_json(opened, NewPerson)
    except (RemoteError, InputError):
        # Whoever sealed it wrote something else, or to another key: its fault, told.
        return problem(
            HTTPStatus.CONFLICT, "unreadable-handover", peer=making.requester
        )
    return Handover(making.job, making.epoch, person.name, person.contact)
