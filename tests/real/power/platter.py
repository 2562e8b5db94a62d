"""A disk in memory that knows what of it was synced, and forgets the rest at a cut.

Two modes. `ext4`: names become durable in the order they were made, and any fsync
takes all earlier ones with it. `strict`: what POSIX promises and no more, so a name is
durable when its own directory was synced, and of the others any subset may survive. In
both, data that was not synced survives sector by sector, or not.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

Mode = Literal["ext4", "strict"]

SECTOR_BYTES: Final = 512
"""What a disk writes whole or not at all."""
ROOT: Final = 1


@dataclass(eq=False, repr=False)
class Inode:
    """A file or a directory: what processes see of it, and what is on the disk."""

    id: int
    rights: int
    is_directory: bool = False
    data: bytearray = field(default_factory=bytearray)
    disk_data: bytearray = field(default_factory=bytearray)
    unsynced: list[tuple[int, bytes] | int] = field(default_factory=list)
    """Writes at an offset, and lengths that the file was cut or grown to."""
    names: dict[str, Inode] = field(default_factory=dict)
    disk_names: dict[str, Inode] = field(default_factory=dict)


@dataclass(frozen=True)
class Naming:
    """One name given (or taken: nil) in a directory."""

    directory: Inode
    name: str
    inode: Inode | None

    def apply(self) -> None:
        if self.inode is None:
            self.directory.disk_names.pop(self.name, None)
        else:
            self.directory.disk_names[self.name] = self.inode


class Platter:
    """The disk. Nothing here knows of FUSE."""

    def __init__(self, mode: Mode) -> None:
        self.mode = mode
        self.root = Inode(ROOT, 0o755, is_directory=True)
        self.inodes = {ROOT: self.root}
        self._last = ROOT
        self._unsynced: list[tuple[Naming, ...]] = []
        """Namings in the order they were made; those of a tuple, all or none."""

    def load(self, folder: Path, at: Inode | None = None) -> None:
        """Put a real folder's files on the disk, synced."""
        at = self.root if at is None else at
        for path in sorted(folder.iterdir()):
            rights = path.stat().st_mode & 0o777
            made = self.create(at, path.name, rights, is_directory=path.is_dir())
            if path.is_dir():
                self.load(path, made)
            else:
                self.write(made, 0, path.read_bytes())
                self.sync(made)
        self.sync(at)

    # ------------------------------------------------------------ what is done to it

    def create(
        self, directory: Inode, name: str, rights: int, *, is_directory: bool = False
    ) -> Inode:
        self._last += 1
        inode = Inode(self._last, rights, is_directory)
        self.inodes[inode.id] = inode
        self._name([Naming(directory, name, inode)])
        return inode

    def remove(self, directory: Inode, name: str) -> None:
        self._name([Naming(directory, name, None)])

    def rename(self, source: Inode, old: str, target: Inode, new: str) -> None:
        self._name([Naming(target, new, source.names[old]), Naming(source, old, None)])

    def write(self, inode: Inode, offset: int, data: bytes) -> None:
        _write(inode.data, offset, data)
        inode.unsynced.append((offset, data))

    def resize(self, inode: Inode, size: int) -> None:
        _resize(inode.data, size)
        inode.unsynced.append(size)

    def sync(self, inode: Inode) -> None:
        """What fsync does, of a file or of a directory."""
        for change in inode.unsynced:
            if isinstance(change, int):
                _resize(inode.disk_data, change)
            else:
                _write(inode.disk_data, *change)
        inode.unsynced.clear()
        left = []
        for namings in self._unsynced:
            if self.mode == "ext4" or any(each.directory is inode for each in namings):
                for naming in namings:
                    naming.apply()
            else:
                left.append(namings)
        self._unsynced = left

    def lose(self, inode: Inode) -> None:
        """What an fsync that failed leaves: nothing written, and nothing to write.

        As Linux does, which takes the pages for clean: the next fsync succeeds.
        """
        inode.unsynced.clear()
        if inode.is_directory:
            self._unsynced = [
                namings
                for namings in self._unsynced
                if not any(each.directory is inode for each in namings)
            ]

    def _name(self, namings: list[Naming]) -> None:
        for naming in namings:
            if naming.inode is None:
                naming.directory.names.pop(naming.name)
            else:
                naming.directory.names[naming.name] = naming.inode
        together = self.mode == "ext4" or len({id(n.directory) for n in namings}) == 1
        self._unsynced += [tuple(namings)] if together else [(n,) for n in namings]

    # ------------------------------------------------------------ what befalls it

    def cut(self, dice: random.Random) -> None:
        """Take the power away: what was not synced survives by the dice."""
        if self.mode == "ext4":
            kept = self._unsynced[: dice.randint(0, len(self._unsynced))]
        else:
            kept = [namings for namings in self._unsynced if dice.random() < 0.5]
        for namings in kept:
            for naming in namings:
                naming.apply()
        self._unsynced.clear()
        self.inodes.clear()
        self._come_back(self.root, dice)

    def _come_back(self, inode: Inode, dice: random.Random) -> None:
        self.inodes[inode.id] = inode
        for change in inode.unsynced:
            if not isinstance(change, int):
                _write_torn(inode.disk_data, *change, dice)
            elif dice.random() < 0.5:
                _resize(inode.disk_data, change)
        inode.unsynced.clear()
        inode.data = bytearray(inode.disk_data)
        inode.names = dict(inode.disk_names)
        for child in inode.names.values():
            self._come_back(child, dice)

    def copy_to(self, folder: Path) -> None:
        """Write what processes see now into a real folder."""
        _copy(self.root, folder)


def _copy(inode: Inode, path: Path) -> None:
    if not inode.is_directory:
        path.write_bytes(inode.data)
        path.chmod(inode.rights)
        return
    path.mkdir(mode=0o700, exist_ok=True)
    for name, child in inode.names.items():
        _copy(child, path / name)


def _resize(data: bytearray, size: int) -> None:
    if size < len(data):
        del data[size:]
    else:
        data.extend(bytes(size - len(data)))


def _write(data: bytearray, offset: int, piece: bytes) -> None:
    if offset > len(data):
        _resize(data, offset)
    data[offset : offset + len(piece)] = piece


def _write_torn(
    data: bytearray, offset: int, piece: bytes, dice: random.Random
) -> None:
    at = 0
    while at < len(piece):
        sector_end = ((offset + at) // SECTOR_BYTES + 1) * SECTOR_BYTES - offset
        if dice.random() < 0.5:
            _write(data, offset + at, piece[at:sector_end])
        at = sector_end
