"""Bills of materials as they are in the wild, and what a whole unit takes."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.content.cid import of_raw
from fabnet.designs import bom as boms
from fabnet.designs.bom import UnitPart, bom, designs_in, unit_parts
from fabnet.designs.bom_file import BOM_BYTES_MAX, ROWS_MAX, BomRow, Fault, read_bom
from fabnet.designs.revision import Origin, Part, Revision, encode, parse
from fabnet.errors import FabnetError, LimitError, MalformedError
from fabnet.records.refusal import Refusal
from tests.designs.samples import cid_of, requirement, revision, shared

CHANGED = msgspec.structs.replace


def rows(text: str) -> list[tuple[str, int, str, str, str]]:
    read = read_bom(text.encode())
    assert not read.faults, read.faults
    return [
        (it.name, it.thousandths, it.unit, it.sort, it.reference) for it in read.rows
    ]


def faults(text: str) -> tuple[Fault, ...]:
    return read_bom(text.encode()).faults


def lamp() -> Revision:
    """Two parts of two processes, the shade under a licence of its own."""
    foot = Part(
        name="Foot", requirement=requirement(), reference_s=600, quantity=1, files=()
    )
    shade = Part(
        name="Lamp shade",
        requirement=requirement(process="laser-cutting", materials=("plywood",)),
        reference_s=120,
        quantity=2,
        files=(),
        licence="CC-BY-SA-4.0",
    )
    return CHANGED(revision(), title="Lamp", parts=(foot, shade))


# ------------------------------------------------------------------ the file


def test_the_bill_of_a_losh_module_is_read_whole() -> None:
    read = read_bom(shared("data/okh/losh_dummy-mosh-a_sBoM.csv").read_bytes())

    assert not read.faults
    assert len(read.rows) == 13
    sorts = [it.sort for it in read.rows]
    assert (sorts.count("bought"), sorts.count("made"), sorts.count("module")) == (
        9, 2, 2,
    )  # fmt: skip
    assert read.rows[0] == BomRow(
        2, "threaded rod M8", 2_000, "", "bought", "DIN 795 M8 x 180"
    )


@pytest.mark.parametrize(
    "text",
    [
        "name,quantity,type\nM4 screw,4,STD\n",
        "\ufeffQty;Type;Part name\r\n4;buy;M4 screw\r\n",
        "Type\tPART\tUNITS\nSTD\tM4 screw\t4 pcs\n",
        "Some export\n\nBezeichnung;Menge;Typ\nM4 screw;4 Stk;STD\n",
        'Item|Quantité|Kind\n"M4 screw"|4x|Purchased\n',
    ],
)
def test_dialects_say_the_same(text: str) -> None:
    assert rows(text) == [("M4 screw", 4_000, "", "bought", "")]


def test_amounts_keep_their_unit_and_their_fraction() -> None:
    text = "name;qty;unit\nstring;1,5;m\nglue;0.125 l;\nrope;3 m;\n"

    assert [row[1:3] for row in rows(text)] == [
        (1_500, "m"),
        (125, "l"),
        (3_000, "m"),
    ]


def test_the_windows_code_page_and_utf_16_are_read() -> None:
    text = "Nombre;Cantidad\nTornillo de unión;2\n"

    for encoding in ("cp1252", "utf-16"):
        assert read_bom(text.encode(encoding)).rows[0].name == "Tornillo de unión"


@pytest.mark.parametrize(
    ("cell", "code"),
    [("a few", "bom-amount-not-read"), ("", "bom-no-amount"), ("-1", None),
     ("0", None), ("1,000", None), ("9999999", None), ("½", None)],
)  # fmt: skip
def test_an_odd_amount_is_told_by_row_and_column_and_loses_no_other(
    cell: str, code: str | None
) -> None:
    read = read_bom(f'part,Qty.\nscrew,"{cell}"\nnut,2\n'.encode())

    [fault] = read.faults
    assert (fault.row, fault.column) == (2, "Qty.")
    assert fault.code == (code or "bom-amount-not-read")
    assert [row.name for row in read.rows] == ["nut"]


def test_a_row_without_a_name_is_told_and_an_empty_one_is_not() -> None:
    assert [(it.row, it.code) for it in faults("part,qty,type\n,2,STD\n,,STD\n")] == [
        (2, "bom-no-name")
    ]


@pytest.mark.parametrize(
    "raw",
    [b"", b"\0\0\0\0", b"just words\n", b"name,colour\nscrew,red\n", b"\xff\xfea"],
)
def test_what_has_no_headings_says_what_was_expected(raw: bytes) -> None:
    with pytest.raises(MalformedError, match=r"^bom: .*expected"):
        read_bom(raw)


def test_a_bill_without_end_is_refused() -> None:
    with pytest.raises(LimitError, match="bytes"):
        read_bom(b"x" * (BOM_BYTES_MAX + 1))
    with pytest.raises(LimitError, match="rows"):
        read_bom(b"name,qty\n" + b"a,1\n" * (ROWS_MAX + 40))


@given(st.one_of(st.binary(max_size=400), st.text(max_size=400).map(str.encode)))
def test_whatever_the_bytes_are_they_are_read_or_refused(raw: bytes) -> None:
    for each in (raw, b"name,qty\n" + raw):
        try:
            read = read_bom(each)
        except FabnetError:
            continue
        assert all(row.thousandths > 0 for row in read.rows)
        assert all(row.name.isprintable() for row in read.rows)


# ------------------------------------------------------------------ the bill


def test_a_unit_takes_each_part_with_its_process_and_its_own_licence() -> None:
    bill = bom(lamp(), 3)

    assert [(it.part, it.process, it.pieces, it.licence) for it in bill.made] == [
        ("Foot", "3d-printing.fdm", 3, "CERN-OHL-S-2.0"),
        ("Lamp shade", "laser-cutting", 6, "CC-BY-SA-4.0"),
    ]
    assert [it.reference_s for it in bill.made] == [600, 120]


def test_a_row_that_names_a_made_part_counts_once() -> None:
    text = "name,qty,type\nlamp-SHADE,2,POSH\nM4 screw,4,STD\nfelt,1,\nfoot,2,BUY\n"
    bill = bom(lamp(), 3, read_bom(text.encode()).rows)

    assert [(it.name, it.thousandths) for it in bill.bought] == [("M4 screw", 12_000)]
    assert [it.name for it in bill.unstated] == ["felt"]
    assert [(it.code, it.stated, it.described) for it in bill.remarks] == [
        ("bom-counts-differ", 2_000, 1_000),
        ("bom-made-and-bought", 2_000, 1_000),
    ]


def test_a_made_row_that_no_part_describes_is_not_made_up() -> None:
    read = read_bom(b"name,qty,type\nClamp Ring,2,POSH\n")
    bill = bom(lamp(), 1, read.rows)

    assert len(bill.made) == 2
    assert [it.name for it in bill.unstated] == ["Clamp Ring"]
    assert [it.code for it in bill.remarks] == ["bom-part-not-described"]


def test_other_designs_come_from_the_manifest_and_modules_from_the_file() -> None:
    hook = cid_of(revision())
    design = CHANGED(
        lamp(),
        derived_from=(
            Origin(cid=hook, relation="part", quantity=2),
            Origin(cid=of_raw(b"x"), relation="remix"),
        ),
    )
    text = f"name,qty,type,link\nHook,2,MOSH,ipfs://{hook}\nModule B,1,MOSH,git\n"
    bill = bom(design, 3, read_bom(text.encode()).rows)

    assert [(it.cid, it.name, it.units) for it in bill.designs] == [
        (hook, "Hook", 6),
        (None, "Module B", 3),
    ]
    assert not bill.remarks


# ------------------------------------------------------------------ a whole unit


def test_a_whole_unit_is_every_made_part_of_every_design_in_it() -> None:
    hook = revision()
    design = CHANGED(
        lamp(),
        derived_from=(Origin(cid=cid_of(hook), relation="part", quantity=2),),
    )
    cid = cid_of(design)
    held = {cid: design, cid_of(hook): hook}

    assert designs_in(design) == (cid_of(hook),)
    assert unit_parts(cid, 3, held) == (
        UnitPart(cid, "Foot", 3),
        UnitPart(cid, "Lamp shade", 6),
        UnitPart(cid_of(hook), "Hook", 6),
    )


def test_a_unit_whose_parts_are_not_held_is_not_asked_for_by_halves() -> None:
    design = CHANGED(
        lamp(), derived_from=(Origin(cid=of_raw(b"gone"), relation="part"),)
    )
    cid = cid_of(design)

    no = unit_parts(cid, 1, {cid: design})
    assert no == Refusal("design-not-held", (("revision", of_raw(b"gone")),))


def test_a_design_of_which_nothing_is_made_is_refused() -> None:
    empty = CHANGED(revision(), parts=())
    no = unit_parts(cid_of(empty), 1, {cid_of(empty): empty})

    assert isinstance(no, Refusal)
    assert no.reason == "makes-nothing"


def test_designs_within_designs_have_a_bottom(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boms, "DEPTH_MAX", 3)
    held: dict[str, Revision] = {}
    inner = revision()
    for _ in range(3):
        cid = cid_of(inner)
        held[cid] = inner
        inner = CHANGED(
            revision(), derived_from=(Origin(cid=cid, relation="part"),), version=cid
        )
    top = cid_of(inner)
    whole = {top: inner, **held}

    no = unit_parts(top, 1, whole)  # type: ignore[arg-type]  # every key is a CID
    assert isinstance(no, Refusal)
    assert no.reason == "designs-too-deep"


# ------------------------------------------------------------------ the manifest


def test_the_quantity_of_a_part_is_kept_and_one_is_left_out() -> None:
    several = CHANGED(
        revision(),
        derived_from=(Origin(cid=of_raw(b"x"), relation="part", quantity=4),),
    )
    one = CHANGED(revision(), derived_from=(Origin(cid=of_raw(b"x"), relation="part"),))

    assert parse(encode(several)) == several
    assert b"quantity" not in encode(CHANGED(one, parts=()))


def test_only_a_part_has_a_quantity() -> None:
    wrong = CHANGED(
        revision(),
        derived_from=(Origin(cid=of_raw(b"x"), relation="remix", quantity=2),),
    )

    with pytest.raises(MalformedError, match=r"^derivedFrom\[0\]\.quantity"):
        encode(wrong)
