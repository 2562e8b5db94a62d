"""`fabnet doubts`: what waits for a person here, and what to do about it."""

from __future__ import annotations

from argparse import Namespace

from fabnet.node.api.doubts.answers import DoubtAnswer, Doubts
from fabnet.node.cli.command import Command, add_token, call, columns, show
from fabnet.node.web.sentences import moment


def _doubts(args: Namespace) -> int:
    found = call(args, lambda node: node.get("/v1/doubts", Doubts))
    return show(args, found, told(found))


def told(found: Doubts) -> str:
    """Return a table of all doubts, and under it each in words."""
    rows: list[tuple[str, ...]] = [("LOT", "WHAT", "WHERE", "GOOD", "SINCE")]
    rows += [_row(doubt) for doubt in found.doubts]
    parts = [columns(rows, empty="nothing waits for a person")]
    for doubt in found.doubts:
        lines = [f"{_name(doubt)}: {doubt.sentence}", f"  {doubt.to_do}"]
        if doubt.signers > 1:
            lines.append(
                f"  {doubt.signers} must sign, where the charter names so many"
            )
        parts.append("\n".join([*lines, f"  {doubt.command}"]))
    if found.left_out:
        parts.append(f"and {found.left_out} more")
    return "\n\n".join(parts)


def _row(doubt: DoubtAnswer) -> tuple[str, ...]:
    good = f"{doubt.good} of {doubt.pieces}" if doubt.pieces else f"{doubt.good}"
    where = doubt.machine_name or "–"
    if doubt.side == "requester":
        where = f"{where}, {doubt.other}"
    since = "" if doubt.since_ms is None else moment(doubt.since_ms)
    return _name(doubt), doubt.kind, where, good if doubt.job else "", since


def _name(doubt: DoubtAnswer) -> str:
    return f"{doubt.short_code}/{doubt.epoch}" if doubt.job else "this node"


COMMAND = Command(
    "doubts",
    "list what waits for a person here, with what to do",
    add_token,
    _doubts,
    "List every lot of which nobody at a desk can know how many pieces there are:\n"
    "pieces in doubt, benches that an older database knew of, workshops that lost\n"
    "theirs or are silent past their window, surplus. Takes an operator's or a\n"
    "steward's token.",
)
