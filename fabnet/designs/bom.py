"""The bill of a design: what to make, which other designs it takes, and what to buy.

Parts are what the manifest says is made, each by one process and under its own licence.
Other designs are its origins of the relation `part`. What is bought stands in the files
of the role `bom`. A row there that names a part which the manifest makes is that part,
and counts once; a row of which nothing says whether it is made or bought stays open.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from fabnet.content.cid import Cid
from fabnet.designs.bom_file import BomRow, fold
from fabnet.designs.revision import QUANTITY_MAX, Revision
from fabnet.records.refusal import Refusal

UNITS_MAX: Final = QUANTITY_MAX
"""Units of a design at a time; as many as pieces of a part."""
DEPTH_MAX: Final = 8
"""Designs within designs; a machine of machines of machines has three."""
UNIT_PARTS_MAX: Final = 200
"""Parts that one unit comes to with all its designs; more is asked for in turn."""

_CID: Final = re.compile(r"baf[ky][a-z2-7]{55}")


@dataclass(frozen=True, slots=True)
class MadeLine:
    """A part that is made."""

    part: str
    process: str
    pieces: int
    licence: str
    reference_s: int
    """Of one piece, at pace 1,000."""


@dataclass(frozen=True, slots=True)
class DesignLine:
    """Another design of which so many units go into this one."""

    cid: Cid | None
    """Nil where a file names it only in words."""
    name: str
    """As a file calls it; empty where none does."""
    units: int
    reference: str


@dataclass(frozen=True, slots=True)
class BoughtLine:
    """Something to buy, or of which nothing says that it is made."""

    name: str
    thousandths: int
    """How much, in thousandths of `unit`."""
    unit: str
    """Empty for pieces."""
    reference: str
    row: int


@dataclass(frozen=True, slots=True)
class Remark:
    """Where the manifest and a bill of materials do not say the same."""

    code: Literal["bom-counts-differ", "bom-part-not-described", "bom-made-and-bought"]
    row: int
    name: str
    stated: int
    """By the file, in thousandths."""
    described: int
    """By the manifest, in thousandths; 0 when it says nothing."""


@dataclass(frozen=True, slots=True)
class Bill:
    """All that so many units of a design take."""

    units: int
    made: tuple[MadeLine, ...]
    designs: tuple[DesignLine, ...]
    bought: tuple[BoughtLine, ...]
    unstated: tuple[BoughtLine, ...]
    """Rows that no one says are bought, made, or designs of their own."""
    remarks: tuple[Remark, ...]


@dataclass(frozen=True, slots=True)
class UnitPart:
    """Pieces of one part of one design, for so many units of the whole."""

    revision: Cid
    part: str
    pieces: int


def bom(revision: Revision, units: int, rows: Iterable[BomRow] = ()) -> Bill:
    """Return what `units` of a design take; `rows` are those of its BOM files."""
    made = tuple(
        MadeLine(
            part.name,
            part.requirement.process,
            part.quantity * units,
            revision.licence_of(part),
            part.reference_s,
        )
        for part in revision.parts
    )
    sorted_ = _Sorted(revision, units)
    for row in rows:
        sorted_.take(row)
    designs = tuple(
        DesignLine(cid, sorted_.names.get(cid, ""), count * units, "")
        for cid, count in _designs(revision).items()
    )
    return Bill(
        units,
        made,
        (*designs, *sorted_.designs),
        tuple(sorted_.bought),
        tuple(sorted_.unstated),
        tuple(sorted_.remarks),
    )


def unit_parts(
    cid: Cid, units: int, held: Mapping[Cid, Revision]
) -> tuple[UnitPart, ...] | Refusal:
    """Return every part that is made for `units` of a design, its designs' included.

    Refused when one of them is not held, when there are too many, when they lie too
    deep, or when nothing of it is made.
    """
    wanted: dict[tuple[Cid, str], int] = {}
    layer = {cid: units}
    for _ in range(DEPTH_MAX):
        below: dict[Cid, int] = {}
        for at, count in layer.items():
            revision = held.get(at)
            if revision is None:
                return Refusal("design-not-held", (("revision", at),))
            for part in revision.parts:
                name = (at, part.name)
                wanted[name] = wanted.get(name, 0) + part.quantity * count
            for origin, each in _designs(revision).items():
                below[origin] = below.get(origin, 0) + each * count
        if len(wanted) > UNIT_PARTS_MAX:
            return Refusal("too-many-parts", (("most", UNIT_PARTS_MAX),))
        if not below:
            break
        layer = below
    else:
        return Refusal("designs-too-deep", (("most", DEPTH_MAX),))
    if not wanted:
        return Refusal("makes-nothing", (("revision", cid),))
    return tuple(UnitPart(*name, pieces) for name, pieces in wanted.items())


def designs_in(revision: Revision) -> tuple[Cid, ...]:
    """Return the other designs that are parts of this one, each once."""
    return tuple(_designs(revision))


def _designs(revision: Revision) -> dict[Cid, int]:
    found: dict[Cid, int] = {}
    for origin in revision.derived_from:
        if origin.relation == "part":
            found[origin.cid] = found.get(origin.cid, 0) + origin.quantity
    return found


class _Sorted:
    """Puts each row where it belongs."""

    def __init__(self, revision: Revision, units: int) -> None:
        self._units = units
        self._made = {fold(part.name): part.quantity for part in revision.parts}
        self._designs = _designs(revision)
        self.names: dict[Cid, str] = {}
        self.designs: list[DesignLine] = []
        self.bought: list[BoughtLine] = []
        self.unstated: list[BoughtLine] = []
        self.remarks: list[Remark] = []

    def take(self, row: BomRow) -> None:
        """Sort one row in."""
        quantity = self._made.get(fold(row.name))
        cid = next(iter(_CID.findall(row.reference)), None)
        if quantity is not None:
            self._same(row, quantity)
            if row.sort == "bought":
                self._remark("bom-made-and-bought", row, quantity)
        elif cid is not None and cid in self._designs:
            self.names[Cid(cid)] = row.name
            self._same(row, self._designs[Cid(cid)])
        elif row.sort == "module":
            self._design(row, None if cid is None else Cid(cid))
        elif row.sort == "bought":
            self.bought.append(self._line(row))
        else:
            if row.sort == "made":
                self._remark("bom-part-not-described", row, 0)
            self.unstated.append(self._line(row))

    def _design(self, row: BomRow, cid: Cid | None) -> None:
        whole, rest = divmod(row.thousandths * self._units, 1_000)
        units = whole + (1 if rest else 0)
        self.designs.append(DesignLine(cid, row.name, units, row.reference))

    def _line(self, row: BomRow) -> BoughtLine:
        amount = row.thousandths * self._units
        return BoughtLine(row.name, amount, row.unit, row.reference, row.row)

    def _same(self, row: BomRow, quantity: int) -> None:
        if row.thousandths != quantity * 1_000:
            self._remark("bom-counts-differ", row, quantity)

    def _remark(
        self,
        code: Literal[
            "bom-counts-differ", "bom-part-not-described", "bom-made-and-bought"
        ],
        row: BomRow,
        quantity: int,
    ) -> None:
        remark = Remark(code, row.row, row.name, row.thousandths, quantity * 1_000)
        self.remarks.append(remark)
