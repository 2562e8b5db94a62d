"""From a manifest and its files to the revision that their publisher signs.

Nothing is made up. A part whose process the manifest does not state is described but
not made; a figure that is estimated from the part's shape is marked as an estimate.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fabnet.content.cid import Cid
from fabnet.designs.geometry.estimate import Estimate, box, estimate, plate
from fabnet.designs.licence.expression import Refused
from fabnet.designs.licence.normalise import normalise
from fabnet.designs.okh.manifest import Manifest, export_okh
from fabnet.designs.okh.part import ManifestPart
from fabnet.designs.requirement import Drawing, Geometry, Requirement, Shape
from fabnet.designs.revision import (
    FileEntry,
    Origin,
    Part,
    Revision,
    Rightsholder,
    Role,
    encode,
    parse,
)
from fabnet.designs.source import source_missing
from fabnet.designs.vocabulary import BOUGHT, Process, is_known_code, media_type_of

NAME_CHARS_MAX: Final = 120
"""Characters of a title, a version or a part's name."""
FUNCTION_CHARS_MAX: Final = 2_000
"""Characters of what a design is for."""

_TOLERANCE: Final = re.compile(r"(?i)it ?([5-9]|1[0-6])")
_IT_UNITS: Final = (7, 10, 16, 25, 40, 64, 100, 160, 250, 400, 640, 1_000)
"""ISO 286-1: tolerance units of the grades IT5 to IT16."""
_SHEET: Final = frozenset({"laser-cutting"})
"""Processes in which a part's smallest side is that of its sheet."""


def role_of(manifest: Manifest, path: str) -> Role:
    """Return what a file of the design is for; only the manifest makes it a source."""
    described = (manifest.module, *manifest.parts)
    if any(path in part.source for part in described):
        return "source"
    if any(path in part.export for part in described):
        return "export"
    if path in manifest.bom:
        return "bom"
    if any(path in part.image for part in described):
        return "image"
    if path.rpartition("/")[2].upper().startswith(("LICENSE", "LICENCE", "COPYING")):
        return "licence"
    family = media_type_of(path).partition("/")[0]
    return "export" if family == "model" else "instructions"


def revision_from(
    manifest: Manifest,
    files: Sequence[FileEntry],
    rightsholders: Sequence[Rightsholder],
    geometry: Mapping[str, Shape],
    *,
    quorum: int | None = None,
    lineage: Cid | None = None,
    parents: Sequence[Cid] = (),
    derived_from: Sequence[Origin] = (),
    source_location: str | None = None,
) -> Revision | Refused:
    """Return the revision that a manifest and its files come to, or why none does.

    `geometry` is what the files among them measure that are, by path. All rightsholders
    must sign unless `quorum` says fewer; the source is at the manifest's `repo` unless
    `source_location` says where, and a manifest without one needs it. Raises
    RemoteError naming a field that breaks a bound.
    """
    # Where the source is may be known from elsewhere; nothing else is.
    known = () if source_location is None else ("repo",)
    missing = [key for key in manifest.missing if key not in known]
    if missing:
        return Refused("manifest-incomplete", (("keys", ", ".join(missing)),))
    licence = normalise(manifest.licence)
    if licence.expression is None:
        return Refused("licence-not-understood", (("licence", manifest.licence[:80]),))
    drafted = _parts(manifest, files, geometry)
    if isinstance(drafted, Refused):
        return drafted
    revision = Revision(
        title=_cut(manifest.name, NAME_CHARS_MAX),
        version=_cut(manifest.version, NAME_CHARS_MAX),
        function=_cut(manifest.function, FUNCTION_CHARS_MAX),
        licence=licence.expression,
        source_location=manifest.repo if source_location is None else source_location,
        rightsholders=tuple(rightsholders),
        quorum=len(rightsholders) if quorum is None else quorum,
        files=tuple(files),
        parts=drafted,
        lineage=lineage,
        parents=tuple(parents),
        derived_from=tuple(derived_from),
        okh=export_okh(manifest).decode(),
    )
    return source_missing(revision) or parse(encode(revision))


def _parts(
    manifest: Manifest, files: Sequence[FileEntry], geometry: Mapping[str, Shape]
) -> tuple[Part, ...] | Refused:
    paths = {file.path for file in files}
    drafted = []
    for described in manifest.parts or (manifest.module,):
        part = _part(described, paths, geometry)
        if isinstance(part, Refused):
            return part
        if part is not None:
            drafted.append(part)
    return tuple(drafted)


