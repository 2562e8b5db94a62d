"""About this node: who it is, how it is, and what the licences say that it keeps to."""

from __future__ import annotations

from fabnet import VERSION
from fabnet.node.api.answers import Health, LicenceAnswer, NodeAnswer
from fabnet.node.api.handlers.machines import spot
from fabnet.node.api.licences import licence_answer
from fabnet.node.api.problem import Problem
from fabnet.node.api.table import Call
from fabnet.node.shell import Shell


async def healthz(_: Call) -> Health:
    """Say that the listener answers."""
    return Health(ok=True)


async def get_node(call: Call) -> NodeAnswer:
    """Return who this node is."""
    return node_answer(call.shell)


def node_answer(shell: Shell) -> NodeAnswer:
    """Return who this node is, and with whom it speaks."""
    identity, config = shell.identity, shell.config
    incarnation = identity.incarnation
    return NodeAnswer(
        peer=identity.peer,
        name=config.node.name,
        cooperative=identity.charter,
        facility=config.facility.name,
        place=spot(shell.place),
        network=identity.network,
        incarnation=f"{incarnation.counter}-{incarnation.random:016x}",
        version=VERSION,
        links=sorted(shell.linked()),
        blocked=len(shell.links.standing.blocks),
        ready=shell.store.failed is None,
        now_ms=shell.clock.now().moment_ms,
    )


async def get_licence(call: Call) -> LicenceAnswer | Problem:
    """Return what a licence lets whom do, and what it asks in return."""
    return licence_answer(call.params["expression"])
