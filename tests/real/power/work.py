"""A process that keeps things with the real store, and says what it was promised.

It writes one line for each acknowledgement, and only after it came: what such a line
names must be there after any cut.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Final, Literal

from fabnet.content.cid import Cid
from fabnet.errors import StorageError
from fabnet.node import keyring
from fabnet.node.clock import SystemClock
from fabnet.node.keyring import Keyring
from fabnet.node.store import blobs, datadir, engine, incarnation, writer
from fabnet.node.store.alarm import Alarm
from fabnet.node.store.blobs import Blobs
from fabnet.node.store.reading import BlobEntry
from fabnet.node.store.store import Store
from fabnet.protocol.effects import Drop, Keep, Note, Put
from fabnet.records.body import Body
from fabnet.records.ids import Incarnation, PeerId, RecordId
from fabnet.records.keys import SigningKey
from fabnet.records.record import Record, seal_record

Fault = Literal[
    "none", "normal", "no-directory-sync", "no-file-sync", "early-word", "forgetful"
]
"""What is broken on purpose: `none` is the product."""
Said = tuple[str, ...]

LANES: Final = 4
"""Writers side by side, so that commits are grouped as in a node."""
CHECKPOINT_BYTES: Final = 256 * 1_024
"""Often enough that cuts fall into checkpoints too."""
BLOB_BYTES_MAX: Final = 20_000
REFUSED_MAX: Final = 4
"""Refusals after which a lane gives up."""
THEN_MS: Final = 1_750_000_000_000


class Word(Body):
    said: str


def live(data: Path, seed: int, fault: Fault, pipe: Connection) -> None:
    """Start as a node does and work until killed; the body of the process."""
    _break(fault)
    _replace(writer, "CHECKPOINT_BYTES", CHECKPOINT_BYTES)
    asyncio.run(
        _live(data, random.Random(seed), pipe.send, early=fault == "early-word")
    )


def _break(fault: Fault) -> None:
    if fault == "normal":
        pragmas = dict(engine._WRITER_PRAGMAS) | {"synchronous": 1}
        _replace(engine, "_WRITER_PRAGMAS", tuple(pragmas.items()))
    elif fault == "no-directory-sync":
        for module in (blobs, engine, datadir, incarnation, keyring):
            _replace(module, "sync_directory", _nothing)
    elif fault == "no-file-sync":
        _replace(blobs, "os", SimpleNamespace(fsync=_nothing))
    elif fault == "forgetful":
        _replace(Alarm, "check", _nothing)


def _replace(module: ModuleType | type, name: str, by: object) -> None:
    assert hasattr(module, name), "what is broken on purpose must be there"
    setattr(module, name, by)


def _nothing(_: object) -> None:
    """Stand in for a sync that is left out."""


async def _live(
    data: Path, dice: random.Random, say: Callable[[Said], None], *, early: bool
) -> None:
    """Start in the order that a node does, then keep things in several lanes."""
    clock = SystemClock()
    keys = Keyring.open(data, clock.token)
    me = keys.node.public.peer
    store = Store.open(data / "fabnet.db", me, ballast_bytes=64 * 1_024)
    files = Blobs.open(data / "blobs", store.alarm)
    start = await incarnation.begin(store, data / incarnation.FILE_NAME, clock)
    say(("start", me, str(start.incarnation.counter), str(start.restored)))
    chain = Chain(keys.node, start.incarnation, dice)
    worker = Worker(store, files, chain, dice, say, early=early)
    async with asyncio.TaskGroup() as tasks:
        for lane in range(LANES):
            tasks.create_task(worker.lane(lane))


@dataclass
class Chain:
    """Our own records, one on the other."""

    key: SigningKey
    incarnation: Incarnation
    dice: random.Random
    count: int = 0
    last: RecordId | None = None

    def next(self) -> Record:
        self.count += 1
        made = seal_record(
            self.key,
            network="power",
            kind="request/1",
            incarnation=self.incarnation,
            seq=self.count,
            prev=self.last,
            moment_ms=THEN_MS,
            about=None,
            body=Word("x" * self.dice.randrange(700)),
        )
        self.last = made.id
        return made


class Worker:
    """Keeps rows, messages, records and files, and says so once it is durable."""

    def __init__(
        self,
        store: Store,
        files: Blobs,
        chain: Chain,
        dice: random.Random,
        say: Callable[[Said], None],
        *,
        early: bool,
    ) -> None:
        self._store = store
        self._files = files
        self._chain = chain
        self._dice = dice
        self._say = say
        self._early = early
        # Of one start only: what its rows say may go on from there, never back.
        self._born = dice.randbytes(8).hex()

    async def lane(self, lane: int) -> None:
        """Keep things until it is refused, and again, as people do who do not read."""
        refused = 0
        while refused < REFUSED_MAX:
            content = self._dice.randbytes(self._dice.randrange(BLOB_BYTES_MAX))
            for work in (self._commit(lane), *self._twice(content)):
                try:
                    await work
                except StorageError as error:
                    refused += 1
                    self._say(("refused", str(error)))

    def _twice(self, content: bytes) -> list[Coroutine[None, None, None]]:
        """Return what keeps a file, now and then, and keeps it again."""
        often = 2 if self._dice.random() < 0.3 else 0
        return [self._keep_file(content) for _ in range(often)]

    async def _commit(self, lane: int) -> None:
        dice, kept = self._dice, self._chain.next()
        number = kept.header.seq
        arrival = (self._chain.incarnation.counter << 32) + int(self._born, 16) % 2**31
        key, counter = f"{self._born}-{number}", f"{self._born}-{lane}"
        row, message = dice.randbytes(dice.randrange(600)), dice.randbytes(250)
        await self._store.room()
        done = self._store.commit(
            [
                Keep(kept, arrival + number, None),
                Put("lot", key, row),
                Put("outbox", key, message),
                Put("counter", counter, str(number).encode()),
                Put("gone", key, b""),
                Drop("gone", key),
                Note(key, "kept", (("number", number),)),
            ],
            THEN_MS,
        )
        if not self._early:
            await done
        self._say(("record", kept.id))
        self._say(("row", "lot", key, hashlib.sha256(row).hexdigest()))
        self._say(("row", "outbox", key, hashlib.sha256(message).hexdigest()))
        self._say(("story", key))
        self._say(("counter", counter, str(number)))
        await done

    async def _keep_file(self, content: bytes) -> None:
        cid = await self._files.put_bytes(content)
        entry = BlobEntry(cid, len(content), "model/stl", pinned=True)
        await self._store.put_blob(entry)
        self._say(("blob", cid))


# ---------------------------------------------------------------- afterwards


async def lost(data: Path, me: PeerId, said: set[Said]) -> list[str]:
    """Return what of `said` the real store does not find in a data folder."""
    store = await asyncio.to_thread(Store.open, data / "fabnet.db", me, ballast_bytes=0)
    try:
        files = await asyncio.to_thread(Blobs.open, data / "blobs")
        rows = await asyncio.to_thread(store.rows)
        missing = [
            " ".join(each)
            for each in said
            if not await _is_kept(store, files, rows, each)
        ]
        if "gone" in rows:
            missing.append("a row that its own transaction dropped is there")
        return missing
    finally:
        await store.close()


async def _is_kept(
    store: Store, files: Blobs, rows: dict[str, dict[str, bytes]], said: Said
) -> bool:
    match said:
        case ("record", name):
            return await store.record(RecordId(name)) is not None
        case ("row", table, key, digest):
            row = rows.get(table, {}).get(key)
            return row is not None and hashlib.sha256(row).hexdigest() == digest
        case ("story", key):
            return bool(await store.story(key))
        case ("counter", key, number):
            return int(rows.get("counter", {}).get(key, b"0")) >= int(number)
        case ("blob", name):
            return await store.blob(Cid(name)) is not None and await _whole(files, name)
        case ("refused", _):
            return True
        case _:
            raise AssertionError(said)


async def _whole(files: Blobs, name: str) -> bool:
    try:
        return await files.read(Cid(name)) is not None
    except StorageError:
        return False
