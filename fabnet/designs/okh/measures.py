"""Sizes and masses as people write them, read as millimetres and grams.

Source: OKH-LOSH 2.4 (width, depth and height in mm, mass in g); its first version had
OpenSCAD primitives, which are read by the axes of OpenSCAD: x wide, y deep, z high.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Final

from fabnet.designs.okh.keys import DIMENSIONS
from fabnet.designs.okh.report import Report
from fabnet.designs.okh.values import Toml, short

MEASURE_CHARS_MAX: Final = 200
"""Characters of a measure in words; a longer one is not read."""
MILLIMETRES_MAX: Final = 1_000_000
"""A kilometre, or a tonne; more is a slip of the pen, and is not read."""

_MM: Final = {"mm": Decimal(1), "cm": Decimal(10), "m": Decimal(1_000)}
_GRAMS: Final = {"mg": Decimal("0.001"), "g": Decimal(1), "kg": Decimal(1_000)}
_FIGURE: Final = r"[0-9]{1,9}(?:\.[0-9]{1,9})?"
_CALL: Final = re.compile(r"(cube|cylinder|sphere)\(([^()]{1,160})(\)?);?")
_LIST: Final = re.compile(rf"(?:size=)?\[({_FIGURE}),({_FIGURE}),({_FIGURE})\]")
_NAMED: Final = re.compile(rf"(h|r|r1|r2|d|d1|d2|size)=({_FIGURE})")
_MASS: Final = re.compile(rf"({_FIGURE})\s*(mg|g|kg)")

Box = tuple[Decimal, Decimal, Decimal]


def thousandths(value: Toml | None) -> int | None:
    """Return millimetres as micrometres, or grams as milligrams; nil for no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not math.isfinite(value) or not 0 < value <= MILLIMETRES_MAX:
        return None
    return round(float(value) * 1_000)


def sized(part: dict[str, Toml], at: str, report: Report) -> None:
    """Put the three dimensions beside what was written in another form.

    The writing stays. What is not clear is left alone.
    """
    stated = part.get("outer-dimensions")
    table: Toml | None = {"openSCAD": stated} if isinstance(stated, str) else stated
    if not isinstance(table, dict):
        return
    key = f"{at}outer-dimensions"
    unit, written = table.get("unit", "mm"), table.get("openSCAD")
    factor = _MM.get(unit) if isinstance(unit, str) else None
    if factor is None:
        return
    if isinstance(written, str) and not any(name in table for name in DIMENSIONS):
        box, whole = _box(written)
        if box is None:
            return
        if not whole:
            report.warning("unclosed-parenthesis", key, was=short(written))
        if "unit" not in table:
            report.warning("unit-not-stated", key, unit="mm")
        sides = [_number(side * factor) for side in box]
        part["outer-dimensions"] = table | dict(zip(DIMENSIONS, sides, strict=True))
        told = " × ".join(map(str, sides))
        report.normalised("size-read", key, was=short(written), size=f"{told} mm")
    elif "unit" in table and "openSCAD" not in table and factor != 1:
        _converted(part, table, factor, key, report)


def weighed(part: dict[str, Toml], at: str, report: Report) -> None:
    """Put the mass in grams where it was a value with its unit."""
    stated = part.get("mass")
    grams: Decimal | None = None
    if isinstance(stated, dict) and stated.keys() <= {"value", "unit"}:
        factor = _GRAMS.get(str(stated.get("unit", "g")))
        value = stated.get("value")
        if factor is not None and thousandths(value) is not None:
            grams = Decimal(str(value)) * factor
            if "unit" not in stated:
                report.warning("unit-not-stated", f"{at}mass", unit="g")
    elif isinstance(stated, str) and len(stated) <= MEASURE_CHARS_MAX:
        found = _MASS.fullmatch(stated.strip())
        grams = Decimal(found[1]) * _GRAMS[found[2]] if found else None
    if grams is not None:
        part["mass"] = _number(grams)
        report.normalised(
            "mass-read", f"{at}mass", was=_told(stated), mass=f"{grams} g"
        )


def _converted(
    part: dict[str, Toml],
    table: dict[str, Toml],
    factor: Decimal,
    key: str,
    report: Report,
) -> None:
    """Turn dimensions in another unit into millimetres, if all three are numbers."""
    if any(thousandths(table.get(name)) is None for name in DIMENSIONS):
        return
    sides = {name: Decimal(str(table[name])) * factor for name in DIMENSIONS}
    rest = {name: value for name, value in table.items() if name != "unit"}
    part["outer-dimensions"] = rest | {
        name: _number(side) for name, side in sides.items()
    }
    report.normalised("unit-converted", key, was=str(table["unit"]), unit="mm")


def _box(written: str) -> tuple[Box | None, bool]:
    """Return the box around an OpenSCAD primitive, and whether its writing is whole."""
    if len(written) > MEASURE_CHARS_MAX:
        return None, False
    call = _CALL.fullmatch("".join(written.split()))
    if call is None:
        return None, False
    shape, inside, closing = call.groups()
    if shape == "cube":
        listed = _LIST.match(inside)
        if listed is not None:
            return (Decimal(listed[1]), Decimal(listed[2]), Decimal(listed[3])), bool(
                closing
            )
    named = {name: Decimal(figure) for name, figure in _NAMED.findall(inside)}
    return _of_figures(shape, named), bool(closing)


def _of_figures(shape: str, named: dict[str, Decimal]) -> Box | None:
    radii = [named[name] for name in ("r", "r1", "r2") if name in named]
    widths = [named[name] for name in ("d", "d1", "d2") if name in named]
    wide = max([2 * radius for radius in radii] + widths, default=None)
    if shape == "cube":
        size = named.get("size")
        return None if size is None else (size, size, size)
    high = named.get("h") if shape == "cylinder" else wide
    if wide is None or high is None:
        return None
    return wide, wide, high


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def _told(stated: Toml | None) -> str:
    if isinstance(stated, dict):
        return f"{stated.get('value')} {stated.get('unit', '')}".strip()
    return short(stated)
