"""The job sheet: what a bench without a screen needs to know."""

from __future__ import annotations

import pytest

from fabnet.errors import LimitError
from fabnet.node.labels.page import Box, Code
from fabnet.node.labels.qr import modules
from fabnet.node.labels.ruler import ruler
from fabnet.node.labels.sheet import TALLY_ROWS, Duty, SheetFile, sheet
from tests.node.labels.papers import JOB, letters, outside, told


def files(count: int) -> tuple[SheetFile, ...]:
    return tuple(
        SheetFile(f"parts/{n:04}/{'deep/' * 20}piece.stl", "export", "1 MB", f"baf{n}")
        for n in range(count)
    )


def test_a_sheet_says_what_to_make_how_and_on_which_terms() -> None:
    printed = sheet(told(), ruler())
    said = printed.texts

    for each in (
        "JOB SHEET · abcdefgh-1",
        "12 × hook",
        "Wall hook · 1.0",
        "The blue printer",
        "2026-11-24 09:30 – 14:30",
        "20 × 10 × 30 mm",
        "how.md",
        "bafkrei" + "a" * 52,
        "bafybei" + "f" * 52,
        "WHAT CERN-OHL-S-2.0 ASKS OF US",
        "Keep every notice. (CERN-OHL-S-2.0, 3.1)",
        "Put the passport’s label on the pieces",
        "Good in all",
        "Scrap in all",
        "Signature",
        f"job {JOB}",
        "1 of 1",
    ):
        assert each in said, each


def test_what_is_not_asked_of_a_machine_is_not_on_the_sheet() -> None:
    assert "Nozzle" not in sheet(told(), ruler()).texts


def test_the_code_leads_to_the_job() -> None:
    [page] = sheet(told(), ruler()).pages
    [code] = [item for item in page.items if isinstance(item, Code)]

    assert code.rows == modules("http://127.0.0.1:8102/jobs/abcdefgh")


def test_a_long_sheet_loses_no_file_and_numbers_its_pages() -> None:
    printed = sheet(told(files=files(120)), ruler())
    said = letters(printed)

    assert f"{len(printed.pages)} of {len(printed.pages)}" in printed.texts
    for file in files(120):
        assert file.path in said
    assert not [text for page in printed.pages for text in outside(page)]


def test_the_table_to_count_on_is_never_torn() -> None:
    for count in range(24):
        printed = sheet(told(files=files(count)), ruler())
        tables = [
            len([it for it in page.items if isinstance(it, Box) and it.ink == "pale"])
            for page in printed.pages
        ]
        assert [it for it in tables if it] == [4 * (TALLY_ROWS + 1)]


def test_more_files_than_anyone_prints_are_refused_by_name() -> None:
    with pytest.raises(LimitError, match="pages"):
        sheet(told(files=files(4_000)), ruler())


def test_terms_that_nobody_knows_are_not_said_to_ask_nothing() -> None:
    assert "read the licence" in sheet(told(duties=None), ruler()).texts
    assert "Nothing beyond" in sheet(told(duties=()), ruler()).texts


def test_long_words_stay_on_the_page() -> None:
    long = "Donaudampfschifffahrtsgesellschaftskapitänsmützenhalterung" * 2
    printed = sheet(
        told(
            part=long,
            title=long,
            node=long,
            facts=(("Machine", long), ("Workshop", long), ("Window", "now")),
            duties=(Duty(long, long),),
        ),
        ruler(),
    )

    assert not [text for page in printed.pages for text in outside(page)]
    assert letters(printed).count(long) >= 6
