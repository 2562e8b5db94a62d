"""Every sentence with which a reader can refuse, found in its source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.house.tree import PACKAGE, parsed

READERS = (
    "content",
    "records",
    "designs/revision.py",
    "designs/requirement.py",
    "designs/bom_file.py",
    "designs/documents/acceptance.py",
    "designs/documents/dispute.py",
    "designs/documents/grant.py",
    "designs/documents/passport.py",
    "designs/documents/withdrawal.py",
    "designs/geometry",
    "designs/okh",
    "cooperation/benches.py",
    "cooperation/charter.py",
    "cooperation/membership.py",
    "cooperation/policy.py",
    "production/place.py",
    "protocol/address.py",
    "node/links/frames.py",
    "node/links/auth_header.py",
    "node/links/guard.py",
    "node/api/strict.py",
    "node/config.py",
)
"""Rooms and files that read what others wrote."""
ERRORS = frozenset(
    {"MalformedError", "LimitError", "SignatureError", "InputError", "RemoteError",
     "AddressForbiddenError", "Refusal", "Refused"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reason:
    """One place in the source where a reader says no."""

    file: str
    line: int
    pattern: str
    """Of what is said; whatever is filled in may be anything."""

    def is_in(self, told: str) -> bool:
        """Whether this is what was told."""
        return re.search(self.pattern, told, re.DOTALL) is not None


def files() -> Iterator[Path]:
    for name in READERS:
        path = PACKAGE / name
        yield from sorted(path.glob("*.py")) if path.is_dir() else [path]


def reasons() -> list[Reason]:
    """Return every reason in the readers' source, in order."""
    return [
        Reason(path.relative_to(PACKAGE).as_posix(), node.lineno, pattern)
        for path in files()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and _name(node.func) in ERRORS
        if (pattern := _pattern(node))
    ]


def _name(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else ""


def _pattern(call: ast.Call) -> str:
    """Return what a call's message looks like; empty where none of it is fixed."""
    if _name(call.func) == "InputError":
        told = ": ".join(_said(each) for each in call.args)
    else:
        told = _said(call.args[0]) if call.args else ""
    return told if re.search("[a-z]{3}", re.sub(r"\.\*", "", told)) else ""


def _said(part: ast.expr) -> str:
    match part:
        case ast.Constant(value=str(text)):
            return re.escape(text)
        case ast.JoinedStr(values=parts):
            return "".join(_said(each) for each in parts)
        case ast.BinOp(left=left, right=right):
            return _said(left) + _said(right)
        case _:
            return ".*"
