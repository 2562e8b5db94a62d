"""DXF drawings, honest and not, written tag by tag."""

from __future__ import annotations

from ezdxf.document import Drawing as Document
from ezdxf.filemanagement import new as new_document

Tag = tuple[int, object]


class Sheet:
    """A text stream that ezdxf writes to."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text += text
        return len(text)


def new(version: str = "R2010", unit: int = 4) -> Document:
    """Return an empty drawing, in millimetres unless `unit` says otherwise."""
    document = new_document(version)
    if version != "R12":
        document.units = unit
    return document


def text_of(document: Document) -> bytes:
    """Return a drawing as CAD would save it."""
    sheet = Sheet()
    document.write(sheet)  # type: ignore[arg-type]  # all that it needs of a stream
    return sheet.text.encode()


def tags(*each: Tag) -> bytes:
    return "".join(f"{code}\n{value}\n" for code, value in each).encode()


def entity(kind: str, *each: Tag) -> bytes:
    return tags((0, kind), (8, "cut"), *each)


def line(x: object, y: object, to_x: object, to_y: object) -> bytes:
    return entity("LINE", (10, x), (20, y), (11, to_x), (21, to_y))


def circle(x: object, y: object, radius: object) -> bytes:
    return entity("CIRCLE", (10, x), (20, y), (40, radius))


def spline(*each: Tag) -> bytes:
    """Return a curve, whose fields stand in a subclass of their own."""
    marked = ((0, "SPLINE"), (100, "AcDbEntity"), (8, "cut"), (100, "AcDbSpline"))
    return tags(*marked, *each)


def insert(name: str, *more: Tag) -> bytes:
    return entity("INSERT", (2, name), (10, 0), (20, 0), *more)


def section(name: str, inside: bytes) -> bytes:
    return tags((0, "SECTION"), (2, name)) + inside + tags((0, "ENDSEC"))


def block(name: str, inside: bytes) -> bytes:
    return (
        tags((0, "BLOCK"), (8, "0"), (2, name), (70, 0), (10, 0), (20, 0), (3, name))
        + inside
        + tags((0, "ENDBLK"), (8, "0"))
    )


def plain(entities: bytes, blocks: bytes = b"", unit: object = 4) -> bytes:
    """Return a small DXF of the year 2000."""
    head = tags((9, "$ACADVER"), (1, "AC1015"), (9, "$INSUNITS"), (70, unit))
    return (
        section("HEADER", head)
        + (section("BLOCKS", blocks) if blocks else b"")
        + section("ENTITIES", entities)
        + tags((0, "EOF"))
    )
