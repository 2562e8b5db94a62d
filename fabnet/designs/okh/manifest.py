"""An OKH manifest: what it says of a design, in and out of TOML.

Import normalises and says what it did; nothing is made up, unknown keys survive, and
what is written out reads back as what it was. Read are the manifests of the LOSH line
up to 2.4, and 2.4 is written. Source: iop-alliance/OpenKnowHow, template and schema.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Final

import msgspec
import tomli_w

from fabnet.designs.licence.normalise import normalise
from fabnet.designs.requirement import MATERIALS_MAX, SKILLS_MAX
from fabnet.designs.revision import OKH_BYTES_MAX, QUANTITY_MAX
from fabnet.designs.vocabulary import Process, is_known_code, material_of, process_of
from fabnet.errors import InputError, LimitError, MalformedError
from fabnet.records.ids import Count, Token

Toml = str | int | float | bool | list["Toml"] | dict[str, "Toml"]
"""What a manifest may hold; dates are kept as text."""

DEPTH_MAX: Final = 16
"""Tables within tables; the standard needs three."""
LINE_DOTS_MAX: Final = 500
"""Dots in a line: reading a key of n dotted parts costs n² steps."""
TOML_INT_MAX: Final = 2**63 - 1
"""The largest integer that TOML promises to keep."""

REQUIRED: Final = (
    "okhv",
    "name",
    "repo",
    "version",
    "license",
    "licensor",
    "function",
)
VERSION: Final = "2.4"
_VERSIONS: Final = frozenset({"2.4", "2.0", "OKH-LOSHv1.0"})
_KNOWN: Final = frozenset(
    {
        *REQUIRED,
        *("attestation", "auxiliary", "bom", "contribution-guide", "cpc-patent-class"),
        *(
            "documentation-language",
            "documentation-readiness-level",
            "export",
            "fabnet",
        ),
        *(
            "fork-of",
            "image",
            "infill",
            "joining-process",
            "manufacturing-instructions",
        ),
        *("mass", "material", "organization", "outer-dimensions", "part"),
        *("printing-process", "publication", "raft-brim", "rdf", "readme", "release"),
        *("resolution-mm", "shell-thickness", "smallest-tolerance-class", "software"),
        *("source", "standard-compliance", "supports", "surface-finishing-process"),
        *("technology-readiness-level", "thickness-mm", "top-bottom-thickness", "tsdc"),
        "user-manual",
    }
)

MILLIMETRES_MAX: Final = 1_000_000
"""A kilometre, or a tonne; more is a slip of the pen."""
_DIMENSIONS: Final = ("width", "depth", "height")


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
        return _text(self.data.get("name"))

    @property
    def licence(self) -> str | None:
        """The part's own licence, as it stands; nil when it has none."""
        return _text(self.data.get("license")) or None

    @property
    def tsdc(self) -> tuple[str, ...]:
        """The technologies it is made by, as TsDC codes."""
        return _texts(self.data.get("tsdc"))

    @property
    def process(self) -> Process | None:
        """The one process that it is made by; nil when none or several are stated."""
        return process_of(self.tsdc, _text(self.data.get("printing-process")) or None)

    @property
    def materials(self) -> tuple[str, ...]:
        """Our tokens of the materials any of which will do."""
        named = map(material_of, _texts(self.data.get("material")))
        return tuple(dict.fromkeys(token for token in named if token))[:MATERIALS_MAX]

    @property
    def source(self) -> tuple[str, ...]:
        """Paths of the files to change it by."""
        return _paths(self.data.get("source"))

    @property
    def export(self) -> tuple[str, ...]:
        """Paths of the files to make it from."""
        return _paths(self.data.get("export"))

    @property
    def image(self) -> tuple[str, ...]:
        """Paths of its pictures."""
        images = self.data.get("image")
        each = images if isinstance(images, list) else [images]
        named = [it.get("location") if isinstance(it, dict) else it for it in each]
        return tuple(path for it in named for path in _paths(it))

    @property
    def size_um(self) -> tuple[int, int, int] | None:
        """Its outer dimensions; nil unless all three are stated, in millimetres."""
        stated = self.data.get("outer-dimensions")
        if not isinstance(stated, dict):
            return None
        sizes = [_thousandths(stated.get(name)) for name in _DIMENSIONS]
        width, depth, height = sizes
        if width is None or depth is None or height is None:
            return None
        return width, depth, height

    @property
    def mass_mg(self) -> int | None:
        """Its mass, stated in grams; nil when it is not."""
        stated = self.data.get("mass")
        if isinstance(stated, dict) and stated.get("unit", "g") == "g":
            stated = stated.get("value")
        return _thousandths(stated)

    @property
    def thickness_um(self) -> int | None:
        """How thick its sheet is; nil when it is not stated."""
        return _thousandths(self.data.get("thickness-mm"))

    @property
    def tolerance_class(self) -> str | None:
        """The accuracy it asks for, such as `IT9`; nil for any."""
        return _text(self.data.get("smallest-tolerance-class")) or None

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


