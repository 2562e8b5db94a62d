"""Two nodes of two cooperatives, no network between them, and a stick."""

from __future__ import annotations

import asyncio
import io
import resource
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from fabnet.content import cid as cids
from fabnet.designs import revision as revisions
from fabnet.designs.revision import FileEntry
from fabnet.errors import InputError, MalformedError, StorageError
from fabnet.node.bundle import carrying
from fabnet.node.bundle.framing import (
    MAGIC,
    BundleFrame,
    End,
    FileFrame,
    Head,
    Piece,
    decode,
    framed,
    unframed,
)
from fabnet.node.bundle.local import LocalPorter
from fabnet.node.links.frames import BatchFrame
from tests.node.bundles.coops import Coop, coops
from tests.node.cooperative import Published, design

pytestmark = pytest.mark.asyncio


def thick() -> Published:
    """Return a design with a file of several pieces."""
    small = design("Thick hook")
    data = bytes(range(256)) * 1_024
    entry = FileEntry(
        path="large.bin", cid=cids.of_raw(data), bytes=len(data),
        media_type="application/octet-stream", role="source",
    )  # fmt: skip
    revision = revisions.parse(small.manifest)
    manifest = revisions.encode(
        msgspec.structs.replace(revision, files=(*revision.files, entry))
    )
    files = {**small.files, "large.bin": data}
    return replace(small, files=files, manifest=manifest)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> tuple[Coop, Coop, Path]:
    """Jackson, which published two designs and filled a stick, and Detroit."""
    path = tmp_path_factory.mktemp("begun")

    async def begin() -> tuple[Coop, Coop]:
        jackson, detroit = await coops(path)
        async with jackson.opened() as node:
            await jackson.introduces(node)
            await jackson.publishes(node, design())
            await jackson.publishes(node, thick())
            written = await carrying.write(node, path / "stick.bundle")
        assert (written.records, written.files) == (8, 7)
        async with detroit.opened() as node:
            await detroit.introduces(node)
        return jackson, detroit

    return (*asyncio.run(begin()), path / "stick.bundle")


@pytest.fixture
def stick(begun: tuple[Coop, Coop, Path], tmp_path: Path) -> tuple[Coop, Path]:
    """Detroit, which has read nothing yet, and a stick of Jackson's."""
    _, detroit, path = begun
    return detroit.copied(tmp_path), Path(shutil.copy(path, tmp_path))


async def shows(node: LocalPorter, published: Published) -> bool:
    """Whether a node knows a design, and has all its files."""
    catalogue = await node.bringer.shelf.catalogue(node.taker.store, node.taker.blobs)
    here = [await node.has(cids.of_raw(it)) for it in published.files.values()]
    return catalogue.get(published.cid) is not None and all(here)


def frames_of(path: Path) -> list[BundleFrame]:
    raw = io.BytesIO(path.read_bytes()[len(MAGIC) :])
    return [decode(each) for each in unframed(raw)]


def refill(path: Path, frames: list[BundleFrame]) -> Path:
    """Write other frames, in order, to another stick."""
    other = path.with_suffix(".other")
    other.write_bytes(MAGIC + b"".join(framed(each) for each in frames))
    return other


async def test_a_design_is_found_and_whole_after_the_stick(
    stick: tuple[Coop, Path],
) -> None:
    detroit, path = stick
    async with detroit.opened() as node:
        assert not await shows(node, design())

        taken = await carrying.read(node, path)

        assert await shows(node, design())
        assert await shows(node, thick())
        assert (taken.records, taken.kept, taken.files) == (8, 8, 5)
        assert taken.whole
        assert not taken.refused

    async with detroit.opened() as node:
        assert await shows(node, design()), "it was durable"
        again = await carrying.read(node, path)
        assert (again.kept, again.files) == (8, 0)


