"""An OKH manifest: what it says of a design, in and out of TOML and YAML.

Import normalises and says what it did; nothing is made up, unknown keys survive, and
what is written out reads back as what it was. Inside there is one model, the words of
OKH-LOSH 2.4. Source: iop-alliance/OpenKnowHow, template and schema; OKH v1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fabnet.designs.okh import losh, v1
from fabnet.designs.okh.keys import REQUIRED, Dialect, dialect_of
from fabnet.designs.okh.lacking import note_what_lacks
from fabnet.designs.okh.part import ManifestPart
from fabnet.designs.okh.report import Level, Note, Report
from fabnet.designs.okh.toml_door import is_toml, read_toml, write_toml
from fabnet.designs.okh.values import (
    Toml,
    check_depth,
    paths_of,
    tables_of,
    text_of,
    texts_of,
)
from fabnet.designs.revision import OKH_BYTES_MAX
from fabnet.errors import LimitError, MalformedError


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest in the one model, with all that its file held."""

    data: dict[str, Toml]

    @property
    def name(self) -> str:
        """What the design is called."""
        return text_of(self.data.get("name"))

    @property
    def version(self) -> str:
        """The label of this version."""
        return text_of(self.data.get("version"))

    @property
    def repo(self) -> str:
        """Where the design lives."""
        return text_of(self.data.get("repo"))

    @property
    def licence(self) -> str:
        """The licence, as it stands after import; of several, a list with commas."""
        return ", ".join(texts_of(self.data.get("license")))

    @property
    def licensor(self) -> tuple[str, ...]:
        """Those who license it, by the names they give, without group or address."""
        stated = self.data.get("licensor")
        each = stated if isinstance(stated, list) else [stated]
        names = [it.get("name") if isinstance(it, dict) else it for it in each]
        return tuple(filter(None, (_name(text_of(name)) for name in names)))

    @property
    def function(self) -> str:
        """What it is for."""
        return text_of(self.data.get("function"))

    @property
    def bom(self) -> tuple[str, ...]:
        """Paths of its bills of materials."""
        return paths_of(self.data.get("bom"))

    @property
    def parts(self) -> tuple[ManifestPart, ...]:
        """What `[[part]]` lists; empty when there is none."""
        return tuple(ManifestPart(it) for _, it in tables_of(self.data.get("part")))

    @property
    def module(self) -> ManifestPart:
        """The design as a whole, whose keys are those of a part."""
        return ManifestPart(self.data)

    @property
    def missing(self) -> tuple[str, ...]:
        """The keys that OKH requires and that say nothing here."""
        said = {
            **{key: text_of(self.data.get(key)) for key in REQUIRED},
            "license": self.licence,
            "licensor": self.licensor,
        }
        return tuple(key for key in REQUIRED if not said[key])


@dataclass(frozen=True, slots=True)
class Imported:
    """A manifest, and all that is worth saying about how it was read."""

    manifest: Manifest
    report: tuple[Note, ...]
    dialect: Dialect
    edition: str
    """The version of OKH that the file claims; empty when it claims none."""

    @property
    def ok(self) -> bool:
        """Whether nothing is missing or wrong."""
        return not self.errors

    @property
    def errors(self) -> tuple[Note, ...]:
        """What is missing or wrong."""
        return self._of("error")

    @property
    def warnings(self) -> tuple[Note, ...]:
        """What a person should look at."""
        return self._of("warning")

    @property
    def normalised(self) -> tuple[Note, ...]:
        """What was changed, and means the same."""
        return self._of("normalised")

    def _of(self, level: Level) -> tuple[Note, ...]:
        return tuple(note for note in self.report if note.level == level)


def import_okh(raw: bytes) -> Imported:
    """Return the manifest in the bytes of a file, in any dialect, with its report.

    What is missing or wrong stands in the report. Raises RemoteError for bytes that are
    no manifest at all, or more than a limit allows.
    """
    text = _decoded(raw)
    report = Report()
    data = read_toml(text, report) if is_toml(text) else _read_yaml(text, report)
    dialect = dialect_of(data)
    edition = text_of(data.get(_EDITIONS[dialect]))
    told = dialect == "v1" and isinstance(data.get("license"), str | dict)
    lifted = v1.lift(data, report) if dialect == "v1" else data
    manifest = Manifest(losh.normalised(lifted, report, licence_told=told))
    check_depth(manifest.data)
    note_what_lacks(manifest.data, manifest.missing, manifest.licensor, dialect, report)
    return Imported(manifest, report.closed(), dialect, edition)


def export_okh(manifest: Manifest, dialect: Dialect = "losh") -> bytes:
    """Return the manifest as LOSH 2.4 in TOML, or as v1 in YAML.

    Importing it gives the same manifest. Raises LimitError if it would be too long.
    """
    if dialect == "losh":
        raw = write_toml(manifest.data)
    else:
        from fabnet.designs.okh.yaml_door import write_yaml  # noqa: PLC0415  # heavy

        raw = write_yaml(v1.lower(manifest.data))
    _check_length(raw)
    return raw


_EDITIONS: Final = {"losh": "okhv", "v1": "okh-manifest-version"}


def _read_yaml(text: str, report: Report) -> dict[str, Toml]:
    # PyYAML comes with this import, and a node at rest reads no manifest.
    from fabnet.designs.okh.yaml_door import read_yaml  # noqa: PLC0415  # heavy

    return read_yaml(text, report)


def _decoded(raw: bytes) -> str:
    _check_length(raw)
    try:
        return raw.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError as error:
        raise MalformedError("manifest: expected UTF-8") from error


def _check_length(raw: bytes) -> None:
    if len(raw) > OKH_BYTES_MAX:
        raise LimitError(f"manifest: {len(raw)} bytes; the most is {OKH_BYTES_MAX}")


def _name(text: str) -> str:
    """Return the name in `Name (Group) <mail>`."""
    return text.partition("<")[0].partition("(")[0].strip() or text
