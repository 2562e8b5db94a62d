"""What changed from one revision to another, field by field.

Files are matched by path, parts by name, rightsholders by DID. A file that only has
another path now is `moved`, when its content is found nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from fabnet.content import cid as cids
from fabnet.designs.requirement import Requirement
from fabnet.designs.revision import FileEntry, Origin, Part, Revision

Value = str | int | tuple[str | int, ...] | None
Subject = Literal["design", "file", "part", "rightsholder", "parent", "origin"]

_DESIGN: Final = (
    "title",
    "version",
    "function",
    "licence",
    "source_location",
    "quorum",
    "lineage",
)
_FILE: Final = ("cid", "bytes", "media_type", "role", "licence")
_PART: Final = ("quantity", "reference_s", "licence", "files", "estimates")


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is other than it was."""

    subject: Subject
    name: str
    """A path, a part's name, a DID, a CID; empty for the design itself."""
    what: Literal["added", "removed", "changed", "moved"]
    field: str
    """Which field of it, such as `requirement.size_x_um`; empty for all of it."""
    was: Value
    now: Value


def compare(old: Revision, new: Revision) -> tuple[Change, ...]:
    """Return what `new` has that `old` has not, and the other way round; in order."""
    return (
        *_fields("design", "", _of_design(old), _of_design(new)),
        *_rightsholders(old, new),
        *_named("parent", _listed(old.parents), _listed(new.parents)),
        *_named("origin", _of_origins(old), _of_origins(new)),
        *_files(old, new),
        *_named("part", _of_parts(old), _of_parts(new)),
    )


def _of_design(revision: Revision) -> dict[str, Value]:
    found: dict[str, Value] = {name: getattr(revision, name) for name in _DESIGN}
    # The manifest it came from is long: its hash says whether it is another.
    return found | {"okh": cids.of_raw(revision.okh.encode())}


def _rightsholders(old: Revision, new: Revision) -> Iterator[Change]:
    before: dict[str, dict[str, Value]] = {
        it.did: {"name": it.name} for it in old.rightsholders
    }
    after: dict[str, dict[str, Value]] = {
        it.did: {"name": it.name} for it in new.rightsholders
    }
    return _named("rightsholder", before, after)


def _of_origins(revision: Revision) -> dict[str, dict[str, Value]]:
    found: dict[str, dict[str, Value]] = {}
    for origin in revision.derived_from:
        fields = found.setdefault(origin.cid, {})
        fields[origin.relation] = _quantity(origin, fields.get(origin.relation))
    return found


def _quantity(origin: Origin, before: Value) -> int:
    """Return how many of a design there are, which may be named more than once."""
    return origin.quantity + (before if isinstance(before, int) else 0)


def _files(old: Revision, new: Revision) -> Iterator[Change]:
    before = {file.path: file for file in old.files}
    after = {file.path: file for file in new.files}
    moved = _moved(before, after)
    for was, now in moved.items():
        yield Change("file", now, "moved", "path", was, now)
        yield from _fields("file", now, _of_file(before[was]), _of_file(after[now]))
    left = {path: _of_file(it) for path, it in before.items() if path not in moved}
    came = set(moved.values())
    here = {path: _of_file(it) for path, it in after.items() if path not in came}
    yield from _named("file", left, here)


def _moved(
    before: Mapping[str, FileEntry], after: Mapping[str, FileEntry]
) -> dict[str, str]:
    """Return the new path of each file whose content has one home before and after."""
    gone, came = before.keys() - after.keys(), after.keys() - before.keys()
    olds = _homes({path: before[path] for path in gone})
    news = _homes({path: after[path] for path in came})
    pairs = ((was, news.get(cid)) for cid, was in olds.items())
    return {was: now for was, now in sorted(pairs) if was and now}


def _homes(files: Mapping[str, FileEntry]) -> dict[str, str]:
    """Return the path of each content; an empty one for what lies in two places."""
    homes: dict[str, str] = {}
    for path, file in files.items():
        homes[file.cid] = "" if file.cid in homes else path
    return homes


def _of_file(file: FileEntry) -> dict[str, Value]:
    return {name: getattr(file, name) for name in _FILE}


def _of_parts(revision: Revision) -> dict[str, dict[str, Value]]:
    return {part.name: _of_part(part) for part in revision.parts}


def _of_part(part: Part) -> dict[str, Value]:
    fields: dict[str, Value] = {name: getattr(part, name) for name in _PART}
    needs = {
        f"requirement.{name}": getattr(part.requirement, name)
        for name in Requirement.__struct_fields__
    }
    return fields | needs


def _listed(names: tuple[str, ...]) -> dict[str, dict[str, Value]]:
    return {name: {} for name in names}


def _named(
    subject: Subject,
    before: Mapping[str, Mapping[str, Value]],
    after: Mapping[str, Mapping[str, Value]],
) -> Iterator[Change]:
    """Yield what is only on one side, and the fields that differ on both."""
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            yield Change(subject, name, "removed", "", None, None)
        elif name not in before:
            yield Change(subject, name, "added", "", None, None)
        else:
            yield from _fields(subject, name, before[name], after[name])


def _fields(
    subject: Subject, name: str, old: Mapping[str, Value], new: Mapping[str, Value]
) -> Iterator[Change]:
    for field in dict.fromkeys((*old, *new)):
        was, now = old.get(field), new.get(field)
        if was != now:
            yield Change(subject, name, "changed", field, was, now)
