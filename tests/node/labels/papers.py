"""A passport and a lot to print, as a workshop in Jackson would have them."""

from __future__ import annotations

import re
from dataclasses import replace

from fabnet.content.cid import Cid
from fabnet.designs.documents.passport import Notice, Passport
from fabnet.node.labels.label import Labelled
from fabnet.node.labels.page import Page, Print, Text
from fabnet.node.labels.ruler import ruler
from fabnet.node.labels.sheet import Duty, Sheet, SheetFile
from fabnet.records.ids import CharterId, DocumentId, FacilityId, JobId, PeerId

JOB = JobId("bafkreiabcdefgh" + "k" * 44)
SOURCE = "https://example.org/hook"
DOCUMENT = "sha256:" + "d" * 64


def passport(
    *,
    title: str = "Wall hook",
    names: tuple[str, ...] = ("Ada Lovelace",),
    sources: tuple[str, ...] = (SOURCE,),
    text: str | None = None,
) -> Passport:
    """A passport of twelve hooks."""
    said = f"{title} by {', '.join(names)}, under CERN-OHL-S-2.0. Source: {sources[0]}"
    return Passport(
        made_by=PeerId("12D3Koo" + "a" * 45),
        facility=FacilityId("workshop"),
        charter=CharterId("sha256:" + "a" * 64),
        design=Cid("bafkrei" + "q" * 52),
        part="hook",
        serial="abcdefgh-1",
        quantity=12,
        grants=(DocumentId("sha256:" + "b" * 64),),
        licence_acceptance=DocumentId("sha256:" + "c" * 64),
        notice=Notice(
            licence="CERN-OHL-S-2.0",
            attribution=names,
            source_location=sources,
            text=said if text is None else text,
        ),
        made_at="2026-11-24T10:00:00Z",
        source_until="2029-11-26T10:00:00Z",
        mass_mg=72_000,
        energy_wh=360,
        minutes=90,
        job=JOB,
        epoch=1,
    )


def labelled(of: Passport | None = None, title: str = "Wall hook") -> Labelled:
    """What its label says."""
    return Labelled(
        of or passport(title=title),
        DOCUMENT,
        title,
        "1.0",
        "Cooperation Jackson",
        "Community Workshop",
    )


def told(**changed: object) -> Sheet:
    """What the sheet of its lot says."""
    sheet = Sheet(
        code="abcdefgh-1",
        job=JOB,
        url="http://127.0.0.1:8102/jobs/abcdefgh",
        pieces=12,
        title="Wall hook",
        version="1.0",
        part="hook",
        facts=(("Machine", "The blue printer"), ("Window", "2026-11-24 09:30 – 14:30")),
        needs=(("Material", "pla"), ("Size", "20 × 10 × 30 mm"), ("Nozzle", "")),
        files=(SheetFile("how.md", "instructions", "2.3 kB", "bafkrei" + "a" * 52),),
        folder="bafybei" + "f" * 52,
        licence="CERN-OHL-S-2.0",
        duties=(Duty("Keep every notice.", "CERN-OHL-S-2.0, 3.1"),),
        is_labelled=True,
        node="Jackson node",
        printed="printed 2026-11-24 09:00",
        moment_ms=1_764_000_000_000,
    )
    return replace(sheet, **changed)  # type: ignore[arg-type]  # a test names fields


def letters(printed: Print) -> str:
    """All that can be read on a print, without the white and the page numbers."""
    return "".join(re.sub(r"(?m)^\d+ of \d+$", "", printed.texts).split())


def outside(page: Page) -> list[str]:
    """The texts that leave the page, as measured."""
    found: list[str] = []
    for item in page.items:
        if not isinstance(item, Text):
            continue
        width = ruler().width_mm(item.text, item.style)
        before = {"start": 0.0, "middle": 0.5, "end": 1.0}[item.anchor] * width
        left, bottom = item.x_mm - before, item.y_mm + 0.3 * item.style.size_mm
        fits_across = left >= 0 and left + width <= page.w_mm
        fits_down = item.y_mm - item.style.size_mm >= -0.5 and bottom <= page.h_mm
        if not (fits_across and fits_down):
            found.append(item.text)
    return found