@dataclass(frozen=True, slots=True)
class Manifest:
    """A well-formed manifest, with all that its file held. Made by `import_okh`."""

    data: dict[str, Toml]

    @property
    def name(self) -> str:
        """What the design is called."""
        return _text(self.data["name"])

    @property
    def version(self) -> str:
        """The label of this version."""
        return _text(self.data["version"])

    @property
    def repo(self) -> str:
        """Where the design lives."""
        return _text(self.data["repo"])

    @property
    def licence(self) -> str:
        """The licence, as it stands after import."""
        return _text(self.data["license"])

    @property
    def licensor(self) -> tuple[str, ...]:
        """Those who license it, by the names they give."""
        stated = self.data["licensor"]
        each = stated if isinstance(stated, list) else [stated]
        names = [it.get("name") if isinstance(it, dict) else it for it in each]
        return tuple(filter(None, map(_text, names)))

    @property
    def function(self) -> str:
        """What it is for."""
        return _text(self.data["function"])

    @property
    def bom(self) -> tuple[str, ...]:
        """Paths of its bills of materials."""
        return _paths(self.data.get("bom"))

    @property
    def parts(self) -> tuple[ManifestPart, ...]:
        """What `[[part]]` lists; empty when there is none."""
        parts = self.data.get("part", [])
        tables = parts if isinstance(parts, list) else []
        return tuple(ManifestPart(it) for it in tables if isinstance(it, dict))

    @property
    def module(self) -> ManifestPart:
        """The design as a whole, whose keys are those of a part."""
        return ManifestPart(self.data)


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that import changed, or did not understand."""

    code: str
    """Such as `licence-alias`, `unknown-key` or `part-without-process`."""
    key: str
    was: str
    """What stood there, cut short."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A manifest, and all that is worth saying about how it was read."""

    manifest: Manifest
    report: tuple[Note, ...]


def import_okh(raw: bytes) -> Imported:
    """Return the manifest in the bytes of an `okh.toml`.

    Raises InputError naming a key that is missing or wrong, and RemoteError for bytes
    that are no TOML or more than a limit allows.
    """
    report: list[Note] = []
    data = _plain(_loaded(raw), "", 0, report)
    assert isinstance(data, dict)
    _normalise_version(data, report)
    for key in REQUIRED:
        _require(data, key)
    _normalise_licence(data, report)
    manifest = Manifest(data)
    if not manifest.licensor:
        raise InputError("licensor", "expected a name, or a list of names")
    report.extend(_remarks(manifest))
    return Imported(manifest, tuple(report))


def export_okh(manifest: Manifest) -> bytes:
    """Return the manifest as TOML; importing it gives the same manifest."""
    return tomli_w.dumps(manifest.data).encode()


def _loaded(raw: bytes) -> dict[str, object]:
    if len(raw) > OKH_BYTES_MAX:
        raise LimitError(f"okh.toml: {len(raw)} bytes; the most is {OKH_BYTES_MAX}")
    if any(line.count(b".") > LINE_DOTS_MAX for line in raw.split(b"\n")):
        raise LimitError(f"okh.toml: a line with more than {LINE_DOTS_MAX} dots")
    try:
        return tomllib.loads(raw.decode())
    except RecursionError as error:
        raise LimitError(f"okh.toml: nests at most {DEPTH_MAX} deep") from error
    except ValueError as error:
        raise MalformedError(f"okh.toml: {error}") from error


