"""A dispute at one node: who may raise it, what it stops, and where people read it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from fabnet.designs.documents.dispute import (
    CREDENTIAL,
    KIND,
    Dispute,
    dispute_subject,
)
from fabnet.designs.documents.grant import KIND as GRANT_KIND
from fabnet.designs.documents.grant import GrantBody
from fabnet.node.cli.main import main
from fabnet.node.terms import GRANTS_MAX
from fabnet.protocol.events import Event, Publish
from fabnet.records.credential import document_id, issue, strict_loads
from fabnet.records.ids import CharterId, DocumentId
from fabnet.records.keys import SigningKey
from tests.node.cooperative import DESIGNER, STEWARD, THEN, charter_id, design
from tests.node.desk import Desk, Json, at_desk, base64_of, request_body

pytestmark = pytest.mark.asyncio

EVE = SigningKey.from_seed(b"eve".ljust(32))
GRANT = document_id(strict_loads(design().grant))
WHY = "It is <our> design."


def signed(
    key: SigningKey = STEWARD,
    *,
    charter: CharterId | None = None,
    grant: DocumentId = GRANT,
    retracts: DocumentId | None = None,
) -> bytes:
    dispute = Dispute(
        revision=design().cid,
        grant=grant,
        reason=WHY,
        charter=charter_id() if key is STEWARD else charter,
        retracts=retracts,
    )
    return issue(
        CREDENTIAL,
        issuer=key.public.did,
        subject=dispute_subject(dispute),
        valid_from=THEN,
        keys=[key],
        created=THEN,
    )


async def carried(desk: Desk, document: bytes) -> str:
    """Return what becomes of a dispute: the status, or the reason why not."""
    body: Json = {"kind": KIND, "document": base64_of(document)}
    status, said = await desk.post("/v1/documents", body)
    return str(said["type"]).rpartition(":")[2] if status >= 400 else str(status)


async def begun(desk: Desk) -> None:
    await desk.people()
    await desk.cooperate()
    status, said = await desk.publish(design())
    assert status == 201, said


async def shown(desk: Desk) -> dict[str, Json]:
    status, found = await desk.get(f"/v1/designs/{design().cid}")
    assert status == 200
    return found


async def test_who_disputes_and_why_stands_beside_the_design(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await begun(desk)
        assert (await shown(desk))["granted"] == "CERN-OHL-S-2.0"

        assert await carried(desk, signed()) == "201"

        found = await shown(desk)
        assert (found["granted"], found["grants"]) == (None, [])
        assert found["disputes"] == [
            {
                "dispute": document_id(strict_loads(signed())),
                "grant": GRANT,
                "licence": "CERN-OHL-S-2.0",
                "by": "Jackson",
                "why": WHY,
            }
        ]
        _, page = await desk.page("/")
        assert "disputed</span> by Jackson, because It is &lt;our&gt; design." in page


async def test_a_disputed_design_is_not_made_until_that_is_taken_back(
    tmp_path: Path,
) -> None:
    async with at_desk(tmp_path) as desk:
        await begun(desk)
        await carried(desk, signed())

        _, filed = await desk.post("/v1/requests", request_body(desk, 1), "steward")
        story = await until_told(desk, str(filed["job"]), "refused")
        assert "disputed by Jackson" in story["refused"]

        raised = document_id(strict_loads(signed()))
        assert await carried(desk, signed(retracts=raised)) == "201"
        assert (await shown(desk))["disputes"] == []
        _, filed = await desk.post("/v1/requests", request_body(desk, 1), "steward")
        await until_told(desk, str(filed["job"]), "lease-held")


async def until_told(desk: Desk, job: str, code: str) -> dict[str, str]:
    """Return a job's story by code, once it tells of one."""
    async with asyncio.timeout(20):
        while True:
            _, story = await desk.get(f"/v1/stories/{job}")
            lines = story["lines"]
            assert isinstance(lines, list)
            told = {
                str(line["code"]): str(line["sentence"])
                for line in lines
                if isinstance(line, dict)
            }
            if code in told:
                return told
            await asyncio.sleep(0.05)


async def test_a_dispute_that_would_not_count_is_refused_with_its_reason(
    tmp_path: Path,
) -> None:
    async with at_desk(tmp_path) as desk:
        await desk.people()
        await desk.cooperate()
        assert await carried(desk, signed()) == "not-fetched"
        await desk.publish(design())
        nothing = DocumentId("sha256:" + "0" * 64)
        nobody = CharterId("sha256:" + "1" * 64)

        assert await carried(desk, signed(EVE)) == "not-a-rightsholder"
        assert await carried(desk, signed(EVE, charter=charter_id())) == (
            "dispute-quorum-not-met"
        )
        assert await carried(desk, signed(EVE, charter=nobody)) == (
            "cooperative-not-vouched"
        )
        assert await carried(desk, signed(grant=nothing)) == "no-such-grant"
        assert await carried(desk, signed(retracts=nothing)) == "no-such-dispute"
        assert await carried(desk, signed()[:-2] + b"}}") == "not-authentic"
        assert (await shown(desk))["disputes"] == []
        assert await carried(desk, signed(DESIGNER)) == "201", "a rightsholder"


async def test_a_flood_of_grants_that_do_not_hold_hides_none_that_does(
    tmp_path: Path,
) -> None:
    async with at_desk(tmp_path) as desk:
        await begun(desk)
        for number in range(GRANTS_MAX + 60):
            body = GrantBody(b'{"n":%d}' % number)
            await desk.shell.runner.ask(_publishing(body))

        found = await shown(desk)

        assert (found["granted"], found["grants"]) == ("CERN-OHL-S-2.0", [GRANT])


def _publishing(body: GrantBody) -> Callable[[int], Event]:
    return lambda ask: Publish(ask, GRANT_KIND, design().cid, body)


async def test_a_dispute_is_raised_and_taken_back_by_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = tmp_path / "steward.pem"
    key.write_bytes(STEWARD.to_pem())
    key.chmod(0o600)
    async with at_desk(tmp_path) as desk:
        await begun(desk)
        words = [
            "dispute", design().cid, GRANT, "--reason", "Ours.", "--key", str(key),
            "--charter", charter_id(), "--api", desk.url, "--token",
            desk.tokens["operator"], "--json",
        ]  # fmt: skip

        assert await asyncio.to_thread(main, words) == 0
        raised = json.loads(capsys.readouterr().out)["document"]
        disputes = (await shown(desk))["disputes"]
        assert isinstance(disputes, list)
        assert [it["dispute"] for it in disputes if isinstance(it, dict)] == [raised]
        assert await asyncio.to_thread(main, ["designs", "--api", desk.url]) == 0
        assert "is disputed by Jackson: Ours." in capsys.readouterr().out

        assert await asyncio.to_thread(main, [*words, "--retract", raised]) == 0
        assert (await shown(desk))["disputes"] == []

        wrong = [*words[:2], "sha256:1", *words[3:]]
        assert await asyncio.to_thread(main, wrong) == 1
        assert "grant" in capsys.readouterr().err
