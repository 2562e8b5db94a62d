"""How far along it is: a line that renews itself, or a line for each long file."""

from __future__ import annotations

from typing import Final, TextIO

LONG_BYTES: Final = 8 * 1024 * 1024
"""From here on a file is worth a line of its own where lines cannot renew."""
_CLEAR: Final = "\r\x1b[K"
_NAME_CHARS: Final = 48


class Progress:
    """Tells one stream what is being read or sent."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._renews = stream.isatty()
        self._doing = ""
        self._done = 0
        self._total = 0
        self._shown = -1

    def begin(self, verb: str, path: str, total: int) -> None:
        """Say what is next: a verb, a file, and its bytes."""
        name = path if len(path) <= _NAME_CHARS else "…" + path[1 - _NAME_CHARS :]
        self._doing, self._done, self._total = f"{verb} {_shown(name)}", 0, total
        self._shown = -1
        if not self._renews and total >= LONG_BYTES:
            self._stream.write(f"{self._doing} ({total / 1e6:,.0f} MB)\n")
            self._stream.flush()
        self.add(0)

    def add(self, size: int) -> None:
        """Say that so many bytes more went by."""
        self._done += size
        percent = 100 * self._done // self._total if self._total else 100
        if self._renews and percent != self._shown:
            self._stream.write(f"{_CLEAR}{self._doing} {percent} %")
            self._stream.flush()
            self._shown = percent

    def end(self) -> None:
        """Leave the line empty for whatever is printed next."""
        if self._renews and self._shown >= 0:
            self._stream.write(_CLEAR)
            self._stream.flush()
            self._shown = -1


def _shown(name: str) -> str:
    """Return a name without what would steer the terminal, or cannot be written."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)
