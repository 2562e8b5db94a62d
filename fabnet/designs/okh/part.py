"""One part as a manifest states it: its process, files, size and mass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import msgspec

from fabnet.designs.okh.keys import DIMENSIONS
from fabnet.designs.okh.measures import thousandths
from fabnet.designs.okh.values import Toml, paths_of, text_of, texts_of
from fabnet.designs.requirement import MATERIALS_MAX, SKILLS_MAX
from fabnet.designs.revision import QUANTITY_MAX
from fabnet.designs.vocabulary import Process, material_of, process_of
from fabnet.errors import InputError
from fabnet.records.ids import Count, Token


class _Stated(msgspec.Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """The table `fabnet` of a part: what OKH has no key for."""

    quantity: Annotated[int, msgspec.Meta(ge=1, le=QUANTITY_MAX)] = 1
    reference_s: Count | None = None
    energy_wh: Count | None = None
    nozzle_um: Count | None = None
    skills: Annotated[tuple[Token, ...], msgspec.Meta(max_length=SKILLS_MAX)] = ()


@dataclass(frozen=True, slots=True)
class ManifestPart:
    """One `[[part]]`, or the module itself where it has none."""

    data: dict[str, Toml]

    @property
    def name(self) -> str:
        """What the part is called; empty when it is not."""
        return text_of(self.data.get("name"))

    @property
    def licence(self) -> str | None:
        """The part's own licence, as it stands; nil when it has none."""
        return text_of(self.data.get("license")) or None

    @property
    def tsdc(self) -> tuple[str, ...]:
        """The technologies it is made by, as TsDC codes."""
        return texts_of(self.data.get("tsdc"))

    @property
    def process(self) -> Process | None:
        """The one process that it is made by; nil when none or several are stated."""
        return process_of(self.tsdc, text_of(self.data.get("printing-process")) or None)

    @property
    def materials(self) -> tuple[str, ...]:
        """Our tokens of the materials any of which will do."""
        named = map(material_of, texts_of(self.data.get("material")))
        return tuple(dict.fromkeys(token for token in named if token))[:MATERIALS_MAX]

    @property
    def source(self) -> tuple[str, ...]:
        """Paths of the files to change it by."""
        return paths_of(self.data.get("source"))

    @property
    def export(self) -> tuple[str, ...]:
        """Paths of the files to make it from."""
        return paths_of(self.data.get("export"))

    @property
    def image(self) -> tuple[str, ...]:
        """Paths of its pictures."""
        images = self.data.get("image")
        each = images if isinstance(images, list) else [images]
        named = [it.get("location") if isinstance(it, dict) else it for it in each]
        return tuple(path for it in named for path in paths_of(it))

    @property
    def size_um(self) -> tuple[int, int, int] | None:
        """Its outer dimensions; nil unless all three are stated, in millimetres."""
        stated = self.data.get("outer-dimensions")
        if not isinstance(stated, dict):
            return None
        if stated.get("unit", "mm") != "mm" and "openSCAD" not in stated:
            return None
        sizes = [thousandths(stated.get(name)) for name in DIMENSIONS]
        width, depth, height = sizes
        if width is None or depth is None or height is None:
            return None
        return width, depth, height

    @property
    def mass_mg(self) -> int | None:
        """Its mass, stated in grams; nil when it is not."""
        return thousandths(self.data.get("mass"))

    @property
    def thickness_um(self) -> int | None:
        """How thick its sheet is; nil when it is not stated."""
        return thousandths(self.data.get("thickness-mm"))

    @property
    def tolerance_class(self) -> str | None:
        """The accuracy it asks for, such as `IT9`; nil for any."""
        return text_of(self.data.get("smallest-tolerance-class")) or None

    @property
    def infill_percent(self) -> int | None:
        """How full it is printed; nil when it is not stated."""
        stated = self.data.get("infill")
        if isinstance(stated, bool) or not isinstance(stated, int):
            return None
        return stated if 0 <= stated <= 100 else None

    @property
    def stated(self) -> _Stated:
        """What its table `fabnet` says, or raise InputError naming the key."""
        try:
            return msgspec.convert(self.data.get("fabnet", {}), _Stated)
        except msgspec.ValidationError as error:
            raise InputError(f"part {self.name}: fabnet", str(error)) from error
