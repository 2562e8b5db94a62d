"""Doubts in words: what is not known, who must look where, and what to type."""

from __future__ import annotations

from collections import Counter
from typing import Final

from fabnet.node.api.doubts.answers import DoubtAnswer, Doubts
from fabnet.node.api.doubts.found import KINDS, Doubt, doubts
from fabnet.node.api.handlers.jobs import View, view
from fabnet.node.api.handlers.known import Books, readable, records_of
from fabnet.node.api.table import Call
from fabnet.node.shell import Shell
from fabnet.node.web.sentences import doubt_told, short
from fabnet.production import machine as machines
from fabnet.production.job import short_code
from fabnet.production.machine import Machine

LISTED_MAX: Final = 200
"""Doubts in one answer; `left_out` says how many more there are."""
SHOWN_MAX: Final = 20
"""Doubts on a page, which asks again every few seconds."""
STORY_LINES: Final = 200
"""Lines of a job's story in which it is looked up since when."""

_COMMANDS: Final = {
    "restored": "fabnet jobs",
    "in-doubt": "fabnet count {code} {epoch} good|scrap --person NAME",
    "bench-unknown": "fabnet attest {code}/{epoch} --good N --scrap N --key FILE",
    "lot-lost": "fabnet write-off {code}/{epoch} --reason TEXT --key FILE",
    "lot-forgotten": "fabnet write-off {code}/{epoch} --reason TEXT --key FILE",
    "waits-there": "fabnet story {code}",
    "maker-silent": "fabnet write-off {code}/{epoch} --reason TEXT --key FILE",
    "surplus": "fabnet story {code}",
    "stray-lot": "fabnet story {code}",
}


async def list_doubts(call: Call) -> Doubts:
    """Return everything here that waits for a person."""
    return await told_doubts(await view(call.shell), LISTED_MAX, call.language)


async def told_doubts(
    seen: View, most: int, language: str, *, job: str | None = None
) -> Doubts:
    """Return what waits for a person, of one job or of all, `most` of it."""
    found = await _found(seen.shell, seen.known)
    if job is not None:
        found = [doubt for doubt in found if doubt.job == job]
    told = [await _told(seen, doubt, language) for doubt in found[:most]]
    return Doubts(told, len(found) - len(told))


async def counted(shell: Shell, known: Books) -> dict[str, int]:
    """Return how many doubts of each kind there are, also of those that there
    are none of."""
    kinds = Counter(doubt.kind for doubt in await _found(shell, known))
    return {kind: kinds[kind] for kind in KINDS}


async def _found(shell: Shell, known: Books) -> list[Doubt]:
    restored_ms = None
    if known.restored is not None:
        restored_ms = await _since_ms(shell, shell.identity.peer, "restored", 0)
    standing = await _standing(shell, known)
    return doubts(known, shell.clock.now().moment_ms, restored_ms, standing)


async def _standing(shell: Shell, known: Books) -> set[tuple[str, str]]:
    """Return the machines of others that are in doubt, where lots of ours are made."""
    under_way = [
        lot for lot in known.lots.values() if lot.state in ("confirmed", "cancelling")
    ]
    makers = {lot.maker for lot in under_way} - {shell.identity.peer}
    found: set[tuple[str, str]] = set()
    for maker in makers:
        for record in await records_of(shell, machines.KIND, author=maker):
            machine = readable(record, Machine)
            if machine is not None and machine.state == "in-doubt":
                found.add((maker, machine.id))
    return found


async def _told(seen: View, doubt: Doubt, language: str) -> DoubtAnswer:
    shell = seen.shell
    maker = doubt.peer if doubt.side == "requester" else shell.identity.peer
    machine, facility = seen.names(doubt.machine, maker)
    other = _other(seen, doubt, facility)
    args: dict[str, str | int] = {
        "epoch": doubt.epoch,
        "machine": machine or "a machine",
        "other": other,
        "pieces": doubt.pieces,
        "good": doubt.good,
        "surplus": doubt.surplus,
    }
    sentence, to_do = doubt_told(doubt.kind, args, language)
    since_ms = doubt.since_ms
    if since_ms is None and doubt.job:
        since_ms = await _since_ms(shell, doubt.job, doubt.kind, doubt.epoch)
    code = short_code(doubt.job) if doubt.job else ""
    return DoubtAnswer(
        kind=doubt.kind,
        side=doubt.side,
        job=doubt.job,
        short_code=code,
        epoch=doubt.epoch,
        peer=doubt.peer,
        other=other,
        machine=doubt.machine,
        machine_name=machine,
        facility_name=facility,
        pieces=doubt.pieces,
        good=doubt.good,
        scrap=doubt.scrap,
        surplus=doubt.surplus,
        signers=doubt.signers,
        since_ms=since_ms,
        sentence=sentence,
        to_do=to_do,
        command=_COMMANDS[doubt.kind].format(code=code, epoch=doubt.epoch),
    )


def _other(seen: View, doubt: Doubt, facility: str) -> str:
    """Return what people call whoever is at the other end."""
    if doubt.side == "requester" and facility:
        return facility
    charter = seen.known.nodes.get(doubt.peer, "")
    return seen.known.names.get(charter, short(doubt.peer))


async def _since_ms(shell: Shell, subject: str, code: str, epoch: int) -> int | None:
    """Return when a story last said so, of one lot; nil when it does not any more."""
    for line in reversed(await shell.store.story(subject, STORY_LINES)):
        if line.code == code and dict(line.args).get("epoch", 0) == epoch:
            return line.moment_ms
    return None
