"""Our words for processes and materials, and the standards' words for the same.

Source: OKH-LOSH's TsDC codes and printing processes; OKW's materials. A code that
stands here under no process is kept in the manifest and makes no part: nothing is
guessed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

BOUGHT: Final = "STD"
"""The TsDC code of a standard part: bought, not made."""


@dataclass(frozen=True, slots=True)
class Process:
    """One way of making things, and what OKH calls it."""

    token: str
    tsdc: str
    printing: str | None = None
    """OKH's `printing-process`, which tells the kinds of 3D printing apart."""
    shaped: bool = True
    """Whether a piece must fit a machine; false where hands do the work."""


PROCESSES: Final = (
    Process("3d-printing", "3DP"),
    Process("3d-printing.fdm", "3DP", "FDM"),
    Process("3d-printing.sla", "3DP", "SLA"),
    Process("3d-printing.sls", "3DP", "SLS"),
    Process("3d-printing.mjf", "3DP", "MJF"),
    Process("3d-printing.dmls", "3DP", "DMLS"),
    Process("laser-cutting", "LAS"),
    Process("cnc-milling", "CNC"),
    Process("cutting", "COT"),
    Process("sheet-metal", "SHEET"),
    Process("pcb-fabrication", "PCB"),
    Process("electronics-assembly", "CIR", shaped=False),
    Process("welding", "WEL", shaped=False),
    Process("assembly", "ASM", shaped=False),
    Process("assembly.mechanical", "MEC", shaped=False),
    Process("finishing", "POST", shaped=False),
)
_BY_CODE: Final = {(it.tsdc, it.printing): it for it in PROCESSES}


def process_of(tsdc: Sequence[str], printing: str | None) -> Process | None:
    """Return the one process that OKH's codes name; nil when they name none of ours.

    A kind of printing that we do not know leaves `3d-printing`, which any kind does.
    """
    if len(tsdc) != 1:
        return None
    code = tsdc[0].strip().upper()
    kind = printing.strip().upper() if printing is not None and code == "3DP" else None
    return _BY_CODE.get((code, kind)) or _BY_CODE.get((code, None))


def is_known_code(tsdc: str) -> bool:
    """Whether a TsDC code is one of ours, or that of a part to buy."""
    code = tsdc.strip().upper()
    return code == BOUGHT or any(it.tsdc == code for it in PROCESSES)


@dataclass(frozen=True, slots=True)
class Material:
    """A material, how people spell it, and how heavy it is."""

    token: str
    mg_per_cm3: int
    spellings: tuple[str, ...] = ()


MATERIALS: Final = (
    Material("pla", 1_240, ("polylactic-acid",)),
    Material("abs", 1_040),
    Material("asa", 1_070),
    Material("petg", 1_270, ("pet-g",)),
    Material("pet", 1_380),
    Material("tpu", 1_210),
    Material("nylon", 1_140, ("pa", "pa6", "pa12", "polyamide")),
    Material("polycarbonate", 1_200, ("pc",)),
    Material("polypropylene", 905, ("pp",)),
    Material("hdpe", 950),
    Material("pvc", 1_400),
    Material("resin", 1_150),
    Material("acrylic", 1_180, ("pmma", "plexiglas", "plexiglass")),
    Material("silicone", 1_100),
    Material("natural-rubber", 950, ("rubber",)),
    Material("plywood", 680),
    Material("mdf", 750),
    Material("softwood", 500, ("pine", "spruce")),
    Material("hardwood", 700, ("beech", "oak")),
    Material("cork", 240),
    Material("cardboard", 690),
    Material("paper", 800),
    Material("leather", 900),
    Material("textile", 300, ("textiles", "fabric", "cotton")),
    Material("felt", 250),
    Material("aluminium", 2_700, ("aluminum",)),
    Material("steel", 7_850, ("mild-steel",)),
    Material("stainless-steel", 8_000, ("stainless",)),
    Material("brass", 8_500),
    Material("copper", 8_960),
    Material("glass", 2_500),
    Material("fr4", 1_850, ("fr-4",)),
)
_BY_SPELLING: Final = {
    spelling: it for it in MATERIALS for spelling in (it.token, *it.spellings)
}


def material_of(text: str) -> str | None:
    """Return our token for a material: ours if we know it, else the text made plain.

    Nil when nothing of `text` can stand in a token.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    token = re.sub(r"[^a-z0-9.]+", "-", plain.lower()).strip("-.")[:60]
    known = _BY_SPELLING.get(token)
    return known.token if known else token or None


def density_mg_per_cm3(material: str) -> int | None:
    """Return how heavy a material is; nil for one that we do not know."""
    known = _BY_SPELLING.get(material)
    return known.mg_per_cm3 if known else None


_MEDIA_TYPES: Final = {
    "csv": "text/csv",
    "dxf": "image/vnd.dxf",
    "gcode": "text/x.gcode",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "json": "application/json",
    "md": "text/markdown",
    "pdf": "application/pdf",
    "png": "image/png",
    "py": "text/x-python",
    "scad": "application/x-openscad",
    "step": "model/step",
    "stl": "model/stl",
    "stp": "model/step",
    "svg": "image/svg+xml",
    "toml": "application/toml",
    "txt": "text/plain",
    "webp": "image/webp",
    "3mf": "model/3mf",
}


def media_type_of(path: str) -> str:
    """Return the media type that a file's name suggests."""
    _, _, suffix = path.rpartition(".")
    return _MEDIA_TYPES.get(suffix.lower(), "application/octet-stream")
