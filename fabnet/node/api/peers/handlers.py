"""Who is linked, how they stand with us, and whom we block."""

from __future__ import annotations

from http import HTTPStatus

from fabnet.node.api.answers import Done
from fabnet.node.api.handlers.known import Books, books
from fabnet.node.api.peers.answers import (
    BlockAnswer,
    NewBlock,
    NoBlock,
    PeerAnswer,
    Peers,
)
from fabnet.node.api.problem import Problem, missing, problem, refused
from fabnet.node.api.table import Call
from fabnet.node.links.limits.standing import Fault
from fabnet.node.shell import Shell
from fabnet.records.ids import PeerId


async def list_peers(call: Call) -> Peers:
    """Return every node that is linked, did something wrong, or is blocked."""
    shell = call.shell
    standing = shell.links.standing
    names = {*shell.links.peers(), *standing.faults, *standing.blocks}
    known = await books(shell)
    return Peers([_peer(shell, known, peer) for peer in sorted(names)])


async def block_peer(call: Call, new: NewBlock) -> Done | Problem:
    """Hold no link with a peer from now on, and give it no file."""
    peer = PeerId(new.peer)
    if peer == call.shell.identity.peer:
        return problem(HTTPStatus.CONFLICT, "peer-is-us")
    until_ms = None if new.until is None else int(new.until.timestamp() * 1_000)
    now_ms = call.shell.clock.now().moment_ms
    if until_ms is not None and until_ms <= now_ms:
        return problem(HTTPStatus.CONFLICT, "block-in-the-past", "until")
    refusal = await call.shell.links.block(peer, new.why, until_ms)
    return Done(done=True) if refusal is None else refused(refusal)


async def unblock_peer(call: Call, no: NoBlock) -> Done | Problem:
    """Let a peer in again."""
    if await call.shell.links.standing.unblock(PeerId(no.peer)):
        return Done(done=True)
    return missing("blocked peer", no.peer)


def _peer(shell: Shell, known: Books, peer: PeerId) -> PeerAnswer:
    links, standing = shell.links, shell.links.standing
    fault = standing.faults.get(peer, Fault())
    charter = known.nodes.get(peer)
    side = None
    if links.is_linked(peer):
        side = "ours" if peer in links.dialled() else "theirs"
    block = standing.block_of(peer)
    return PeerAnswer(
        peer=peer,
        cooperative=None if charter is None else known.names.get(charter),
        known=links.tolls.is_known(peer),
        link=side,
        faults=fault.count,
        last_fault=fault.last,
        shut_out=standing.is_shut_out(peer),
        blocked=None
        if block is None
        else BlockAnswer(block.why, block.since_ms, block.until_ms),
    )
