"""The two pens: what is on a page is in the SVG and in the PDF."""

from __future__ import annotations

import re
import subprocess
import sys
from xml.etree import ElementTree as ET

import pytest
import segno
from hypothesis import given, settings
from hypothesis import strategies as st

from fabnet.node.labels import pdf, svg
from fabnet.node.labels.label import label
from fabnet.node.labels.page import Text
from fabnet.node.labels.qr import fits_qr, modules
from fabnet.node.labels.ruler import ruler
from fabnet.node.labels.sheet import sheet
from fabnet.records.refusal import Refusal
from tests.node.labels.papers import SOURCE, labelled, passport, told

SVG = "{http://www.w3.org/2000/svg}"
EVIL = "</text><script>alert(1)</script><text a=\"'&"
_RUN = re.compile(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z")


def drawn(title: str = "Wall hook") -> ET.Element:
    printed = label(labelled(title=title), ruler())
    return ET.fromstring(svg.draw(printed.pages[0], printed.title, ruler()))


def test_the_svg_holds_every_text_of_the_page() -> None:
    printed = sheet(told(), ruler())
    root = ET.fromstring(svg.draw(printed.pages[0], "t", ruler()))
    said = [element.text for element in root.iter(f"{SVG}text")]

    assert said == [it.text for it in printed.pages[0].items if isinstance(it, Text)]
    assert (root.get("width"), root.get("height")) == ("210mm", "297mm")


def test_a_title_that_is_markup_stays_text() -> None:
    root = drawn(EVIL)
    kinds = {element.tag.removeprefix(SVG) for element in root.iter()}

    assert kinds == {"svg", "title", "rect", "path", "text"}
    assert EVIL.replace(" ", "") in "".join(root.itertext()).replace(" ", "").replace(
        "\n", ""
    )


@settings(max_examples=40, deadline=None)
@given(st.text(min_size=1, max_size=120))
def test_any_title_makes_a_well_formed_picture(title: str) -> None:
    if not title.isprintable() and any(0xD800 <= ord(it) < 0xE000 for it in title):
        return
    assert drawn(title).tag == f"{SVG}svg"


def test_the_svg_asks_for_nothing_and_styles_nothing() -> None:
    content = svg.draw(label(labelled(), ruler()).pages[0], "t", ruler()).decode()

    assert not re.findall(r"style|href|url\(|@import|<script|on\w+=", content)


def test_a_line_whose_width_is_a_guess_says_how_long_it_may_be() -> None:
    lines = list(drawn("壁掛け" * 20).iter(f"{SVG}text"))
    guessed = [it for it in lines if "壁掛" in (it.text or "")]
    told = [it for it in lines if "Jackson" in (it.text or "")]

    assert len(guessed) > 2
    assert all(float(it.get("textLength", "99")) <= 55 for it in guessed)
    assert told
    assert not [it for it in told if it.get("textLength")]


def test_the_drawn_code_is_the_code_module_for_module() -> None:
    root = drawn()
    [path] = [it for it in root.iter(f"{SVG}path") if it.get("transform")]
    rows = [bytearray(len(modules(SOURCE))) for _ in modules(SOURCE)]
    for x, y, width, back in _RUN.findall(path.get("d", "")):
        assert width == back
        rows[int(y)][int(x) : int(x) + int(width)] = b"\1" * int(width)

    assert tuple(map(bytes, rows)) == modules(SOURCE)
    wanted = segno.make(SOURCE, error="m", boost_error=False, micro=False).matrix
    assert [list(row) for row in rows] == [list(row) for row in wanted]


def test_a_code_is_short_enough_to_be_read() -> None:
    assert fits_qr(SOURCE)
    assert not fits_qr("")
    assert not fits_qr("x" * 301)
    assert not fits_qr("é" * 151)


def test_the_same_print_gives_the_same_pdf() -> None:
    one, other = (pdf.draw(sheet(told(), ruler()), ruler()) for _ in range(2))

    assert isinstance(one, bytes)
    assert one.startswith(b"%PDF-")
    assert one == other


def test_a_pdf_has_a_page_for_each_and_each_its_size() -> None:
    sources = tuple(f"https://example.org/{'deep/' * 200}{n}" for n in range(8))
    printed = label(labelled(passport(sources=sources)), ruler())
    content = pdf.draw(printed, ruler())

    assert isinstance(content, bytes)
    # The first is what pages have that say nothing of their own.
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", content)
    sizes = [
        (round(float(w) / 72 * 25.4), round(float(h) / 72 * 25.4)) for w, h in boxes[1:]
    ]
    assert sizes == [(62, round(page.h_mm)) for page in printed.pages]


@pytest.mark.parametrize("name", ["山田太郎", "أحمد منصور"])
def test_a_pdf_that_would_lose_a_name_is_refused_and_the_svg_has_it(name: str) -> None:
    printed = label(labelled(passport(names=(name,))), ruler())

    refused = pdf.draw(printed, ruler())
    assert isinstance(refused, Refusal)
    assert refused.reason == "letters-not-in-font"
    assert name[0] in str(refused.args)
    assert name in svg.draw(printed.pages[0], "t", ruler()).decode()


def test_a_node_that_prints_nothing_loads_no_pen() -> None:
    asked = (
        "import sys, fabnet.node.app, fabnet.node.cli.main; "
        "print(sorted({'fpdf', 'segno', 'pymupdf_fonts', 'PIL'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
