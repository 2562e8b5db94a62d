from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from fabnet.content.cid import of_raw
from fabnet.errors import StorageError
from fabnet.node.store import reading, tables
from fabnet.node.store.engine import migrate, open_writer
from fabnet.node.store.reading import BlobEntry, StoryLine, Token
from fabnet.node.store.store import Store
from fabnet.protocol.effects import Drop, Forget, Keep, Note, Put, Void
from fabnet.protocol.events import Compared
from fabnet.records.ids import Incarnation
from fabnet.records.record import Record
from tests.node.storing import (
    ME,
    OPEN,
    OTHER,
    ROOT,
    THEN,
    chain,
    keeps,
    notice,
    opened,
    run,
)

# ---------------------------------------------------------------- what is kept


@pytest.mark.asyncio
async def test_what_was_committed_is_there_after_a_restart(tmp_path: Path) -> None:
    first, second = chain(2, "a chair")
    async with opened(tmp_path) as store:
        await store.commit(
            [
                Keep(first, 1, None),
                Put("lot", "1", b"open"),
                Put("lot", "2", b"open"),
                Note("press", "too-tall", (("height_um", 3), ("why", "¡ay!"))),
            ],
            THEN,
        )
        await store.commit([Keep(second, 2, OTHER), Drop("lot", "1")], THEN + 1)
    async with opened(tmp_path) as store:
        assert store.rows() == {"lot": {"2": b"open"}}
        assert await store.record(first.id) == first
        assert await store.records(kind="request/1") == [second, first]
        assert await store.story("press") == [
            StoryLine(THEN, "too-tall", (("height_um", 3), ("why", "¡ay!")))
        ]


