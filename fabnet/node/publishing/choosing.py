"""Which files a design is: from a manifest, a folder, or a git working copy.

A manifest's own words decide; `all` adds every other file that is not ignored. Nothing
is opened but the manifest; what cannot be published is named before anything is read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fabnet.content.paths import check_paths
from fabnet.designs.okh.manifest import Imported, Manifest
from fabnet.designs.okh.values import Toml
from fabnet.designs.revision import DESIGN_BYTES_MAX, FILES_MAX
from fabnet.errors import InputError
from fabnet.node.publishing.files import size_of
from fabnet.node.publishing.git import WorkingCopy, is_working_copy, read_copy
from fabnet.node.publishing.manifest import MANIFESTS, read_manifest
from fabnet.records.refusal import Refusal

WALKED_MAX: Final = 100_000
"""Names looked at in a folder for `all`: past it, the wrong folder was meant."""
IGNORED: Final = frozenset({"__pycache__", "node_modules", "Thumbs.db", "desktop.ini"})
"""Names that `all` passes over in a plain folder, beside those that begin with a dot or
end in a tilde; in a git working copy, git says what is ignored."""
_NAMING: Final = (
    "auxiliary",
    "bom",
    "contribution-guide",
    "manufacturing-instructions",
    "readme",
    "user-manual",
)
"""Keys of a manifest that name files, beside those of its parts."""
_ALONG: Final = ("LICENSE", "LICENSE.txt", "LICENSE.md")
"""Files that go along wherever they are there."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The files of a design, each looked at and none read."""

    root: Path
    """The folder that paths count from."""
    imported: Imported
    sizes: dict[str, int]
    """Bytes of each file, by path, in the order they are published."""
    source_location: str | None
    """What git knows of it, where the manifest names no place; else nil."""
    remarks: tuple[Refusal, ...]
    """What is worth saying: reason codes with their arguments."""

    @property
    def manifest(self) -> Manifest:
        """The design's manifest."""
        return self.imported.manifest


def choose(path: Path, *, everything: bool = False, use_git: bool = True) -> Chosen:
    """Return the files of the design at `path`, or raise FabnetError naming a fault.

    `path` is a manifest, or a folder that holds one; git is asked only of a folder.
    """
    root = path if path.is_dir() else path.parent
    name, remarks = _manifest_in(path) if path.is_dir() else (path.name, [])
    imported = read_manifest(root / name)
    paths = _named(imported.manifest, root, name)
    _check(paths)
    copy = None
    if use_git and path.is_dir() and is_working_copy(root):
        copy = _copy(root, name, None if everything else paths)
        if copy is None:
            remarks.append(Refusal("git-not-tracking", (("path", name),)))
    if everything:
        others = _walked(root) if copy is None else iter(copy.tracked)
        paths = list(dict.fromkeys((*paths, *sorted(others))))
        _check(paths)
    if copy is not None:
        _check_tracked(paths, copy)
        remarks += _git_remarks(copy, paths)
    location = None
    if copy is not None and not imported.manifest.repo:
        location = copy.source_location
        remarks += _location_remarks(copy)
    return Chosen(root, imported, _sizes(root, paths), location, tuple(remarks))


def _manifest_in(folder: Path) -> tuple[str, list[Refusal]]:
    found = [name for name in MANIFESTS if (folder / name).is_file()]
    if not found:
        expected = f"expected one of {', '.join(MANIFESTS)} in it"
        raise InputError(str(folder), expected)
    args = (("path", found[0]), ("others", ", ".join(found[1:])))
    return found[0], [Refusal("several-manifests", args)] if found[1:] else []


def _named(manifest: Manifest, root: Path, name: str) -> list[str]:
    """Return the files that a manifest names, and what goes along; never others."""
    named = [path for key in _NAMING for path in _texts(manifest.data.get(key))]
    for part in (manifest.module, *manifest.parts):
        named += [*part.source, *part.export, *part.image]
        named += _texts(part.data.get("auxiliary"))
    inside = [path.removeprefix("./").lstrip("/") for path in named]
    along = [each for each in _ALONG if (root / each).is_file()]
    return list(dict.fromkeys((*inside, name, *along)))


def _texts(value: Toml | None) -> Iterator[str]:
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, str) and each and "://" not in each:
            yield each


def _walked(root: Path) -> Iterator[str]:
    """Yield every file under a folder that is not ignored; links too, as they are."""
    looked_at = 0
    for at, folders, names in os.walk(root, onerror=_stop):
        folders[:] = [name for name in folders if not _is_ignored(name)]
        looked_at += len(folders) + len(names)
        if looked_at > WALKED_MAX:
            raise InputError(str(root), f"more than {WALKED_MAX} files and folders")
        below = Path(at).relative_to(root)
        links = [name for name in folders if (Path(at) / name).is_symlink()]
        for name in (*names, *links):
            if not _is_ignored(name):
                yield (below / name).as_posix()


def _stop(error: OSError) -> None:
    raise InputError(str(error.filename), f"cannot be read: {error.strerror}")


def _is_ignored(name: str) -> bool:
    return name.startswith(".") or name.endswith("~") or name in IGNORED


def _copy(root: Path, name: str, paths: list[str] | None) -> WorkingCopy | None:
    """Return what git knows of a design; nil if it does not track its manifest."""
    copy = read_copy(root, paths)
    return copy if name in copy.tracked else None


def _check_tracked(paths: list[str], copy: WorkingCopy) -> None:
    tracked = frozenset(copy.tracked)
    for path in paths:
        if path not in tracked:
            untracked = (
                "is not tracked by git; `git add` it, or take the folder as it is "
                "with --no-git"
            )
            raise InputError(path, untracked)


def _git_remarks(copy: WorkingCopy, paths: list[str]) -> Iterator[Refusal]:
    if copy.commit is not None:
        yield Refusal("git-commit", (("commit", copy.commit),))
    for path in copy.changed:
        if path in paths:
            yield Refusal("git-uncommitted", (("path", path),))
    for path in copy.modules:
        yield Refusal("git-module", (("path", path),))


def _location_remarks(copy: WorkingCopy) -> Iterator[Refusal]:
    location = copy.source_location
    if location is None:
        yield Refusal("git-nowhere")
        return
    yield Refusal("git-location", (("location", location),))
    if not copy.is_pushed:
        yield Refusal("git-not-pushed", (("commit", copy.commit or ""),))


def _check(paths: list[str]) -> None:
    check_paths(paths)
    if len(paths) > FILES_MAX:
        raise InputError("files", f"{len(paths)} of them; the most is {FILES_MAX}")


def _sizes(root: Path, paths: list[str]) -> dict[str, int]:
    sizes = {path: size_of(root, path) for path in paths}
    total = sum(sizes.values())
    if total > DESIGN_BYTES_MAX:
        most = f"{total} bytes together; the most is {DESIGN_BYTES_MAX}"
        raise InputError("files", most)
    return sizes