def _part(
    part: ManifestPart, paths: set[str], geometry: Mapping[str, Shape]
) -> Part | Refused | None:
    """Return one part, nil for one that is bought or whose making is not stated."""
    process = part.process
    if process is None:
        makings = [code for code in part.tsdc if is_known_code(code) and code != BOUGHT]
        several = (("part", part.name), ("tsdc", " ".join(makings)))
        return Refused("several-processes", several) if len(makings) > 1 else None
    piece = _piece(part, process, geometry)
    if isinstance(piece, Refused):
        return piece
    tolerance_um = _tolerance_um(part.tolerance_class, max(piece.shape.size_um))
    if part.tolerance_class is not None and tolerance_um is None:
        asked = (("part", part.name), ("class", part.tolerance_class))
        return Refused("tolerance-not-understood", asked)
    licence = normalise(part.licence).expression if part.licence else None
    if part.licence and licence is None:
        return Refused("licence-not-understood", (("licence", part.licence[:80]),))
    figures = _figures(part, process, piece)
    listed = dict.fromkeys((*part.source, *part.export))
    return Part(
        name=_cut(part.name, NAME_CHARS_MAX),
        requirement=_requirement(part, process, piece, tolerance_um, figures),
        reference_s=figures.reference_s,
        quantity=part.stated.quantity,
        files=tuple(path for path in listed if path in paths),
        licence=licence,
        estimates=_estimates(part),
    )


@dataclass(frozen=True, slots=True)
class _Piece:
    """One piece, as its file or its manifest gives it."""

    shape: Geometry
    thickness_um: int | None = None
    """Of the sheet that a drawing is cut from."""
    cut_um: int | None = None


def _piece(
    part: ManifestPart, process: Process, geometry: Mapping[str, Shape]
) -> _Piece | Refused:
    """Return what the part's first measured file gives, else the block around it.

    What is cut from a sheet is rather taken from a drawing than from a mesh of it.
    """
    listed = [path for path in (*part.export, *part.source) if path in geometry]
    if process.token in _SHEET:
        listed.sort(key=lambda path: not isinstance(geometry[path], Drawing))
    if listed:
        named = (("part", part.name), ("path", listed[0]))
        shape = geometry[listed[0]]
        if isinstance(shape, Drawing):
            return _cut_piece(part, shape, named)
        return _Piece(shape) if shape.closed else Refused("mesh-not-closed", named)
    size_um = part.size_um
    if size_um is None and process.shaped:
        return Refused("size-unknown", (("part", part.name),))
    return _Piece(box(size_um or (0, 0, 0)))


def _cut_piece(
    part: ManifestPart, drawing: Drawing, named: tuple[tuple[str, str], ...]
) -> _Piece | Refused:
    """Return the piece that a drawing gives; its sheet is as thick as the part says."""
    if not drawing.contours:
        return Refused("drawing-not-closed", named)
    thickness_um = part.thickness_um or (min(part.size_um) if part.size_um else None)
    if not thickness_um:
        return Refused("thickness-unknown", named)
    return _Piece(plate(drawing, thickness_um), thickness_um, drawing.cut_um)


def _figures(part: ManifestPart, process: Process, piece: _Piece) -> Estimate:
    """Return mass, time and energy of one piece: stated where they are."""
    guess = estimate(
        process.token,
        part.materials[0] if part.materials else None,
        piece.shape,
        cut_um=piece.cut_um,
        infill_percent=part.infill_percent,
        mass_mg=part.mass_mg,
    )
    stated = part.stated
    reference_s, energy_wh = stated.reference_s, stated.energy_wh
    return Estimate(
        guess.mass_mg,
        guess.reference_s if reference_s is None else reference_s,
        guess.energy_wh if energy_wh is None else energy_wh,
    )


def _estimates(part: ManifestPart) -> tuple[str, ...]:
    figures = (
        ("mass_mg", part.mass_mg),
        ("reference_s", part.stated.reference_s),
        ("energy_wh", part.stated.energy_wh),
    )
    return tuple(name for name, stated in figures if stated is None)


def _requirement(
    part: ManifestPart,
    process: Process,
    piece: _Piece,
    tolerance_um: int | None,
    figures: Estimate,
) -> Requirement:
    x, y, z = piece.shape.size_um
    thickness_um = part.thickness_um or piece.thickness_um
    if thickness_um is None and process.token in _SHEET:
        thickness_um = min(piece.shape.size_um)
    return Requirement(
        process=process.token,
        materials=part.materials,
        size_x_um=x,
        size_y_um=y,
        size_z_um=z,
        tolerance_um=tolerance_um,
        thickness_um=thickness_um,
        cut_um=piece.cut_um,
        nozzle_um=part.stated.nozzle_um,
        skills=part.stated.skills,
        mass_mg=figures.mass_mg,
        energy_wh=figures.energy_wh,
    )


def _tolerance_um(grade: str | None, size_um: int) -> int | None:
    """Return the width of an ISO 286 grade at a size; nil for what is no such grade.

    By the standard's formula at the size itself, where its table rounds by ranges.
    """
    found = _TOLERANCE.fullmatch(grade) if grade else None
    if found is None:
        return None
    size_mm = size_um / 1_000
    unit_um = 0.45 * math.cbrt(size_mm) + 0.001 * size_mm
    return max(1, round(unit_um * _IT_UNITS[int(found[1]) - 5]))


def _cut(text: str, most: int) -> str:
    """Return `text` without the end that is too long; the OKH manifest has it."""
    return text if len(text) <= most else text[: most - 1] + "…"
