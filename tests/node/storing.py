"""A store in a directory of its own, and records to keep in it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from fabnet.node.store.store import Store
from fabnet.protocol.effects import Keep
from fabnet.records.body import Body
from fabnet.records.ids import Incarnation, PeerId, RecordId
from fabnet.records.keys import SigningKey
from fabnet.records.record import Record, seal_record
from tests.probes import watching

ROOT = Path(__file__).parents[2]
KEY = SigningKey.from_seed(b"store".ljust(32))
ME = KEY.public.peer
OTHER = SigningKey.from_seed(b"other".ljust(32)).public.peer
THEN = 1_750_000_000_000


class Word(Body):
    said: str


def notice(seq: int, key: str = "press", said: str = "") -> Record:
    return _record("notice.machine/1", seq, None, key, said)


def chain(count: int, said: str = "", kind: str = "request/1") -> list[Record]:
    records: list[Record] = []
    for seq in range(1, count + 1):
        prev = records[-1].id if records else None
        records.append(_record(kind, seq, prev, None, said))
    return records


def _record(
    kind: str, seq: int, prev: RecordId | None, about: str | None, said: str
) -> Record:
    return seal_record(
        KEY,
        network="test",
        kind=kind,
        incarnation=Incarnation(1, 2**63 - 1),
        seq=seq,
        prev=prev,
        moment_ms=THEN,
        about=about,
        body=Word(said),
    )


@contextlib.asynccontextmanager
async def opened(path: Path, **options: int) -> AsyncIterator[Store]:
    store = Store.open(path / "fabnet.sqlite", ME, **{"ballast_bytes": 0, **options})
    try:
        yield store
    finally:
        await store.close()


def keeps(records: list[Record], source: PeerId | None = None) -> list[Keep]:
    return [Keep(record, at, source) for at, record in enumerate(records, start=1)]


OPEN = """
import asyncio, os, resource, sys
from pathlib import Path
from fabnet.errors import StorageError
from fabnet.node.store.store import Store
from fabnet.protocol.effects import Put
PEER = "12D3KooWPeer"
store = Store.open(Path("PATH") / "fabnet.sqlite", PEER, ballast_bytes=BALLAST)
sys.stdout.reconfigure(line_buffering=True)
""".replace("BALLAST", "0")


WATCHED = """
from pathlib import Path
from tests.probes import watching
watching.report(Path({seen!r}))
"""


def run(script: str, *wrapper: str) -> subprocess.CompletedProcess[str]:
    """Run a script to its end in a process of its own, which is watched too."""
    with tempfile.TemporaryDirectory() as folder:
        seen = Path(folder) / "seen"
        done = subprocess.run(
            [*wrapper, sys.executable, "-c", WATCHED.format(seen=str(seen)) + script],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        watching.learn(seen)
    return done
