"""What a simulated machine physically did, written down by the machine alone.

A trial holds the node's book against this file as against a bench that people count:
so it is none of the node's, stands outside its data directory, and is durable before
the node hears of what it tells.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import msgspec

from fabnet.errors import InputError

Deed = Literal["begun", "good", "scrap"]


class Did(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line: a piece was taken in hand, or came out."""

    machine: str
    job: str
    epoch: int
    piece: int
    did: Deed


class Journal:
    """A file that only grows, a line of JSON for each deed."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, did: Did) -> None:
        """Append one line; it is on disk when this returns. May raise OSError."""
        line = msgspec.json.encode(did) + b"\n"
        flags = os.O_CREAT | os.O_WRONLY | os.O_APPEND
        handle = os.open(self._path, flags, 0o600)
        try:
            os.write(handle, line)
            os.fsync(handle)
        finally:
            os.close(handle)

    def read(self) -> list[Did]:
        """Return every line, in order; a machine that did nothing has none."""
        try:
            raw = self._path.read_bytes()
        except FileNotFoundError:
            return []
        try:
            return [msgspec.json.decode(line, type=Did) for line in raw.splitlines()]
        except msgspec.MsgspecError as error:
            raise InputError("journal", f"{self._path}: {error}") from error
