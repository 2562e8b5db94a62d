"""A bill of materials as people write it: a table in a text file, in its dialects.

Separated by commas, semicolons, tabs or bars; the columns in any order, under the names
they have in the wild, in six languages. A row that cannot be read is told by its row
and column, and loses no other. Source: OKH-LOSH's simplified BoM (POS, NAME, UNITS,
TYPE, REFERENCE), exports of KiCad, spreadsheets.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from fabnet.errors import LimitError, MalformedError

BOM_BYTES_MAX: Final = 1_024 * 1_024
"""Bytes of one file; a thousand rows have 200 KiB."""
ROWS_MAX: Final = 2_000
"""Rows of one file; more is no list that a person reads."""
COLUMNS_MAX: Final = 64
"""Columns looked at; an export of a whole parts library has some 40."""
CELL_CHARS_MAX: Final = 400
"""Characters kept of one cell; the rest is cut, and the file still has it."""
HEADING_ROWS_MAX: Final = 30
"""Rows in which the headings are looked for: exports begin with a title page."""
AMOUNT_MAX: Final = 1_000_000
"""Of one row; more is a slip of the pen."""

Sort = Literal["bought", "made", "module", ""]
"""`bought`: STD and BUY; `made`: POSH, a piece of open hardware; `module`: MOSH, a
design of its own; empty where the row does not say."""
Column = Literal["name", "amount", "unit", "sort", "reference"]

_DELIMITERS: Final = ",;\t|"
_HEADINGS: Final[dict[Column, tuple[str, ...]]] = {
    "name": (
        *("name", "partname", "part", "item", "component", "title", "description"),
        *("designation", "value", "comment", "bezeichnung", "benennung", "teil"),
        *("nombre", "pieza", "componente", "descripcion", "nom", "peca", "descricao"),
    ),
    "amount": (
        *("quantity", "qty", "units", "count", "amount", "pieces", "pcs", "quant"),
        *("qnty", "no", "number", "menge", "anzahl", "stuck", "stuckzahl", "cantidad"),
        *("cant", "quantite", "qte", "quantitat", "quantidade", "qtd", "quantita"),
    ),
    "unit": ("unit", "uom", "unitofmeasure", "einheit", "unidad", "unite", "unidade"),
    "sort": ("type", "parttype", "kind", "typ", "art", "tipo"),
    "reference": (
        *("reference", "references", "ref", "source", "link", "url", "supplier"),
        *("vendor", "partnumber", "mpn", "manufacturerpartnumber", "standard", "norm"),
        *("referencia", "quelle", "proveedor", "fournisseur"),
    ),
}
"""Folded; where several stand in one table, the first listed counts."""
_SORTS: Final[dict[str, Sort]] = {
    "std": "bought",
    "standard": "bought",
    "buy": "bought",
    "bought": "bought",
    "purchased": "bought",
    "offtheshelf": "bought",
    "posh": "made",
    "make": "made",
    "made": "made",
    "mosh": "module",
    "module": "module",
}
_AMOUNT: Final = re.compile(
    r"[x×]?\s*([0-9]{1,7})(?:[.,]([0-9]{1,3}))?\s*[x×]?\s*([^\W\d_][^\d]{0,19})?"
)
_GROUPED: Final = re.compile(r"[x×]?\s*[1-9][0-9]*[.,][0-9]{3}(?![0-9])")


@dataclass(frozen=True, slots=True)
class BomRow:
    """One row: so much of something, for one unit of the design."""

    row: int
    """In the file, the first being 1."""
    name: str
    thousandths: int
    """How much, in thousandths of `unit`."""
    unit: str
    """Such as `m`; empty for pieces."""
    sort: Sort
    reference: str
    """Where to get it, or by which standard; as it stands."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One cell that could not be read; its row is left out."""

    row: int
    column: str
    """As its heading stands."""
    code: Literal["bom-no-name", "bom-no-amount", "bom-amount-not-read"]
    was: str


@dataclass(frozen=True, slots=True)
class BomFile:
    """All rows that could be read, and why the others could not."""

    rows: tuple[BomRow, ...]
    faults: tuple[Fault, ...]


def read_bom(raw: bytes) -> BomFile:
    """Return the rows of a bill of materials.

    Raises LimitError for a file that is too large, and MalformedError for one that is
    no text or has no headings, saying which were looked for.
    """
    text = _text(raw)
    table, at, headings = _table(text)
    columns = _columns(headings)
    rows: list[BomRow] = []
    faults: list[Fault] = []
    for number, cells in table[at + 1 :]:
        read = _row(number, cells, columns, headings)
        if isinstance(read, BomRow):
            rows.append(read)
        elif read is not None:
            faults.append(read)
    return BomFile(tuple(rows), tuple(faults))


