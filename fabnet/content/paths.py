"""Which paths of a folder can live on any system, each as a file of its own.

What is refused is what escapes a folder, what no one can see, and what is another name,
or no name at all, on some system. Source: Microsoft's "Naming files, paths and
namespaces", and Unicode's case folding.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from fabnet.errors import MalformedError

PATH_CHARS_MAX: Final = 240
"""Characters; longer ones do not survive a copy to Windows."""

_RESERVED: Final = re.compile(
    r"(?i)(con|prn|aux|nul|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3])"
    r"(\..*)?|conin\$|conout\$"
)
_UNSAFE: Final = frozenset('\\:*?"<>|')
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def check_paths(paths: Iterable[str], *, at: str = "files") -> None:
    """Raise MalformedError unless the paths can live in one folder on any system.

    Two that differ only in case or in Unicode form would be one file on some. The error
    begins with `at`, what holds the paths.
    """
    seen: dict[str, str] = {}
    for index, path in enumerate(paths):
        trouble = unsafe(path)
        folded = _folded(path)
        if trouble is None and folded in seen:
            trouble = f"the same as {seen[folded][:80]!r} on some systems"
        if trouble is not None:
            raise MalformedError(f"{at}[{index}].path: {path[:80]!r}: {trouble}")
        seen[folded] = path
    for folded, path in seen.items():
        steps = folded.split("/")
        for depth in range(1, len(steps)):
            if "/".join(steps[:depth]) in seen:
                raise MalformedError(f"{at}.path: {path[:80]!r}: lies in another file")


def unsafe(path: str) -> str | None:
    """Say why a path is not safe to write under a folder; nil when it is."""
    if not path or len(path) > PATH_CHARS_MAX:
        return f"expected 1 to {PATH_CHARS_MAX} characters"
    if any(unicodedata.category(letter) in _INVISIBLE for letter in path):
        return "an invisible letter"
    if not _UNSAFE.isdisjoint(path):
        return "a letter that some systems forbid or read as a drive"
    if unicodedata.normalize("NFC", path) != path:
        return "expected Unicode in form NFC"
    return next(filter(None, map(_unsafe_step, path.split("/"))), None)


def _unsafe_step(step: str) -> str | None:
    if step in ("", ".", ".."):
        return "expected a relative path without . and .."
    if step[-1] in ". " or _RESERVED.fullmatch(step):
        return "a name that some systems reserve"
    return None


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
