"""Whether a design brings what it can be changed by, where its licence asks for that.

A file is source because the manifest says so. A mesh said to be the source passes: it
can be what the designer edits; but whoever publishes is told that it seldom is.
"""

from __future__ import annotations

from typing import Final

from fabnet.designs.licence.eligible import source_clause
from fabnet.designs.licence.expression import Refused
from fabnet.designs.revision import Revision

MESHES: Final = frozenset(
    {"3mf", "amf", "glb", "gltf", "obj", "off", "ply", "stl", "wrl", "x3d"}
)
"""Endings of files that hold triangles: what a drawing comes to, not the drawing."""


def source_missing(revision: Revision) -> Refused | None:
    """Return why a revision lacks source, with the licence's clause; nil if it has it.

    A part under a licence of its own needs a source among its own files, or among those
    that are no part's.
    """
    sources = {file.path for file in revision.files if file.role == "source"}
    clause = source_clause(revision.licence)
    if clause is not None and not sources:
        return Refused("source-missing", clause)
    common = sources.difference(*(part.files for part in revision.parts))
    for part in revision.parts:
        clause = source_clause(part.licence) if part.licence else None
        if clause is not None and not common and sources.isdisjoint(part.files):
            return Refused("part-source-missing", (("part", part.name), *clause))
    return None


def only_mesh(revision: Revision) -> str | None:
    """Return the first source where all sources are meshes; nil where one is not."""
    sources = [file.path for file in revision.files if file.role == "source"]
    if all(is_mesh(path) for path in sources):
        return next(iter(sources), None)
    return None


def is_mesh(path: str) -> bool:
    """Whether a file holds triangles, by its ending."""
    _, dot, ending = path.rpartition(".")
    return bool(dot) and ending.lower() in MESHES
