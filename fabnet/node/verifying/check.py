"""One thing that was looked at, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from fabnet.records.refusal import Refusal

Verdict = Literal["ok", "no", "unknown"]

SHOWN_CHARS_MAX: Final = 200
"""Letters of what a stranger wrote, in one argument."""


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, whether it holds, and why."""

    what: str
    """Such as `signature`, or the path of a file."""
    verdict: Verdict
    why: Refusal
    """A code with its arguments; of a yes too."""


def ok(what: str, code: str, **args: str | int) -> Check:
    """Return that it holds."""
    return Check(what, "ok", Refusal(code, tuple(args.items())))


def no(what: str, code: str, **args: str | int) -> Check:
    """Return that it is false: altered, or not what it says."""
    return Check(what, "no", Refusal(code, tuple(args.items())))


def unknown(what: str, code: str, **args: str | int) -> Check:
    """Return that it cannot be told from what is here."""
    return Check(what, "unknown", Refusal(code, tuple(args.items())))


def unreadable(what: str, error: Exception) -> Check:
    """Return that something is not even of the right form, or not authentic."""
    return no(what, "not-read", why=str(error)[:SHOWN_CHARS_MAX])


def overall(checks: Iterable[Check]) -> Verdict:
    """Return the worst: one no is a no, and of nothing nobody can tell."""
    verdicts = {check.verdict for check in checks}
    if "no" in verdicts:
        return "no"
    return "ok" if verdicts == {"ok"} else "unknown"
