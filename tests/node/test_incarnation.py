from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.errors import StorageError
from fabnet.node.clock import StillClock
from fabnet.node.store import incarnation as module
from fabnet.node.store.incarnation import (
    Start,
    begin,
    read_file,
    renew,
    settle,
    write_file,
)
from fabnet.node.store.reading import IncarnationRow
from fabnet.records.ids import Incarnation
from tests.node.storing import opened

CLOCK = StillClock()
DICE = b"\xff" * 8


async def started(path: Path) -> Start:
    async with opened(path) as store:
        return await begin(store, path / module.FILE_NAME, CLOCK)


def row(
    counter: int, random: int, *, filed: bool = True, restored: bool = False
) -> IncarnationRow:
    return IncarnationRow(Incarnation(counter, random), filed=filed, restored=restored)


@pytest.mark.asyncio
async def test_a_first_start_is_fresh_and_the_next_one_is_the_same(
    tmp_path: Path,
) -> None:
    first = await started(tmp_path)
    assert (first.incarnation.counter, first.fresh, first.restored) == (1, True, False)
    assert await started(tmp_path) == Start(first.incarnation, False, False)
    file = tmp_path / module.FILE_NAME
    assert file.stat().st_mode & 0o777 == 0o600
    assert read_file(file) == first.incarnation


@pytest.mark.asyncio
async def test_a_database_without_its_file_was_restored(tmp_path: Path) -> None:
    first = await started(tmp_path)
    (tmp_path / module.FILE_NAME).unlink()
    second = await started(tmp_path)
    assert (second.incarnation.counter, second.restored) == (2, True)
    assert second.incarnation.random != first.incarnation.random


@pytest.mark.asyncio
async def test_a_database_older_than_its_file_was_restored(tmp_path: Path) -> None:
    await started(tmp_path)
    shutil.copy(tmp_path / "fabnet.sqlite", tmp_path / "backup")
    (tmp_path / module.FILE_NAME).unlink()
    assert (await started(tmp_path)).incarnation.counter == 2
    shutil.copy(tmp_path / "backup", tmp_path / "fabnet.sqlite")
    third = await started(tmp_path)
    assert (third.incarnation.counter, third.restored) == (3, True)


@pytest.mark.asyncio
async def test_a_lost_database_beside_its_file_is_no_first_start(
    tmp_path: Path,
) -> None:
    await started(tmp_path)
    (tmp_path / "fabnet.sqlite").unlink()
    start = await started(tmp_path)
    assert start.incarnation.counter == 2
    assert (start.fresh, start.restored) == (False, True)


@pytest.mark.asyncio
async def test_a_restore_is_told_at_every_start(tmp_path: Path) -> None:
    await started(tmp_path)
    (tmp_path / module.FILE_NAME).unlink()
    second = await started(tmp_path)
    again = await started(tmp_path)
    assert again == second
    assert again.restored


@pytest.mark.asyncio
async def test_a_peer_that_knows_more_sets_the_next_counter(tmp_path: Path) -> None:
    await started(tmp_path)
    async with opened(tmp_path) as store:
        start = await renew(store, tmp_path / module.FILE_NAME, CLOCK, above=6)
        assert (start.incarnation.counter, start.restored) == (7, True)
        start = await renew(store, tmp_path / module.FILE_NAME, CLOCK, above=0)
        assert start.incarnation.counter == 8
    assert await started(tmp_path) == start


@pytest.mark.asyncio
async def test_a_first_start_cut_short_is_no_restore(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: Path, incarnation: Incarnation) -> None:
        raise StorageError(f"{file}: no room for {incarnation}")

    with monkeypatch.context() as patch:
        patch.setattr(module, "write_file", full)
        with pytest.raises(StorageError):
            await started(tmp_path)
    start = await started(tmp_path)
    assert (start.incarnation.counter, start.restored) == (2, False)
    assert (await started(tmp_path)).incarnation == start.incarnation


CASES = {
    "equal": (row(3, 5), Incarnation(3, 5), Start(Incarnation(3, 5), False, False)),
    "twin": (row(3, 5), Incarnation(3, 6), (4, True)),
    "the file is behind": (row(3, 5), Incarnation(2, 5), (4, True)),
    "the file is ahead": (row(3, 5), Incarnation(9, 5), (10, True)),
    "first start, no file yet": (row(1, 5, filed=False), None, (2, False)),
    "first start, file but no mark": (
        row(1, 5, filed=False),
        Incarnation(1, 5),
        (2, False),
    ),
    "a copy of a start cut short": (
        row(1, 5, filed=False),
        Incarnation(4, 5),
        (5, True),
    ),
    "restore cut short": (row(4, 5, filed=False, restored=True), None, (5, True)),
}


@pytest.mark.parametrize("name", CASES)
def test_what_database_and_file_say_settles_the_incarnation(name: str) -> None:
    known, filed, wanted = CASES[name]
    start = settle(known, filed, dice=DICE)
    if isinstance(wanted, Start):
        assert start == wanted
    else:
        assert (start.incarnation.counter, start.restored) == wanted
        assert start.incarnation.random == 2**63 - 1
        assert not start.fresh


incarnations = st.builds(Incarnation, st.integers(1, 99), st.integers(0, 2**63 - 1))
rows = st.builds(
    IncarnationRow, incarnations, filed=st.booleans(), restored=st.booleans()
)


@given(st.none() | rows, st.none() | incarnations, st.binary(min_size=8, max_size=8))
def test_an_incarnation_is_never_gone_back_on(
    known: IncarnationRow | None, filed: Incarnation | None, dice: bytes
) -> None:
    start = settle(known, filed, dice=dice)
    for earlier in (filed, None if known is None else known.incarnation):
        if earlier is not None:
            assert start.incarnation >= earlier
    if known is not None and known.restored:
        assert start.restored
    settled = IncarnationRow(start.incarnation, filed=True, restored=start.restored)
    assert settle(settled, start.incarnation, dice=b"") == Start(
        start.incarnation, False, start.restored
    )


@pytest.mark.parametrize("text", [b"", b"1", b"1 2 3", b"one two", b"\xff 1", b"0 1"])
def test_a_file_that_says_something_else_is_as_good_as_none(
    tmp_path: Path, text: bytes
) -> None:
    file = tmp_path / module.FILE_NAME
    file.write_bytes(text)
    assert read_file(file) is None


def test_a_file_that_cannot_be_had_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        read_file(tmp_path)
    with pytest.raises(StorageError):
        write_file(tmp_path / "absent" / "incarnation", Incarnation(1, 1))


def test_writing_the_file_replaces_it_whole(tmp_path: Path) -> None:
    file = tmp_path / module.FILE_NAME
    file.with_suffix(".new").write_text("cut short")
    write_file(file, Incarnation(1, 1))
    write_file(file, Incarnation(2, 2))
    assert read_file(file) == Incarnation(2, 2)
    assert [path.name for path in tmp_path.iterdir()] == [module.FILE_NAME]