@pytest.mark.asyncio
async def test_the_last_of_several_changes_to_one_row_counts(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        for round_ in (b"1", b"2"):
            done = store.commit([Put("lot", "1", round_), Drop("lot", "2")], THEN)
            last = store.commit([Drop("lot", "1"), Put("lot", "2", round_)], THEN)
            await done
            await last
            assert store.rows() == {"lot": {"2": round_}}


@pytest.mark.asyncio
async def test_a_notice_replaces_the_one_of_its_author_kind_and_key(
    tmp_path: Path,
) -> None:
    old, new, elsewhere = notice(1), notice(2), notice(1, key="saw")
    async with opened(tmp_path) as store:
        await store.commit([Keep(old, 1, None), Keep(elsewhere, 2, None)], THEN)
        await store.commit([Keep(new, 3, None)], THEN)
        assert await store.record(old.id) is None
        assert await store.records(key="press", kind="notice.machine/1") == [new]
        batch, cursor = await store.serve(0, 10, OTHER)
        assert [raw for raw, _ in batch] == [elsewhere.envelope, new.envelope]
        assert cursor == 3


@pytest.mark.asyncio
async def test_of_two_notices_in_one_group_only_the_later_is_written(
    tmp_path: Path,
) -> None:
    old, new = notice(1), notice(2)
    async with opened(tmp_path) as store:
        await store.commit([Keep(old, 1, None), Keep(new, 2, None)], THEN)
        assert await store.records() == [new]


@pytest.mark.asyncio
async def test_a_record_kept_twice_keeps_its_place_until_it_gains_its_body(
    tmp_path: Path,
) -> None:
    (record,) = chain(1, "a chair")
    bare = Record(record.header, record.envelope, None, record.id)
    async with opened(tmp_path) as store:
        await store.commit([Keep(bare, 1, OTHER)], THEN)
        await store.commit([Keep(bare, 2, OTHER)], THEN)
        assert await store.serve(1, 10, ME) == ([], 1)
        await store.commit([Keep(record, 3, OTHER)], THEN)
        await store.commit([Keep(bare, 4, None), Keep(record, 5, None)], THEN)
        assert await store.record(record.id) == record
        served = [(record.envelope, record.body)]
        assert await store.serve(1, 10, ME) == (served, 3), "who had it bare"


@pytest.mark.asyncio
async def test_r7_what_is_void_is_kept_and_neither_shown_nor_served(
    tmp_path: Path,
) -> None:
    first, second, third = log = chain(3)
    where = first.header.incarnation
    said = notice(1)
    async with opened(tmp_path) as store:
        await store.commit([*keeps(log), Keep(said, 4, None)], THEN)
        await store.commit([Void(ME, where, 1, onward=False)], THEN)

        assert await store.records() == [said, first]
        assert await store.record(third.id) is None
        assert store.notices() == [said]
        served, cursor = await store.serve(0, 10, OTHER)
        assert [raw for raw, _ in served] == [first.envelope, said.envelope]
        assert cursor == 4
        assert await store.beside([third]) == Compared(((third, third),)), "they stay"

        await store.commit([Void(ME, where, 1, onward=True)], THEN)
        assert await store.records() == [first], "a cut ends the notices too"
        assert await store.beside([second]) == Compared(((second, second),))


@pytest.mark.asyncio
async def test_a_record_kept_in_the_turn_that_voids_it_is_void(tmp_path: Path) -> None:
    first, second = log = chain(2)
    where = first.header.incarnation
    async with opened(tmp_path) as store:
        await store.commit([Void(ME, where, 1, onward=True), *keeps(log)], THEN)

        assert await store.records() == [first]
        assert await store.beside([second]) == Compared(((second, second),))


@pytest.mark.asyncio
async def test_later_incarnations_end_with_a_cut_and_not_with_a_fork(
    tmp_path: Path,
) -> None:
    (record,) = chain(1)
    before = Incarnation(1, 7)
    async with opened(tmp_path) as store:
        await store.commit(keeps([record]), THEN)
        await store.commit([Void(ME, before, 0, onward=False)], THEN)
        assert await store.records() == [record]
        await store.commit([Void(ME, before, 9, onward=True)], THEN)
        assert await store.records() == []


@pytest.mark.asyncio
async def test_documents_that_prove_themselves_are_never_void(tmp_path: Path) -> None:
    (record,) = chain(1, kind="charter/1")
    async with opened(tmp_path) as store:
        await store.commit(keeps([record]), THEN)
        await store.commit([Void(ME, record.header.incarnation, 0, onward=True)], THEN)
        assert await store.records() == [record]


@pytest.mark.asyncio
async def test_a_notice_that_is_forgotten_is_gone_and_may_come_again(
    tmp_path: Path,
) -> None:
    old, new = notice(1), notice(2)
    gone = Forget(ME, "notice.machine/1", "press")
    async with opened(tmp_path) as store:
        await store.commit([Keep(old, 1, None), gone], THEN)
        assert await store.records() == []
        await store.commit([gone, Keep(new, 2, None)], THEN)
        assert await store.records() == [new]


@pytest.mark.asyncio
async def test_what_stands_at_a_place_or_just_before_it_is_found(
    tmp_path: Path,
) -> None:
    log = chain(3)
    async with opened(tmp_path) as store:
        await store.commit(keeps(log[:2]), THEN)

        assert await store.beside(log) == Compared((
            (log[0], log[0]), (log[1], log[1]), (log[2], log[1]),
        ))  # fmt: skip
        (fifth,) = chain(5)[4:]
        assert await store.beside([fifth]) == Compared(((fifth, None),))


@pytest.mark.asyncio
async def test_two_records_at_one_arrival_stop_the_store(tmp_path: Path) -> None:
    first, second = chain(2)
    async with opened(tmp_path) as store:
        await store.commit([Keep(first, 1, None)], THEN)
        with pytest.raises(StorageError, match="UNIQUE"):
            await store.commit([Keep(second, 1, None)], THEN)
        assert store.failed is not None
        assert await store.records() == [first]


@pytest.mark.asyncio
async def test_two_records_at_one_arrival_of_one_turn_stop_it_too(
    tmp_path: Path,
) -> None:
    first, second = chain(2)
    async with opened(tmp_path) as store:
        with pytest.raises(StorageError, match="UNIQUE"):
            await store.commit([Keep(first, 1, None), Keep(second, 1, None)], THEN)
        assert await store.records() == []


@pytest.mark.asyncio
async def test_the_story_forgets_its_oldest_lines(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as store:
        lines = [Note("press", f"step-{n}", ()) for n in range(5)]
        await store.commit(lines, THEN)
        found = await store.story("press", 2)
        assert [line.code for line in found] == ["step-3", "step-4"]
    with sqlite3.connect(tmp_path / "fabnet.sqlite") as raw:
        # As if the bound had been reached: ids only grow.
        raw.execute("UPDATE sqlite_sequence SET seq = 1000002 WHERE name = 'story'")
    raw.close()
    async with opened(tmp_path) as store:
        await store.commit([Note("press", "last", ())], THEN)
        codes = [line.code for line in await store.story("press")]
        assert codes == ["step-3", "step-4", "last"]


# ---------------------------------------------------------------- what is asked


@pytest.mark.asyncio
async def test_a_batch_ends_where_the_next_one_begins(tmp_path: Path) -> None:
    records = chain(7)
    async with opened(tmp_path) as store:
        await store.commit(keeps(records), THEN)
        served: list[bytes] = []
        after = 0
        while True:
            batch, after = await store.serve(after, 3, OTHER)
            if not batch:
                break
            served += [envelope for envelope, _ in batch]
        assert served == [record.envelope for record in records]
        assert after == 7


@pytest.mark.asyncio
async def test_a_peer_is_not_served_what_it_brought(tmp_path: Path) -> None:
    ours, theirs = chain(2), chain(3, "theirs", kind="revision/1")
    async with opened(tmp_path) as store:
        await store.commit(
            [Keep(ours[0], 1, None), Keep(ours[1], 2, ME)]
            + [Keep(each, at, OTHER) for at, each in enumerate(theirs, start=3)],
            THEN,
        )
        batch, cursor = await store.serve(0, 512, OTHER)
        assert [raw for raw, _ in batch] == [each.envelope for each in ours]
        assert cursor == 5
        assert await store.serve(5, 512, OTHER) == ([], 5)
        assert len((await store.serve(0, 512, ME))[0]) == 4


@pytest.mark.asyncio
async def test_a_batch_is_bounded_in_records_and_in_bytes(tmp_path: Path) -> None:
    large = chain(60, "x" * 40_000)
    async with opened(tmp_path) as store:
        await store.commit(keeps(large), THEN)
        batch, cursor = await store.serve(0, 10_000, OTHER)
        size = sum(len(raw) + len(body or b"") for raw, body in batch)
        assert size <= reading.SERVED_BYTES_MAX < size + 41_000
        assert cursor == len(batch)
    assert reading.SERVED_MAX == 512


@pytest.mark.asyncio
async def test_records_are_found_by_author_key_and_page(tmp_path: Path) -> None:
    records = [*chain(4), notice(1)]
    async with opened(tmp_path) as store:
        await store.commit(keeps(records), THEN)
        page = await store.records(author=ME, limit=2)
        assert page == [records[4], records[3]]
        after = await store.records(author=ME, limit=2, before=page[-1].id)
        assert after == [records[2], records[1]]
        assert await store.records(author=OTHER) == []
        assert await store.records(key="press") == [records[4]]


@pytest.mark.asyncio
async def test_a_short_id_finds_every_record_it_may_mean(tmp_path: Path) -> None:
    records = chain(40)
    async with opened(tmp_path) as store:
        await store.commit(keeps(records), THEN)
        assert await store.find_prefix(records[7].id[:20]) == [records[7].id]
        assert len(await store.find_prefix("bafkrei")) == reading.FOUND_MAX
        assert await store.find_prefix("bafkreb%") == []


@pytest.mark.asyncio
async def test_queries_use_their_indexes(tmp_path: Path) -> None:
    async with opened(tmp_path):
        pass
    raw = sqlite3.connect(tmp_path / "fabnet.sqlite")
    plans = {
        "DELETE FROM record WHERE peer=? AND author=? AND kind=? AND key=?": "_key",
        "SELECT body FROM record WHERE peer=? AND kind=? ORDER BY arrival": "_kind",
        "SELECT body FROM record WHERE peer=? AND id=?": "_id",
        "SELECT body FROM record WHERE peer=? AND arrival>? ORDER BY arrival": "record",
    }
    for query, index in plans.items():
        plan = raw.execute(f"EXPLAIN QUERY PLAN {query}", [""] * query.count("?"))
        (step,) = plan.fetchall()
        assert f"{index} (" in step[3] or "autoindex_record" in step[3]
        assert "SEARCH" in step[3]
    raw.close()


@pytest.mark.asyncio
async def test_the_shell_keeps_tokens_and_an_index_of_blobs(tmp_path: Path) -> None:
    token = Token("phone", "operator", b"h" * 32, THEN)
    entry = BlobEntry(of_raw(b"stl"), 3, "model/stl", pinned=True)
    async with opened(tmp_path) as store:
        await store.put_token(Token("phone", "member", b"old", 1))
        await store.put_token(token)
        await store.put_blob(entry)
    async with opened(tmp_path) as store:
        assert await store.tokens() == [token]
        assert await store.blob(entry.cid) == entry
        assert await store.blobs() == [entry]
        assert await store.blobs(after=entry.cid) == []
        assert await store.blob_bytes() == 3
        await store.drop_token("phone")
        await store.drop_blob(entry.cid)
        assert await store.tokens() == []
        assert await store.blob(entry.cid) is None
        assert await store.blob_bytes() == 0


# ---------------------------------------------------------------- opening


@pytest.mark.asyncio
async def test_the_pragmas_are_what_was_asked_for(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        cursor = store._write_engine.raw_connection().cursor()
        for pragma, wanted in {
            "journal_mode": "wal",
            "synchronous": 2,
            "foreign_keys": 1,
            "wal_autocheckpoint": 0,
        }.items():
            assert cursor.execute(f"PRAGMA {pragma}").fetchone() == (wanted,)


@pytest.mark.asyncio
async def test_a_disk_that_refuses_wal_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sqlite3.connect(tmp_path / "fabnet.sqlite") as holder:
        holder.execute("CREATE TABLE held (x)")
        holder.execute("BEGIN EXCLUSIVE")
        monkeypatch.setattr("fabnet.node.store.engine.BUSY_S_MAX", 0)
        with pytest.raises(StorageError, match=r"locked|refused"):
            Store.open(tmp_path / "fabnet.sqlite", ME, ballast_bytes=0)
    holder.close()


@pytest.mark.asyncio
async def test_the_migrations_make_the_tables_that_queries_see(
    tmp_path: Path,
) -> None:
    engine = open_writer(tmp_path / "fabnet.sqlite")
    migrate(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []
        assert context.get_current_revision() == tables.SCHEMA
    engine.dispose()
    scripts = ScriptDirectory(str(ROOT / "fabnet/node/store/migrations"))
    assert scripts.get_current_head() == tables.SCHEMA


@pytest.mark.asyncio
async def test_a_database_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    async with opened(tmp_path):
        pass
    with sqlite3.connect(tmp_path / "fabnet.sqlite") as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.close()
    with pytest.raises(StorageError, match="newer"):
        Store.open(tmp_path / "fabnet.sqlite", ME, ballast_bytes=0)
    # The directory was let go again.
    with pytest.raises(StorageError, match="newer"):
        Store.open(tmp_path / "fabnet.sqlite", ME, ballast_bytes=0)


@pytest.mark.asyncio
async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "fabnet.sqlite").write_bytes(b"not a database at all" * 100)
    with pytest.raises(StorageError, match="not a database"):
        Store.open(tmp_path / "fabnet.sqlite", ME, ballast_bytes=0)


@pytest.mark.asyncio
async def test_nobody_else_may_read_the_database(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await store.commit([Put("personal", "1", b"secret")], THEN)
        for name in ("fabnet.sqlite", "fabnet.sqlite-wal", "lock"):
            assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


@pytest.mark.asyncio
async def test_a_second_process_is_told_who_has_the_directory(tmp_path: Path) -> None:
    async with opened(tmp_path):
        with pytest.raises(StorageError, match=f"process {os.getpid()}"):
            Store.open(tmp_path / "other.sqlite", ME, ballast_bytes=0)
    async with opened(tmp_path):
        pass


@pytest.mark.asyncio
async def test_importing_the_store_loads_neither_orm_nor_alembic() -> None:
    script = (
        "import sys, fabnet.node.store.store\n"
        "print([m for m in ('sqlalchemy.orm', 'alembic') if m in sys.modules])"
    )
    assert run(script).stdout == "[]\n"


@pytest.mark.asyncio
async def test_a_start_that_finds_its_schema_does_not_load_alembic(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path):
        pass
    script = f"{OPEN}\nprint('alembic' in sys.modules)\nos._exit(0)"
    assert run(script.replace("PATH", str(tmp_path))).stdout == "False\n"