def _plain(value: object, key: str, depth: int, report: list[Note]) -> Toml:
    """Return what TOML holds without its dates, which no other format of ours has."""
    if depth > DEPTH_MAX:
        raise LimitError(f"okh.toml: {key}: nests at most {DEPTH_MAX} deep")
    if isinstance(value, dict):
        return {
            name: _plain(item, f"{key}.{name}" if key else name, depth + 1, report)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [
            _plain(item, f"{key}[{index}]", depth + 1, report)
            for index, item in enumerate(value)
        ]
    if isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        if not -TOML_INT_MAX - 1 <= value <= TOML_INT_MAX:
            raise InputError(key, "expected an integer of at most 64 bits")
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    report.append(Note("kept-as-text", key, str(value)))
    return str(value)


def _normalise_version(data: dict[str, Toml], report: list[Note]) -> None:
    okhv = data.get("okhv")
    if okhv in _VERSIONS and okhv != VERSION:
        report.append(Note("okhv-read-as", "okhv", str(okhv)))
        data["okhv"] = VERSION
    version = data.get("version")
    if isinstance(version, int | float) and not isinstance(version, bool):
        report.append(Note("kept-as-text", "version", str(version)))
        data["version"] = str(version)


def _require(data: dict[str, Toml], key: str) -> None:
    """Raise InputError unless a key that the standard requires says something."""
    if key not in data:
        raise InputError(key, "is required by OKH")
    value = data[key]
    if key == "licensor":
        return
    if not isinstance(value, str) or not value.strip():
        raise InputError(key, "expected text")
    if key == "okhv" and value != VERSION:
        raise InputError(key, f"expected one of {', '.join(sorted(_VERSIONS))}")


def _normalise_licence(data: dict[str, Toml], report: list[Note]) -> None:
    text = data["license"]
    assert isinstance(text, str)
    licence = normalise(text)
    report.extend(
        Note(f"licence-{flag}", "license", text[:80]) for flag in licence.flags
    )
    if licence.expression is not None:
        data["license"] = licence.expression


def _remarks(manifest: Manifest) -> Iterator[Note]:
    """Yield what was kept as it is, and means nothing to us."""
    for key in manifest.data:
        if key not in _KNOWN:
            yield Note("unknown-key", key, _short(manifest.data[key]))
    for index, part in enumerate(manifest.parts):
        yield from _part_remarks(part, f"part[{index}]")
    yield from _part_remarks(manifest.module, "")


def _part_remarks(part: ManifestPart, at: str) -> Iterator[Note]:
    """Yield what is stated of a part and cannot be used; raise InputError for ours."""
    where = f"{at}." if at else ""
    _ = part.stated
    if at and not part.name:
        raise InputError(f"{at}.name", "is required by OKH")
    if at and not part.tsdc:
        yield Note("part-without-process", f"{at}.tsdc", part.name[:80])
    for code in part.tsdc:
        if not is_known_code(code):
            yield Note("unknown-process", f"{where}tsdc", code[:80])
    read = {
        "outer-dimensions": part.size_um,
        "mass": part.mass_mg,
        "thickness-mm": part.thickness_um,
        "smallest-tolerance-class": part.tolerance_class,
    }
    for key, value in read.items():
        if key in part.data and value is None:
            yield Note("not-read", f"{where}{key}", _short(part.data[key]))


def _short(value: Toml) -> str:
    return str(value)[:80]


def _text(value: Toml | None) -> str:
    return value.strip() if isinstance(value, str) else ""


def _texts(value: Toml | None) -> tuple[str, ...]:
    each = value if isinstance(value, list) else [value]
    return tuple(filter(None, (_text(it) for it in each)))


def _paths(value: Toml | None) -> tuple[str, ...]:
    """Return the files in the folder that `value` names; addresses are left out."""
    inside = [path for path in _texts(value) if "://" not in path]
    return tuple(path.removeprefix("./").lstrip("/") for path in inside)


def _thousandths(value: Toml | None) -> int | None:
    """Return millimetres as micrometres, or grams as milligrams; nil for no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not math.isfinite(value) or not 0 < value <= MILLIMETRES_MAX:
        return None
    return round(float(value) * 1_000)
