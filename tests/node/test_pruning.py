"""R8: a pruned body is nowhere on the disk, and its header still verifies."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from random import Random

import pytest

from fabnet.node.store import writer
from fabnet.node.store.changes import Durable
from fabnet.protocol.effects import Forget, Keep, Prune, Put, Weigh
from fabnet.protocol.events import Compared, Weighed
from fabnet.records.record import Record, open_record, stored
from tests.node.storing import ME, OTHER, THEN, chain, keeps, notice, opened, run
from tests.protocol.histories import truth


def all_in(folder: Path) -> bytes:
    return b"".join(it.read_bytes() for it in folder.iterdir())


pytestmark = pytest.mark.asyncio


LOG = 400


def secret(number: int) -> str:
    return f"Alma, Mill Lane {number};"


def holds(folder: Path, text: str) -> list[str]:
    """Return the files that hold a text anywhere."""
    return [
        it.name
        for it in folder.iterdir()
        if it.is_file() and text.encode() in it.read_bytes()
    ]


@pytest.mark.parametrize("times", [1, 60, 1_800])
async def test_r8_the_bytes_of_a_pruned_body_are_gone_from_every_file(
    tmp_path: Path, times: int
) -> None:
    (record,) = chain(1, secret(1) * times)
    async with opened(tmp_path) as store:
        await store.commit([Keep(record, 1, None)], THEN)
        assert holds(tmp_path, secret(1))

        await store.commit([Prune(record.id)], THEN)

        assert not holds(tmp_path, secret(1)), "not in the WAL either"
        left = await store.record(record.id)
        assert left is not None
        assert left.body is None
        assert open_record(left.envelope, None, network="test") == left
    assert not holds(tmp_path, secret(1))


async def test_r8_nothing_is_left_where_a_busy_database_moved_things(
    tmp_path: Path,
) -> None:
    dice = Random(8)
    log = [
        Record(each.header, each.envelope, body.encode(), each.id)
        for at, each in enumerate(chain(LOG))
        for body in [secret(at) * dice.choice((1, 3, 40, 200, 900))]
    ]
    async with opened(tmp_path) as store:
        for first in range(0, LOG, 10):
            durable: list[Durable] = []
            for at in range(first, first + 10):
                beside = notice(at + 1, f"m{at % 7}", "x" * at)
                durable += [
                    Keep(log[at], 2 * at + 1, None),
                    Keep(beside, 2 * at + 2, OTHER),
                    Put("lot", str(at % 50), b"y" * dice.randrange(3_000)),
                ]
            await store.commit([*durable, Forget(ME, "notice.machine/1", "m3")], THEN)
        gone = dice.sample(range(LOG), LOG * 3 // 4)
        for first in range(0, len(gone), 20):
            await store.commit([Prune(log[at].id) for at in gone[first:][:20]], THEN)

        files = all_in(tmp_path)
        assert not [at for at in gone if secret(at).encode() in files]
        left = [at for at in range(LOG) if at not in gone]
        assert all(secret(at).encode() in files for at in left), "and only theirs"


async def test_r8_a_body_that_comes_again_is_not_written(tmp_path: Path) -> None:
    first, second = log = chain(2, secret(1))
    async with opened(tmp_path) as store:
        await store.commit([*keeps(log, OTHER), Prune(first.id)], THEN)
        await store.commit([Keep(first, 3, OTHER)], THEN)

        assert not (await store.records())[1].body
        bare = stored(first.envelope, None)
        assert await store.beside([first, second]) == Compared(
            ((first, bare), (second, second)), frozenset((first.id,))
        )
        served = [(first.envelope, None), (second.envelope, second.body)]
        assert await store.serve(0, 10, ME) == (served, 2), "and no hole"


async def test_a_reader_that_holds_the_wal_only_puts_it_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "CLEAN_AGAIN_S", 0.05)
    (record,) = chain(1, secret(1))
    async with opened(tmp_path) as store:
        await store.commit([Keep(record, 1, None)], THEN)
        backup = sqlite3.connect(tmp_path / "fabnet.sqlite", isolation_level=None)
        backup.execute("BEGIN")
        backup.execute("SELECT count(*) FROM record").fetchone()
        await store.commit([Prune(record.id)], THEN)
        assert holds(tmp_path, secret(1)), "the reader may still look at it"

        backup.execute("COMMIT")
        backup.close()
        for _ in range(200):
            if not holds(tmp_path, secret(1)):
                break
            await asyncio.sleep(0.05)
        assert not holds(tmp_path, secret(1)), "though nothing more was written"


async def test_r8_a_process_that_was_cut_short_leaves_it_to_the_next(
    tmp_path: Path,
) -> None:
    (record,) = chain(1, secret(1))
    async with opened(tmp_path) as store:
        await store.commit([Keep(record, 1, None)], THEN)
    run(CUT.replace("PATH", str(tmp_path)).replace("RECORD", record.id))
    assert holds(tmp_path, secret(1)), "it was killed just before"
    async with opened(tmp_path) as store:
        await store.commit([Put("lot", "1", b"")], THEN)
        assert not holds(tmp_path, secret(1))


async def test_a_log_is_weighed_by_the_chain_that_leads_to_its_head(
    tmp_path: Path,
) -> None:
    log = chain(9, "x")
    (beside,) = chain(1, "beside the chain", kind="charter/1")
    async with opened(tmp_path) as store:
        await store.commit([*keeps(log), Keep(beside, 10, OTHER)], THEN)
        asked = Weigh(ME, log[0].header.incarnation, 9, log[7].id, 6, 0)

        found = await store.weigh(asked)

        after = sum(each.header.body_len for each in log[6:8])
        assert found == Weighed(asked, truth(log, 6), after, ())
        nothing = Weigh(OTHER, log[0].header.incarnation, 9, log[7].id, 6, 0)
        assert (await store.weigh(nothing)).body is None


CUT = f"""
import asyncio, os
from pathlib import Path
from fabnet.node.store import writer
from fabnet.node.store.store import Store
from fabnet.protocol.effects import Prune

async def main():
    store = Store.open(Path("PATH") / "fabnet.sqlite", "{ME}", ballast_bytes=0)
    writer.Writer._clean = lambda self, connection: os._exit(0)
    await store.commit([Prune("RECORD")], 0)

asyncio.run(main())
"""
