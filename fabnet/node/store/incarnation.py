"""Which database this is: a counter and 64 random bits, here and outside the backups.

A database brought back from a backup would count its records again from where the
backup was taken, and so contradict what was said since. It is told by a file that no
backup holds: when the file is missing, or names another incarnation than the database
does, the database was restored or copied, and goes on under a new incarnation.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from fabnet.node.clock import Clock
from fabnet.node.store.alarm import failed
from fabnet.node.store.engine import sync_directory
from fabnet.node.store.reading import IncarnationRow
from fabnet.node.store.store import Store
from fabnet.records.ids import Incarnation

FILE_NAME: Final = "incarnation"
"""The file's name in the data directory; a backup must leave it out."""
_FILE_BYTES_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class Start:
    """What this start speaks as."""

    incarnation: Incarnation
    fresh: bool
    """Neither the database nor the file knew of an earlier start."""
    restored: bool
    """The database took over from another: it was restored, copied, or begun again."""


async def begin(store: Store, file: Path, clock: Clock) -> Start:
    """Settle which incarnation this start is, on disk in both places, and return it."""
    row = await store.incarnation()
    filed = await asyncio.to_thread(read_file, file)
    start = settle(row, filed, dice=clock.token(8))
    if row != IncarnationRow(start.incarnation, filed=True, restored=start.restored):
        await _write(store, file, start)
    return start


async def renew(store: Store, file: Path, clock: Clock, *, above: int) -> Start:
    """Go on under a new incarnation, since a peer knows of one counted `above`.

    Also for an operator who releases a node that no peer has answered.
    """
    row = await store.incarnation()
    known = above if row is None else max(above, row.incarnation.counter)
    start = Start(_next(known, clock.token(8)), fresh=False, restored=True)
    await _write(store, file, start)
    return start


def settle(
    row: IncarnationRow | None, filed: Incarnation | None, *, dice: bytes
) -> Start:
    """Return what a start speaks as, given what the database and the file say."""
    if row is None and filed is None:
        return Start(_next(0, dice), fresh=True, restored=False)
    if row is not None and row.filed and row.incarnation == filed:
        return Start(filed, fresh=False, restored=row.restored)
    known = [filed] if row is None else [filed, row.incarnation]
    counter = max(each.counter for each in known if each is not None)
    # A start cut short before it wrote the file is no restore. It said nothing yet,
    # but a copy made of it then might, so it begins again with other dice.
    cut_short = row is not None and not row.filed and filed in (None, row.incarnation)
    restored = row is None or row.restored or not cut_short
    return Start(_next(counter, dice), fresh=False, restored=restored)


def read_file(file: Path) -> Incarnation | None:
    """Return what the file says, or nil when it is missing or not ours to read so.

    A file that says something else is as good as none: the next start is then a new
    incarnation, which is safe.
    """
    try:
        text = file.read_bytes()[:_FILE_BYTES_MAX].decode("ascii")
        return msgspec.convert([int(word) for word in text.split()], Incarnation)
    except (FileNotFoundError, ValueError, msgspec.ValidationError):
        return None
    except OSError as error:
        raise failed(f"{file}: cannot be read", error) from error


def write_file(file: Path, incarnation: Incarnation) -> None:
    """Write the file durably, for its owner only."""
    partial = file.with_suffix(".new")
    text = f"{incarnation.counter} {incarnation.random}\n"
    try:
        partial.unlink(missing_ok=True)
        handle = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(text.encode())
            out.flush()
            os.fsync(handle)
        partial.rename(file)
        sync_directory(file.parent)
    except OSError as error:
        raise failed(f"{file}: cannot be written", error) from error


async def _write(store: Store, file: Path, start: Start) -> None:
    """Write row, file and row again: cut anywhere, the next start can tell."""
    for is_filed in (False, True):
        await store.put_incarnation(
            IncarnationRow(start.incarnation, filed=is_filed, restored=start.restored)
        )
        if not is_filed:
            await asyncio.to_thread(write_file, file, start.incarnation)


def _next(counter: int, dice: bytes) -> Incarnation:
    # 63 of the 64 bits: a signed column, and Meta in records/ids, hold no more.
    return Incarnation(counter + 1, int.from_bytes(dice) >> 1)
