"""The index holds each whole design once, and one bad design keeps no other out."""

from __future__ import annotations

from pathlib import Path

import pytest

from fabnet.content.cid import of_raw
from fabnet.designs.revision import RevisionBody
from fabnet.node.gateway.index import Index
from tests.node.gateway.window import TREE, window, write


@pytest.mark.asyncio
async def test_a_manifest_that_the_disk_changed_keeps_no_other_out(
    tmp_path: Path,
) -> None:
    async with window(tmp_path) as at:
        spoilt = await at.blobs.put_bytes(b"{}")
        at.blobs.path(spoilt).write_bytes(b"[]")
        empty = await at.blobs.put_bytes(b"")
        for bad in (spoilt, empty):
            body = RevisionBody(bad, 2, of_raw(b"folder"), "Bad", None)
            await at.say("revision/1", None, body)
        design = await at.publish(write(tmp_path / "design", TREE))

        assert (await at.get(f"/ipfs/{design.folder}?format=raw")).status == 200


@pytest.mark.asyncio
async def test_after_a_start_nothing_is_read_that_was_indexed_before(
    tmp_path: Path,
) -> None:
    async with window(tmp_path) as at:
        design = await at.publish(write(tmp_path / "design", TREE))
        commits = at.store.commits

        again = Index(at.store, at.blobs)
        await again.catch_up()

        assert at.store.commits == commits
        assert (await at.get(f"/ipfs/{design.folder}?format=raw")).status == 200


@pytest.mark.asyncio
async def test_a_folder_that_its_record_calls_otherwise_is_known_by_its_own_name(
    tmp_path: Path,
) -> None:
    async with window(tmp_path) as at:
        design = await at.publish(write(tmp_path / "design", TREE))
        other = write(tmp_path / "other", {"other": b"other"})
        liar = await at.publish(other, calling=design.folder)

        true = await at.get(f"/ipfs/{liar.folder}?format=raw")
        assert true.status == 200
        named = await at.get(f"/ipfs/{design.folder}/other?format=raw")
        assert named.status == 404


@pytest.mark.asyncio
async def test_a_hundred_who_claim_a_folder_hide_nobody_who_has_it(
    tmp_path: Path,
) -> None:
    async with window(tmp_path) as at:
        design = await at.publish(write(tmp_path / "design", TREE))
        for number in range(100):
            claimed = of_raw(number.to_bytes(2))
            body = RevisionBody(claimed, 2, design.folder, "Claimed", None)
            await at.say("revision/1", None, body)
        await at.index.catch_up()

        assert (await at.get(f"/ipfs/{design.folder}?format=raw")).status == 200
