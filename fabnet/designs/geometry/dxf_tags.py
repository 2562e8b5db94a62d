"""DXF as tags: only those sections, entities and values that a drawing is measured by.

What is left out never reaches ezdxf: objects, dictionaries, pictures, text, and every
handle that refers to another place in the file. Source: Autodesk's DXF reference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from ezdxf.lldxf.types import DXFTag

from fabnet.errors import LimitError, MalformedError

DXF_BYTES_MAX: Final = 64 * 1024 * 1024
"""As many as a node takes in one upload."""
LINE_BYTES_MAX: Final = 4_096
"""The format ends a text at 2,049."""
TAGS_MAX: Final = 600_000
"""Tags that are kept, 150 bytes each: twelve for each entity."""
ENTITIES_MAX: Final = 50_000
"""Entities that are kept, 2 kB each; a large engraving has some 20,000."""
KINDS_MAX: Final = 64
"""Kinds of entities that are named as ignored; the format knows fewer."""

_BINARY: Final = b"AutoCAD Binary DXF"
_VARIABLES: Final = frozenset({"$ACADVER", "$INSUNITS"})
_CUT: Final = frozenset(
    {"LINE", "LWPOLYLINE", "POLYLINE", "ARC", "CIRCLE", "ELLIPSE", "SPLINE", "INSERT"}
)
_HOLDING: Final = frozenset({"VERTEX", "SEQEND", "BLOCK", "ENDBLK"})
_UNSEEN: Final = frozenset({"ATTRIB", "ATTDEF", "VIEWPORT", "POINT"})
"""Left out without a word: they are no lines, and every drawing has some."""
_HANDLES: Final = frozenset({5, 105, *range(320, 370), 390, 480, 481})


class TagReader:
    """Yields the tags of a DXF file that count, in the file's order."""

    def __init__(self, data: bytes) -> None:
        """Take a text DXF; raise RemoteError for a long or binary one."""
        if len(data) > DXF_BYTES_MAX:
            raise LimitError(f"dxf: {len(data)} bytes; the most is {DXF_BYTES_MAX}")
        if data.startswith(_BINARY):
            raise MalformedError("dxf: the binary form; expected the text form")
        self._data = data
        self.ignored: Counter[str] = Counter()
        """Kinds of entities that were left out, and how many of each."""
        self._section = ""
        self._keep = False
        self._table = ""
        self._entities = 0

    def __iter__(self) -> Iterator[DXFTag]:
        kept = 0
        opening: DXFTag | None = None
        grouped = False
        for code, value in self._pairs():
            if code == 102:
                grouped = value.startswith("{")
            if code == 0 or not (grouped or code == 102 or _is_left_out(code)):
                grouped = grouped and code != 0
                tag = DXFTag(code, value)
                if opening is not None:
                    yield from self._opened(opening, tag)
                    opening = None
                elif code == 0 and value in ("SECTION", "TABLE"):
                    opening = tag
                elif self._counts(code, value):
                    kept += 1
                    yield tag
            if kept > TAGS_MAX:
                raise LimitError(f"dxf: more than {TAGS_MAX} tags")
            if code == 0 and value == "EOF":
                return

    def _opened(self, opening: DXFTag, name: DXFTag) -> Iterator[DXFTag]:
        """Yield the beginning of a section or table, if anything in it counts."""
        if name.code != 2:
            raise MalformedError(f"dxf: expected the name of a {opening.value}")
        if opening.value == "SECTION":
            self._section = name.value
            self._keep = self._section in ("HEADER", "TABLES", "BLOCKS", "ENTITIES")
            self._table = ""
        else:
            self._table = name.value
            self._keep = self._section == "TABLES" and self._table == "LAYER"
        if self._keep:
            yield opening
            yield name
        self._keep = self._keep and self._section != "HEADER"

    def _counts(self, code: int, value: str) -> bool:
        """Whether a tag is one that we measure by."""
        if code == 0:
            return self._begins(value)
        if self._section == "HEADER" and code == 9:
            self._keep = value in _VARIABLES
        return self._keep

    def _begins(self, kind: str) -> bool:
        if kind in ("ENDSEC", "EOF"):
            known = self._section in ("HEADER", "TABLES", "BLOCKS", "ENTITIES")
            self._section, self._keep = "", False
            return known or kind == "EOF"
        if self._section == "TABLES":
            return self._table == "LAYER" and kind in ("LAYER", "ENDTAB")
        self._keep = kind in _CUT or kind in _HOLDING
        if self._section not in ("BLOCKS", "ENTITIES"):
            self._keep = False
        elif self._keep:
            self._entities += 1
            if self._entities > ENTITIES_MAX:
                raise LimitError(f"dxf: more than {ENTITIES_MAX} entities")
        elif kind not in _UNSEEN and len(self.ignored) < KINDS_MAX:
            self.ignored[kind[:40]] += 1
        return self._keep

    def _pairs(self) -> Iterator[tuple[int, str]]:
        """Yield each group code and value."""
        lines = self._lines()
        for number, line in lines:
            try:
                code = int(line)
            except ValueError:
                raise MalformedError(
                    f"dxf.line {number}: expected a group code"
                ) from None
            _, value = next(lines, (0, None))
            if value is None:
                raise MalformedError("dxf: ends within a tag")
            yield code, _text(value)

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        data = self._data
        at = 3 if data.startswith(b"\xef\xbb\xbf") else 0
        number = 0
        while at < len(data):
            number += 1
            end = data.find(b"\n", at, at + LINE_BYTES_MAX)
            if end < 0:
                if len(data) - at > LINE_BYTES_MAX:
                    raise LimitError(
                        f"dxf.line {number}: more than {LINE_BYTES_MAX} bytes"
                    )
                end = len(data)
            yield number, data[at:end]
            at = end + 1


def _is_left_out(code: int) -> bool:
    """Whether a code is a comment, a handle, or some program's own data."""
    return code in _HANDLES or code >= 999


def _text(value: bytes) -> str:
    try:
        return value.decode().strip("\r")
    except UnicodeDecodeError:
        return value.decode("cp1252", "replace").strip("\r")
