"""The tables of the hand-off, as the pages of the documentation show them."""

from __future__ import annotations

from collections.abc import Iterable

from fabnet.production.lots.lot import LOT_STATES, LOT_TABLE
from fabnet.production.lots.making import MAKING_STATES, MAKING_TABLE
from fabnet.production.lots.remnant import REMNANT_STATES, REMNANT_TABLE

_Row = tuple[tuple[str | None, str], tuple[str | None, str | None, str]]


def table_markdown() -> str:
    """Return every table, each after the meaning of its states."""
    return "\n".join(
        (
            *_page("Requester", LOT_STATES.items(), LOT_TABLE.items()),
            *_page("Facility", MAKING_STATES.items(), MAKING_TABLE.items()),
            *_page("Remnant", REMNANT_STATES.items(), REMNANT_TABLE.items()),
        )
    )


def _page(
    title: str, states: Iterable[tuple[str, str]], table: Iterable[_Row]
) -> list[str]:
    lines = [f"### {title}", "", "| State | Meaning |", "|---|---|"]
    lines += [f"| {state} | {meaning} |" for state, meaning in states]
    lines += ["", "| State | Step | Becomes | Sends | |", "|---|---|---|---|---|"]
    lines += [
        f"| {state or '–'} | {step} | {to or '–'} | {sends or ''} | {why} |"
        for (state, step), (to, sends, why) in table
    ]
    return [*lines, ""]