def fold(text: str) -> str:
    """Return a text as names are compared: no case, accents, spaces or signs."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in plain if letter.isalnum()) or text


def _text(raw: bytes) -> str:
    if len(raw) > BOM_BYTES_MAX:
        raise LimitError(f"bom: {len(raw)} bytes; the most is {BOM_BYTES_MAX}")
    is_wide = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = raw.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError:
        # Spreadsheets in the west of Europe still write it; every byte means something.
        text = raw.decode("cp1252", "replace")
    if "\0" in text:
        raise MalformedError("bom: expected a text file")
    return text


_Table = list[tuple[int, list[str]]]


def _table(text: str) -> tuple[_Table, int, list[str]]:
    """Return the rows under the delimiter that makes most sense, and the headings."""
    best: tuple[int, _Table, int] = (0, [], 0)
    for delimiter in _DELIMITERS:
        table = list(_cells(text, delimiter))
        for at, (_, cells) in enumerate(table[:HEADING_ROWS_MAX]):
            known = _columns(cells)
            if {"name", "amount"} <= known.keys() and len(known) > best[0]:
                best = (len(known), table, at)
    known_columns, table, at = best
    if not known_columns:
        raise MalformedError(
            f"bom: row 1 to {HEADING_ROWS_MAX}: expected the headings of a table, "
            "one for the name (such as name, part or item) and one for the quantity "
            "(such as quantity, qty or units)"
        )
    return table, at, table[at][1]


def _cells(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that holds something, with its number in the file."""
    reader = csv.reader(text.splitlines(), delimiter=delimiter, strict=False)
    try:
        for number, cells in enumerate(reader, 1):
            if number > ROWS_MAX + HEADING_ROWS_MAX:
                raise LimitError(f"bom: more than {ROWS_MAX} rows")
            kept = [_clean(cell) for cell in cells[:COLUMNS_MAX]]
            if any(kept):
                yield number, kept
    except csv.Error as error:
        raise MalformedError(f"bom: row {reader.line_num}: {error}") from error


def _clean(cell: str) -> str:
    letters = (" " if letter.isspace() else letter for letter in cell)
    plain = "".join(
        letter for letter in letters if unicodedata.category(letter)[0] != "C"
    )
    return " ".join(plain.split())[:CELL_CHARS_MAX]


def _columns(headings: Sequence[str]) -> dict[Column, int]:
    """Return where each column that we know stands."""
    places: dict[str, int] = {}
    for place, heading in enumerate(headings):
        places.setdefault(fold(heading), place)
    found: dict[Column, int] = {}
    for column, names in _HEADINGS.items():
        first = next((name for name in names if name in places), None)
        if first is not None:
            found[column] = places[first]
    return found


def _row(
    number: int,
    cells: Sequence[str],
    columns: dict[Column, int],
    headings: Sequence[str],
) -> BomRow | Fault | None:
    """Return a row, why it cannot be read, or nil for one that is only a subtitle."""
    told = {
        column: cells[place] if place < len(cells) else ""
        for column, place in columns.items()
    }
    name, amount = told["name"], told["amount"]
    if not name and not amount:
        return None
    if not name:
        return Fault(number, headings[columns["name"]], "bom-no-name", amount)
    heading = headings[columns["amount"]]
    if not amount:
        return Fault(number, heading, "bom-no-amount", name)
    read = _AMOUNT.fullmatch(amount)
    # 1,000 is a thousand in one country and one in another: nothing is guessed.
    is_clear = read is not None and not _GROUPED.match(read[0])
    thousandths = _thousandths(read[1], read[2]) if read is not None and is_clear else 0
    if read is None or not 0 < thousandths <= AMOUNT_MAX * 1_000:
        return Fault(number, heading, "bom-amount-not-read", amount)
    unit = told.get("unit", "") or (read[3] or "").strip()
    sort = _SORTS.get(fold(told.get("sort", "")), "")
    is_pieces = fold(unit) in _PIECES
    reference = told.get("reference", "")
    return BomRow(number, name, thousandths, "" if is_pieces else unit, sort, reference)


_PIECES: Final = frozenset(
    {"", "pc", "pcs", "piece", "pieces", "x", "ea", "each", "st", "stk", "stuck", "ud"}
)


def _thousandths(whole: str, fraction: str | None) -> int:
    return int(whole) * 1_000 + int((fraction or "").ljust(3, "0"))
