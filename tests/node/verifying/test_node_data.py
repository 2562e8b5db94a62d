"""`fabnet verify CID --data`: a design in a node's own folder, running or not."""

from __future__ import annotations

from pathlib import Path

import pytest

from fabnet.content import cid as cids
from fabnet.content.cid import of_raw
from fabnet.designs.documents import grant as grants
from fabnet.designs.documents.grant import GrantBody
from fabnet.errors import StorageError
from fabnet.node.cli.main import main
from fabnet.node.store.aside import Aside
from fabnet.node.verifying.asking import Asked, verify
from fabnet.node.verifying.check import Check, overall
from fabnet.protocol.events import Publish
from tests.node.cooperative import STEWARD, design
from tests.node.desk import Desk, at_desk
from tests.node.verifying.papers import NOW_MS

HOOK = design()


def verified(data: Path, subject: str = HOOK.cid) -> list[Check]:
    return verify(Asked(subject, (), data, None), NOW_MS)


async def publish(desk: Desk) -> None:
    await desk.people()
    await desk.cooperate()
    status, said = await desk.publish(HOOK)
    assert status == 201, said


@pytest.mark.asyncio
async def test_a_design_is_verified_beside_the_node_and_after_it(
    tmp_path: Path,
) -> None:
    async with at_desk(tmp_path) as desk:
        await publish(desk)
        running = verified(tmp_path)
    stopped = verified(tmp_path)
    by_folder = verified(tmp_path, HOOK.folder)

    assert overall(running) == "ok", running
    assert running == stopped == by_folder


@pytest.mark.asyncio
async def test_one_bit_on_the_nodes_disk_is_a_no(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await publish(desk)
        blobs = desk.shell.blobs
        for cid in (HOOK.cid, *map(of_raw, HOOK.files.values())):
            raw = blobs.path(cid).read_bytes()
            blobs.path(cid).write_bytes(raw[:5] + bytes((raw[5] ^ 1,)) + raw[6:])
            assert overall(verified(tmp_path)) == "no"
            blobs.path(cid).write_bytes(raw)


@pytest.mark.asyncio
async def test_what_is_not_there_is_unknown(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await publish(desk)
        path = desk.shell.blobs.path(of_raw(HOOK.files["hook.scad"]))
        path.unlink()

    checks = verified(tmp_path)

    assert [it.what for it in checks if it.verdict == "unknown"] == ["hook.scad"]
    assert overall(checks) == "unknown"
    assert overall(verified(tmp_path, of_raw(b"another"))) == "unknown"
    assert overall(verified(tmp_path, cids.from_digest(bytes(32), codec=0x70))) == (
        "unknown"
    )


@pytest.mark.asyncio
async def test_a_strangers_grant_harms_no_design(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as desk:
        await publish(desk)
        forged = GrantBody(design(signer=STEWARD).grant)
        await desk.shell.runner.ask(lambda n: Publish(n, grants.KIND, HOOK.cid, forged))

        assert overall(verified(tmp_path)) == "ok"


def test_what_is_no_nodes_folder_cannot_be_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(StorageError, match=r"expected a node's data folder"):
        Aside.open(tmp_path)

    assert main(["verify", HOOK.cid, "--data", str(tmp_path)]) == 2
    assert "fabnet verify: " in capsys.readouterr().err
    (tmp_path / "fabnet.db").write_bytes(b"no database at all" * 100)
    assert main(["verify", HOOK.cid, "--data", str(tmp_path)]) == 2
