"""The operator's API as a stranger's tool reads its OpenAPI document: schemathesis.

It draws requests from the document, good and bad, and looks at every answer: no 5xx, no
status, media type or body that the document does not tell, no write without a token.
"""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

import pytest

from tests.node.cooperative import design
from tests.node.desk import at_desk
from tests.real.wheels import beside, wheel

pytestmark = pytest.mark.real

SCHEMATHESIS = "schemathesis==4.32.5"
CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance",
    "response_headers_conformance", "response_schema_conformance",
    "unsupported_method", "ignored_auth",
)  # fmt: skip
CASES_MIN = 1_000
"""Fewer would mean that the document was not understood."""


@pytest.mark.asyncio
async def test_every_answer_is_one_that_the_document_tells(tmp_path: Path) -> None:
    home = await asyncio.to_thread(wheel, SCHEMATHESIS)
    async with at_desk(tmp_path) as desk:
        await desk.people()
        await desk.cooperate()
        status, said = await desk.publish(design())
        assert status == 201, said
        words = (
            str(home / "bin" / "schemathesis"), "run", desk.url + "/v1/openapi.json",
            "-H", f"Authorization: Bearer {desk.tokens['operator']}",
            "--phases", "coverage,fuzzing", "--max-examples", "2", "--seed", "1",
            "--continue-on-failure", "--no-color",
            "--checks", ",".join(CHECKS),
        )  # fmt: skip
        run = await asyncio.create_subprocess_exec(
            sys.executable, *words, cwd=tmp_path, env=beside(home),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        out, _ = await run.communicate()

    told = out.decode()
    generated = re.search(r"(\d+) generated", told)
    assert run.returncode == 0, told[-8_000:]
    assert generated is not None
    assert int(generated[1]) >= CASES_MIN
