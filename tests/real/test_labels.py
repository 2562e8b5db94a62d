"""Labels as other people's tools see them: a reader of codes, a reader of text."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from fabnet.node.labels import pdf, svg
from fabnet.node.labels.label import label, on_a4
from fabnet.node.labels.page import Print
from fabnet.node.labels.ruler import ruler
from fabnet.node.labels.sheet import sheet
from tests.node.labels.papers import SOURCE, labelled, passport, told

pytestmark = pytest.mark.real

TOOLS = {
    "pdftoppm": "poppler-utils",
    "pdftotext": "poppler-utils",
    "rsvg-convert": "librsvg2-bin",
    "zbarimg": "zbar-tools",
}
NAMES = ("Жанна Ñandú-Şahin", "Ελένη Παπαδοπούλου", "ნინო", "Łódź")


def run(tool: str, *args: str | Path) -> str:
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not here; Debian has it in {TOOLS[tool]}")
    words = [tool, *map(str, args)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


def as_pdf(printed: Print, folder: Path) -> Path:
    content = pdf.draw(printed, ruler())
    assert isinstance(content, bytes)
    file = folder / "print.pdf"
    file.write_bytes(content)
    return file


def codes_in(picture: Path) -> set[str]:
    return set(run("zbarimg", "-q", "--raw", picture).splitlines())


def test_the_codes_of_a_printed_pdf_can_be_read(tmp_path: Path) -> None:
    for printed, holds in (
        (label(labelled(), ruler()), SOURCE),
        (on_a4(label(labelled(), ruler()), None), SOURCE),
        (sheet(told(), ruler()), told().url),
    ):
        run("pdftoppm", "-r", "203", "-png", as_pdf(printed, tmp_path), tmp_path / "p")
        assert codes_in(tmp_path / "p-1.png") == {holds}


def test_the_code_of_an_svg_can_be_read(tmp_path: Path) -> None:
    printed = label(labelled(), ruler())
    picture = tmp_path / "label.svg"
    picture.write_bytes(svg.draw(printed.pages[0], printed.title, ruler()))
    run("rsvg-convert", "-z", "3", "-o", tmp_path / "label.png", picture)

    assert codes_in(tmp_path / "label.png") == {SOURCE}


def test_a_viewer_with_wider_letters_keeps_the_margin_white(tmp_path: Path) -> None:
    of = passport(sources=("https://example.org/" + "WmQ08/" * 40,))
    printed = label(labelled(of, "Mammut Wimpel " * 6), ruler())
    picture, png = tmp_path / "label.svg", tmp_path / "label.png"
    drawn = svg.draw(printed.pages[0], printed.title, ruler()).decode()
    picture.write_text(drawn.replace("FiraGO, Fira Sans, Noto Sans, ", ""))
    run("rsvg-convert", "-b", "white", "-z", "4", "-o", png, picture)

    with Image.open(png) as seen:
        grey = seen.convert("L")
        edge = grey.width * 2 // 62
        right = grey.crop((grey.width - edge, 0, grey.width, grey.height))
        assert right.getextrema() == (255, 255)
        assert grey.getextrema()[0] == 0


def test_every_letter_of_a_pdf_can_be_taken_out_again(tmp_path: Path) -> None:
    of = passport(title="Garderobenhaken für Mäntel", names=NAMES)
    printed = label(labelled(of, "Garderobenhaken für Mäntel"), ruler())
    read = run("pdftotext", "-raw", as_pdf(printed, tmp_path), "-")

    def letters(text: str) -> str:
        return re.sub(r"\s", "", text)

    for name in (*NAMES, of.notice.text, of.design):
        assert letters(name) in letters(read), name
