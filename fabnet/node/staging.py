"""Archives come in here: unpacked beside their place, then put there whole, or not.

Nodes never exchange archives; people download them from where designs are kept, as zip
or, from an IPFS gateway, as CAR. The rules are those of `content/archive.py` and
`content/car.py`; the disk is touched only here.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final

import msgspec

from fabnet.content.archive import UNPACKED_BYTES_MAX, Archive
from fabnet.content.car import read_car
from fabnet.content.dag import files_under
from fabnet.content.paths import check_paths
from fabnet.errors import InputError, LimitError, MalformedError, StorageError

ARCHIVE_BYTES_MAX: Final = 512 * 1024 * 1024
"""Of the archive itself; meshes pack to a fifth of what may be unpacked."""
MANIFESTS_MAX: Final = 20
"""Manifests named in a report; who has more must look for themselves."""


class Unpacked(msgspec.Struct, frozen=True):
    """What came out of an archive."""

    folder: str
    files: int
    bytes: int
    manifests: list[str]
    """Paths in the folder that are named like OKH manifests."""
    renamed: list[str]
    """Files whose names were not Unicode in form NFC, as they stood in the archive."""


def unpack(path: Path, into: Path) -> Unpacked:
    """Unpack a zip or CAR archive to the new folder `into`, whole or not at all.

    Raises InputError for a file or folder that will not do, RemoteError for an archive
    that is not in order, StorageError for a disk; each leaves nothing behind.
    """
    if into.exists() or into.is_symlink():
        raise InputError(str(into), "expected a folder that is not there yet")
    if not into.parent.is_dir():
        raise InputError(str(into), "expected a place in a folder that is there")
    with _beside(into) as staging:
        report = _unpack_to(path, staging)
        try:
            staging.rename(into)
        except OSError as error:
            raise StorageError(f"{into}: {error.strerror}") from error
    return msgspec.structs.replace(report, folder=str(into))


@contextmanager
def unpacked(path: Path) -> Iterator[tuple[Path, Unpacked]]:
    """Unpack a zip archive to a folder that is gone when the context ends."""
    with tempfile.TemporaryDirectory(prefix="fabnet-") as name:
        staging = Path(name) / "files"
        yield staging, _unpack_to(path, staging)


@contextmanager
def folder_of(path: Path) -> Iterator[Path]:
    """Give `path` itself; of a zip archive, the unpacked folder of its one manifest."""
    if path.suffix.lower() != ".zip":
        yield path
        return
    with unpacked(path) as (folder, report):
        if len(report.manifests) != 1:
            found = ", ".join(report.manifests) or "none"
            raise InputError(
                str(path), f"expected one OKH manifest in it, found {found}"
            )
        yield (folder / report.manifests[0]).parent


@contextmanager
def _beside(into: Path) -> Iterator[Path]:
    """Give a place on the same disk as `into`, gone when the context ends."""
    try:
        staging = tempfile.TemporaryDirectory(prefix=".unpacking-", dir=into.parent)
    except OSError as error:
        raise StorageError(f"{into.parent}: {error.strerror}") from error
    with staging as name:
        yield Path(name) / "files"


def _unpack_to(path: Path, staging: Path) -> Unpacked:
    """Write all files of the archive at `path` under the new folder `staging`."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise InputError(str(path), f"cannot be read: {error.strerror}") from error
    with file:
        if path.stat().st_size > ARCHIVE_BYTES_MAX:
            raise InputError(str(path), f"expected at most {ARCHIVE_BYTES_MAX} bytes")
        try:
            if path.suffix.lower() == ".car":
                return _write_car(file, staging)
            return _write(Archive(file), staging)
        except OSError as error:
            named = error.filename or path
            raise StorageError(f"{named}: {error.strerror or error}") from error


def _write(archive: Archive, staging: Path) -> Unpacked:
    staging.mkdir()
    for entry in archive.entries:
        target = staging / entry.path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as out:
            for piece in archive.pieces(entry.path):
                out.write(piece)
    paths = sorted(entry.path for entry in archive.entries)
    size = sum(entry.bytes for entry in archive.entries)
    was = [entry.was for entry in archive.entries if entry.was is not None]
    return _report(staging, paths, size, was)


def _write_car(file: BinaryIO, staging: Path) -> Unpacked:
    """Write the folder that a CAR holds; every block of it is checked twice.

    Once against its CID, and once against what the blocks above say of it.
    """
    car = read_car(file)
    if len(car.roots) != 1:
        raise MalformedError(f"car: expected one root, found {len(car.roots)}")
    staging.mkdir()
    size, paths = 0, list[str]()
    for found in files_under(car.roots[0], car.fetcher(file)):
        paths.append(found.path)
        check_paths(paths[-1:], at="car")
        target = staging / found.path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as out:
            for piece in found.pieces:
                size += len(piece)
                if size > UNPACKED_BYTES_MAX:
                    raise LimitError(f"car: more than {UNPACKED_BYTES_MAX} bytes")
                out.write(piece)
    check_paths(paths, at="car")
    return _report(staging, sorted(paths), size, [])


def _report(staging: Path, paths: list[str], size: int, was: list[str]) -> Unpacked:
    return Unpacked(
        folder=str(staging),
        files=len(paths),
        bytes=size,
        manifests=[path for path in paths if _is_manifest(path)][:MANIFESTS_MAX],
        renamed=was,
    )


def _is_manifest(path: str) -> bool:
    name = PurePosixPath(path.lower())
    return name.stem.startswith("okh") and name.suffix in (".toml", ".yml", ".yaml")
