"""Licences over the API: what they say, and what they make of a derived design."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import msgspec
import pytest

from fabnet.content import cid as cids
from fabnet.content.cid import Cid
from fabnet.designs.documents.grant import CREDENTIAL, Grant, grant_of, subject_of
from fabnet.designs.revision import Origin, encode, parse
from fabnet.node.cli.main import main
from fabnet.records.credential import issue
from tests.node.cooperative import STEWARD, THEN, Published, design
from tests.node.desk import Desk, Json, at_desk, design_body


def derived(origin: Cid, relation: str, licence: str) -> Published:
    """A design that draws on `origin`, by somebody else."""
    base = design("Door hook")
    rightsholder = msgspec.structs.replace(
        parse(base.manifest).rightsholders[0], did=STEWARD.public.did, name="Ben"
    )
    revision = msgspec.structs.replace(
        parse(base.manifest),
        licence=licence,
        rightsholders=(rightsholder,),
        derived_from=(Origin(cid=origin, relation=relation),),  # type: ignore[arg-type]  # one of three
    )
    manifest = encode(revision)
    grant = grant_of(revision, cids.of_raw(manifest))
    assert isinstance(grant, Grant)
    document = issue(
        CREDENTIAL,
        issuer=STEWARD.public.did,
        subject=subject_of(grant),
        valid_from=THEN,
        keys=[STEWARD],
        created=THEN,
    )
    return Published(base.files, manifest, document, base.folder)


async def published(desk: Desk) -> Cid:
    await desk.people()
    await desk.cooperate()
    original = design()
    status, said = await desk.publish(original)
    assert (status, said["warnings"]) == (201, []), said
    return original.cid


@pytest.mark.asyncio
async def test_a_remix_under_a_licence_its_origin_forbids_is_not_published(
    tmp_path: Path,
) -> None:
    async with at_desk(tmp_path) as desk:
        origin = await published(desk)
        before = await desk.shell.store.records(kind="revision/1")

        status, no = await desk.publish(derived(origin, "remix", "MIT"))

        assert (status, no["field"]) == (422, "manifest")
        assert no["type"] == "urn:fabnet:reason:derivative-forbidden"
        assert no["detail"] == (
            "CERN-OHL-S-2.0 does not let it go on under MIT (clause 3.3(d))."
        )
        assert no["args"]["origin"] == origin  # type: ignore[call-overload,index]  # an object
        assert await desk.shell.store.records(kind="revision/1") == before
        status, said = await desk.publish(derived(origin, "remix", "CERN-OHL-S-2.0"))
        assert (status, said["warnings"]) == (201, [])


@pytest.mark.asyncio
async def test_what_a_licence_leaves_open_is_published_once_a_person_has_read_it(
    tmp_path: Path,
) -> None:
    async with at_desk(tmp_path) as desk:
        origin = await published(desk)
        whole = derived(origin, "part", "MIT")

        status, no = await desk.publish(whole)
        assert (status, no["field"]) == (422, "reviewed")
        assert "a person must read (clause 3.2, 1.7" in str(no["detail"])

        body = design_body(whole)
        assert isinstance(body, dict)
        body["reviewed"] = [origin]
        status, said = await desk.post("/v1/designs", body, "designer")
        assert status == 201, said
        assert codes(said) == ["origin-reviewed"]


@pytest.mark.asyncio
async def test_an_origin_that_is_not_here_is_a_warning_in_the_answer(
    tmp_path: Path,
) -> None:
    async with at_desk(tmp_path) as desk:
        await published(desk)
        elsewhere = cids.of_raw(b"elsewhere")

        status, said = await desk.publish(derived(elsewhere, "remix", "MIT"))

        assert status == 201
        assert codes(said) == ["origin-unknown"]
        assert elsewhere[:12] in str(said["warnings"])


def codes(said: dict[str, Json]) -> list[str]:
    warnings = said["warnings"]
    assert isinstance(warnings, list)
    return [str(it["code"]) for it in warnings if isinstance(it, dict)]


# ------------------------------------------------------------------ in plain words


@pytest.mark.asyncio
async def test_a_licence_is_told_actor_by_actor_and_act_by_act(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        asked = quote("PPL OR CERN-OHL-S-2.0", safe="")
        status, told = await desk.get(f"/v1/licences/{asked}")
        assert status == 200
        assert told["expression"] == "PPL OR CERN-OHL-S-2.0"
        acts = told["acts"]
        assert isinstance(acts, list)
        assert len(acts) == 6

        status, no = await desk.get("/v1/licences/CERN")
        assert (status, no["field"]) == (422, "licence")
        assert no["type"] == "urn:fabnet:reason:read-ambiguous"


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (
            ["CC BY-NC-SA 4.0", "--act", "sell"],
            ["CC BY-NC-SA 4.0 was read as CC-BY-NC-SA-4.0 (alias).", ": no: "],
        ),
        (
            ["CERN-OHL-S-2.0", "--actor", "firm", "--act", "sell"],
            [
                "firm: yes, by CERN-OHL-S-2.0 (4, 7.1)",
                "say where it can be had",
                "2.3)",
            ],
        ),
        (
            ["PPL", "--actor", "worker_coop", "--act", "sell"],
            ["yes, if a federation signed that its workers own it, and a federation"],
        ),
        (
            ["CC-BY-NC-4.0", "--actor", "firm", "--act", "modify"],
            ["firm: ask a person"],
        ),
    ],
)
def test_the_command_says_what_a_licence_lets_whom_do(
    words: list[str], lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["licence", *words]) == 0

    told = capsys.readouterr().out
    for line in (*lines, "not legal advice"):
        assert line in told


def test_the_command_prints_json_and_says_why_it_cannot(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["licence", "MIT", "--json"]) == 0
    assert msgspec.json.decode(capsys.readouterr().out)["expression"] == "MIT"

    assert main(["licence", "LicenseRef-CERN"]) == 1
    assert "does not say which" in capsys.readouterr().err
