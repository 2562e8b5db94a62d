"""`fabnet measure`: what a file of a design measures."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Final

import msgspec

from fabnet.designs.geometry.measure import SUFFIXES, is_measured
from fabnet.designs.requirement import Drawing, Geometry, Layer
from fabnet.errors import InputError
from fabnet.node.cli.command import Command, add_json, show

FILE_BYTES_MAX: Final = 256 * 1024 * 1024
"""Of a file that is measured: a binary STL of the most triangles."""


class Object(msgspec.Struct, frozen=True):
    """One object of a 3MF file."""

    name: str
    placed: int
    geometry: Geometry


class Measured(msgspec.Struct, frozen=True):
    """What one file measures, in micrometres; what it has not is nil or empty."""

    path: str
    geometry: Geometry | None = None
    drawing: Drawing | None = None
    objects: list[Object] = []
    told: list[tuple[str, str]] = []
    """What a 3MF file says of its designer and licence; nobody checked it."""


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help=f"one of {', '.join(SUFFIXES)}")
    add_json(parser)


def _run(args: Namespace) -> int:
    measured = _measured(args.file)
    lines: list[str] = []
    if measured.geometry is not None:
        lines += [_solid(measured.geometry)]
    for each in measured.objects:
        lines += [f"object {each.name!r}, {each.placed} times: {_solid(each.geometry)}"]
    if measured.drawing is not None:
        lines += _drawn(measured.drawing)
    lines += [f"says {name}: {value}" for name, value in measured.told]
    return show(args, measured, "\n".join(lines))


def _measured(path: Path) -> Measured:
    """Return what a file measures, or raise FabnetError naming what is wrong."""
    # Each loads numpy, and the last ezdxf: only this command needs all of them.
    from fabnet.designs.geometry.drawing import read_dxf  # noqa: PLC0415  # ezdxf
    from fabnet.designs.geometry.stl import read_stl  # noqa: PLC0415  # numpy
    from fabnet.designs.geometry.threemf import read_3mf  # noqa: PLC0415  # numpy

    data = _bytes(path)
    name = str(path)
    match path.suffix.lower():
        case ".3mf":
            build = read_3mf(data)
            objects = [Object(it.name, it.placed, it.shape) for it in build.solids]
            return Measured(name, build.shape, None, objects, list(build.told))
        case ".dxf":
            return Measured(name, None, read_dxf(data))
        case _:
            return Measured(name, read_stl(data))


def _bytes(path: Path) -> bytes:
    if not is_measured(path.name):
        raise InputError(str(path), f"expected one of {', '.join(SUFFIXES)}")
    try:
        with path.open("rb") as file:
            data = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise InputError(str(path), f"cannot be read: {error.strerror}") from error
    if len(data) > FILE_BYTES_MAX:
        raise InputError(str(path), f"expected at most {FILE_BYTES_MAX} bytes")
    return data


def _solid(shape: Geometry) -> str:
    size, cm3 = _mm(*shape.size_um), shape.volume_um3 / 10**12
    closed = "closed" if shape.closed else "not closed"
    return f"{size} mm, {cm3:.3f} cm³, {shape.triangles} triangles, {closed}"


def _drawn(drawing: Drawing) -> list[str]:
    unit = drawing.unit or "no unit stated, millimetres taken"
    lines = [f"{_mm(*drawing.size_um)} mm, {_cut(drawing)} ({unit})"]
    lines += [f"layer {layer.name!r}: {_cut(layer)}" for layer in drawing.layers]
    if drawing.repeated:
        lines.append(f"drawn again in the same place: {drawing.repeated}")
    if drawing.ignored:
        lines.append(f"not cut: {', '.join(drawing.ignored)}")
    return lines


def _cut(drawn: Drawing | Layer) -> str:
    return f"{_mm(drawn.cut_um)} mm to cut, {drawn.contours} closed, {drawn.open} open"


def _mm(*lengths_um: int) -> str:
    return " × ".join(f"{length / 1_000:g}" for length in lengths_um)


COMMAND = Command(
    "measure",
    "say what an STL, 3MF or DXF file measures",
    _configure,
    _run,
    "Say what a file measures: size, volume and whether it is closed for STL and\n"
    "3MF; cut length and contours, layer by layer, for DXF.",
)
