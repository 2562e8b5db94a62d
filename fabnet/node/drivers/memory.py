"""What a simulated machine remembers, whatever becomes of its node.

It stands for the controller's own disk, so it lies outside the node's data directory,
is no part of a backup, and is on disk before the machine does what it tells.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import msgspec

from fabnet.errors import InputError
from fabnet.node.store.engine import sync_directory

TASKS_MAX: Final = 100
"""Pieces that a controller remembers; then the oldest goes. A node asks of the last."""


class Task(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One piece that a machine was told to make."""

    name: str
    """Ours, as `name_of` gives it."""
    began_ms: int
    takes_ms: int
    good: bool
    """How it comes out."""


class Memory:
    """A file of the last pieces, replaced whole."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def tasks(self) -> list[Task]:
        """Return what is remembered, the oldest first."""
        try:
            raw = self._path.read_bytes()
        except FileNotFoundError:
            return []
        try:
            return msgspec.json.decode(raw, type=list[Task])
        except msgspec.MsgspecError as error:
            raise InputError("memory", f"{self._path}: {error}") from error

    def task(self, name: str) -> Task | None:
        """Return one piece, or nil where it was never begun."""
        return next((task for task in self.tasks() if task.name == name), None)

    def add(self, task: Task) -> None:
        """Remember one more; it is on disk when this returns. May raise OSError."""
        kept = [*self.tasks(), task][-TASKS_MAX:]
        partial = self._path.with_suffix(".new")
        handle = os.open(partial, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(msgspec.json.encode(kept))
            out.flush()
            os.fsync(handle)
        partial.rename(self._path)
        sync_directory(self._path.parent)
