"""Labels and job sheets over the API: found by the code that is printed on them."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import aiohttp
import pytest

from tests.node.cooperative import design
from tests.node.desk import Desk, at_desk
from tests.node.test_api_walk import NAME, filed

pytestmark = pytest.mark.asyncio

SVG = "{http://www.w3.org/2000/svg}"


async def asked(desk: Desk, path: str) -> tuple[int, str, bytes]:
    async with desk.client.get(desk.url + path) as response:
        return response.status, response.content_type, await response.read()


async def made(desk: Desk) -> str:
    job = await filed(desk, pieces=1)
    await desk.make()
    await desk.until_lot(job, "closed")
    return job


def said(content: bytes) -> str:
    root = ET.fromstring(content)
    return " ".join(it.text or "" for it in root.iter(f"{SVG}text"))


async def test_a_label_is_found_by_the_code_that_it_bears(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        job = await made(desk)
        code = f"{job[7:15]}-1"

        status, kind, content = await asked(desk, f"/v1/passports/{code}/label.svg")
        assert (status, kind) == (200, "image/svg+xml")
        for told in (code, "Wall hook", "1.0 · hook · 1 piece", "Jackson", "by Ada"):
            assert told in said(content), told
        assert "https://example.org/hook" in said(content)

        status, kind, content = await asked(desk, f"/v1/passports/{code}/label.pdf")
        assert (status, kind) == (200, "application/pdf")
        assert content.startswith(b"%PDF-")


async def test_a_label_is_found_by_the_passports_own_id(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        job = await made(desk)
        _, _, content = await asked(desk, f"/v1/passports/{job}-1/label.svg")
        words = said(content).split()
        at = words.index("Passport")
        document = "".join(words[at + 1 : at + 4])

        status, _, same = await asked(desk, f"/v1/passports/{document}/label.svg")
        assert (status, same) == (200, content)


async def test_a_page_of_labels_has_as_many_as_were_asked_for(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        job = await made(desk)
        path = f"/v1/passports/{job}-1/label.svg?paper=a4&copies=4"
        _, _, content = await asked(desk, path)

        assert said(content).count("PRODUCT PASSPORT") == 4
        assert (await asked(desk, path + "&page=2"))[0] == 404


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("paper=a5", "paper"),
        ("copies=0", "copies"),
        ("copies=x", "copies"),
        ("q=1", "q"),
    ],
)
async def test_a_wrong_wish_is_named(tmp_path: Path, query: str, field: str) -> None:
    async with at_desk(tmp_path) as desk:
        status, no = await desk.get(f"/v1/passports/x-1/label.pdf?{query}")

        assert status == 422
        assert no["field"] == field


async def test_of_what_was_not_made_there_is_no_label(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        job = await filed(desk, pieces=1)
        for name in (f"{job}-1", f"{job}-x", "nothing", "sha256:" + "0" * 64):
            assert (await asked(desk, f"/v1/passports/{name}/label.svg"))[0] == 404


async def test_a_job_sheet_has_the_files_the_terms_and_no_name_of_a_person(
    tmp_path: Path,
) -> None:
    async with at_desk(tmp_path) as desk:
        job = await filed(desk, pieces=3)
        await desk.until_making(job, "running")

        status, kind, content = await asked(desk, f"/v1/lots/{job[7:15]}/1/sheet.svg")
        assert (status, kind) == (200, "image/svg+xml")
        shown = said(content)
        for told in (
            f"JOB SHEET · {job[7:15]}-1",
            "3 × hook",
            "Wall hook · 1.0",
            "The blue printer (workshop/printer)",
            "Jackson Community Workshop",
            "Shelter and food",
            "20 × 10 × 30 mm",
            "pla",
            "hook.scad",
            design().folder,
            "WHAT CERN-OHL-S-2.0 ASKS OF US",
            "Give everyone who gets a product the source",
            "Put the passport’s label",
            "Signature",
            f"/jobs/{job[7:15]}",
        ):
            assert told in shown, told
        assert NAME not in shown
        assert shown.index("how.md") < shown.index("hook.scad")

        status, _, content = await asked(desk, f"/v1/lots/{job}/1/sheet.pdf")
        assert (status, content[:5]) == (200, b"%PDF-")


async def test_only_a_lot_that_is_leased_here_has_a_sheet(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        job = await filed(desk, pieces=1)
        await desk.until_making(job, "running")

        for lot in ("2", "x", "-1"):
            assert (await asked(desk, f"/v1/lots/{job}/{lot}/sheet.svg"))[0] == 404
        assert (await asked(desk, f"/v1/lots/{job}/1/sheet.svg?page=2"))[0] == 404


async def test_the_page_of_a_job_leads_to_its_papers(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        job = await filed(desk, pieces=1)
        await desk.until_making(job, "running")
        _, page = await desk.page(f"/jobs/{job}")
        assert f'href="/v1/lots/{job}/1/sheet.pdf"' in page
        assert "/v1/passports/" not in page

        await desk.make()
        await desk.until_lot(job, "closed")
        _, page = await desk.page(f"/jobs/{job}")
        assert f'href="/v1/passports/{job}-1/label.pdf"' in page
        assert "sheet.pdf" not in page


async def test_a_label_is_shown_under_the_same_rules_as_a_page(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        job = await made(desk)
        url = f"{desk.url}/v1/passports/{job}-1/label.svg"
        async with aiohttp.ClientSession() as client, client.get(url) as response:
            assert "default-src 'none'" in response.headers["Content-Security-Policy"]
            assert response.headers["X-Content-Type-Options"] == "nosniff"