async def test_a_stick_may_be_torn_anywhere_and_read_again(
    stick: tuple[Coop, Path],
) -> None:
    detroit, path = stick
    whole = path.read_bytes()
    kept = [0]
    async with detroit.opened() as node:
        for percent in range(8, 100, 7):
            torn = path.with_suffix(f".{percent}")
            torn.write_bytes(whole[: len(whole) * percent // 100])
            taken = await carrying.read(node, torn)
            assert not taken.whole
            assert taken.kept >= kept[-1], "a longer prefix gives no less"
            kept.append(taken.kept)

        assert kept[-1] == 8
        assert (await carrying.read(node, path)).whole
        assert await shows(node, design())


async def test_noise_in_the_middle_ends_a_stick_and_what_came_before_stays(
    stick: tuple[Coop, Path],
) -> None:
    detroit, path = stick
    raw = bytearray(path.read_bytes())
    raw[-200] ^= 1
    path.write_bytes(raw)
    async with detroit.opened() as node:
        taken = await carrying.read(node, path)

        assert not taken.whole
        assert taken.kept == 8
        assert "changed on the way" in taken.refused[-1]


async def test_a_file_of_other_bytes_is_refused_and_leaves_nothing(
    stick: tuple[Coop, Path],
) -> None:
    """The checksum fits: whoever filled the stick lies, and the name does not."""
    detroit, path = stick
    frames = [
        Piece("piece", each.data[:-1] + b"!") if isinstance(each, Piece) else each
        for each in frames_of(path)
    ]
    async with detroit.opened() as node:
        taken = await carrying.read(node, refill(path, frames))

        # Without its manifest nothing says what the other two should be.
        assert taken.files == 0
        why = [
            each.rpartition(": ")[2].partition(" is not")[0] for each in taken.refused
        ]
        assert why == [
            "the content", "bundle-file-unasked", "bundle-file-unasked",
            "the content", *["bundle-file-unasked"] * 3,
        ]  # fmt: skip
        assert taken.whole, "the rest of the stick is read"
        assert await node.taker.store.blob_bytes() == 0
        assert not await node.has(design().cid)


async def test_a_file_that_no_kept_revision_names_is_not_taken(
    stick: tuple[Coop, Path],
) -> None:
    detroit, path = stick
    data = b"a film that somebody wants kept"
    unasked = FileFrame("file", design().cid, cids.of_raw(data), len(data))
    alien = FileFrame("file", cids.of_raw(b"x"), cids.of_raw(data), len(data))
    piece = Piece("piece", data)
    *frames, end = frames_of(path)
    extra: list[BundleFrame] = [unasked, piece, alien, piece, end]
    async with detroit.opened() as node:
        taken = await carrying.read(node, refill(path, [*frames, *extra]))

        assert taken.files == 5
        assert taken.not_taken == 2
        assert not await node.has(cids.of_raw(data))


async def test_records_that_are_not_authentic_are_refused_together(
    stick: tuple[Coop, Path],
) -> None:
    detroit, path = stick
    frames: list[BundleFrame] = []
    for each in frames_of(path):
        if isinstance(each, BatchFrame):
            first, *rest = each.records
            forged = type(first)(first.envelope[:-1] + b"\0", first.body)
            parcels = (forged, *rest)
            frames.append(msgspec.structs.replace(each, records=parcels))
        else:
            frames.append(each)
    async with detroit.opened() as node:
        before = node.taker.store.commits
        taken = await carrying.read(node, refill(path, frames))

        assert (taken.kept, taken.files) == (0, 0)
        assert "did not sign this" in taken.refused[0]
        assert node.taker.store.commits == before, "nothing was stored"


async def test_who_nobody_vouches_for_costs_no_disk(stick: tuple[Coop, Path]) -> None:
    """Its log begins with other things than its membership: it waits, in memory."""
    detroit, path = stick
    frames: list[BundleFrame] = []
    for each in frames_of(path):
        if isinstance(each, BatchFrame):
            parcels = each.records[:1]
            frames.append(msgspec.structs.replace(each, records=parcels))
        else:
            frames.append(each)
    async with detroit.opened() as node:
        commits = node.taker.store.commits

        taken = await carrying.read(node, refill(path, frames))

        assert (taken.records, taken.files) == (1, 0)
        assert node.taker.store.commits == commits
        assert not await shows(node, design())


async def test_a_stick_of_another_network_or_no_stick_at_all_is_told(
    stick: tuple[Coop, Path],
) -> None:
    detroit, path = stick
    head, *rest = frames_of(path)
    assert isinstance(head, Head)
    elsewhere = Head("bundle", "elsewhere", head.peer, head.incarnation, 0)
    async with detroit.opened() as node:
        with pytest.raises(MalformedError, match="of network 'elsewhere'"):
            await carrying.read(node, refill(path, [elsewhere, *rest]))
        with pytest.raises(MalformedError, match="begin with its head"):
            await carrying.read(node, refill(path, rest))
        with pytest.raises(MalformedError, match="second head"):
            await carrying.read(node, refill(path, [head, head]))
        path.write_bytes(b"PK\3\4 a zip archive of holiday pictures")
        with pytest.raises(MalformedError, match="not one, or of a newer version"):
            await carrying.read(node, path)
        with pytest.raises(StorageError, match="cannot be read"):
            await carrying.read(node, path.with_suffix(".gone"))


async def test_a_frame_that_claims_gigabytes_is_noise(stick: tuple[Coop, Path]) -> None:
    detroit, path = stick
    head = framed(frames_of(path)[0])
    claims = (2**31).to_bytes(4) + zlib.crc32(b"").to_bytes(4)
    path.write_bytes(MAGIC + head + claims + b"x" * 64)
    async with detroit.opened() as node:
        taken = await carrying.read(node, path)

        assert taken.refused == ["bundle: it turns to noise here"]


@contextmanager
def room_for(most: int) -> Iterator[None]:
    """Let no file of this process grow past a size, as on a stick that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_full_stick_tells_where_the_next_one_goes_on(
    begun: tuple[Coop, Coop, Path], tmp_path: Path
) -> None:
    jackson, detroit = (each.copied(tmp_path) for each in begun[:2])
    first, second = tmp_path / "first", tmp_path / "second"
    async with jackson.opened() as node:
        for number in range(40):
            await jackson.publishes(node, design(f"Hook {number}"))
        whole = await carrying.write(node, tmp_path / "large enough")
        with (
            room_for(whole.bytes * 9 // 10),
            pytest.raises(StorageError, match=r"go on with --since \d+") as full,
        ):
            await carrying.write(node, first)
        since = int(str(full.value).split("--since ")[1].split()[0])
        assert 0 < since < whole.cursor
        rest = await carrying.write(node, second, since=since)
        assert 0 < rest.records < whole.records
        with pytest.raises(InputError, match="is there already"):
            await carrying.write(node, second)

    async with detroit.opened() as node:
        assert not (await carrying.read(node, first)).whole
        assert (await carrying.read(node, second)).whole
        assert await shows(node, design("Hook 0"))
        assert await shows(node, design("Hook 39"))


async def test_only_what_came_since_is_written(stick: tuple[Coop, Path]) -> None:
    detroit, path = stick
    async with detroit.opened() as node:
        await carrying.read(node, path)
        all_of_it = await carrying.write(node, path.with_suffix(".back"))
        later = path.with_suffix(".later")
        nothing = await carrying.write(node, later, since=all_of_it.cursor)

    assert all_of_it.records == 12
    assert (nothing.records, nothing.files) == (0, 0)
    assert [type(each) for each in frames_of(later)] == [Head, End]


async def test_a_node_that_runs_is_not_opened_beside(stick: tuple[Coop, Path]) -> None:
    detroit, _ = stick
    async with detroit.opened():
        with pytest.raises(StorageError):
            async with detroit.opened():
                raise AssertionError("two minds of one node")
