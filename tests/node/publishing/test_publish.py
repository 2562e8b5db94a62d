"""`fabnet publish` against a whole node: sent once, whole or not at all."""

from __future__ import annotations

import asyncio
import io
import json
import shutil
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fabnet.content import cid as cids
from fabnet.content.cid import of_raw
from fabnet.content.unixfs import folder
from fabnet.designs import revision as revisions
from fabnet.designs.documents import grant as grants
from fabnet.node.cli.main import main
from fabnet.node.client import Client
from fabnet.node.publishing.draft import Draft
from fabnet.node.publishing.progress import Progress
from fabnet.node.publishing.sending import send
from fabnet.protocol.events import Publish
from tests.node.cooperative import design as small_design
from tests.node.desk import Desk, Json, at_desk, base64_of, design_body
from tests.node.publishing.folders import (
    MANIFEST,
    drafted,
    folder_cid,
    key,
    write_hook,
)

Capture = pytest.CaptureFixture[str]
PEAK_BYTES_MAX = 48 * 1024 * 1024
"""Of node, client and test together, while 200 MiB go by."""


@dataclass(frozen=True)
class Told:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(self.out)
        return found


class Person:
    """Someone who types at the node's own computer."""

    def __init__(self, desk: Desk, home: Path, capsys: Capture) -> None:
        self.desk, self.key, self.capsys = desk, key(home), capsys

    async def publish(self, at: Path, *words: str, token: str | None = None) -> Told:
        """Run the command in a thread, while the node runs."""
        asked = [
            *("publish", str(at), "--key", str(self.key), "--json", *words),
            *("--api", self.desk.url),
            f"--token={token or self.desk.tokens['designer']}",
        ]
        code = await asyncio.to_thread(main, asked)
        told = self.capsys.readouterr()
        return Told(code, told.out, told.err)

    async def records(self) -> list[str]:
        """Return the kinds that were written of designs, the newest first."""
        kept = await self.desk.shell.store.records()
        return [it.kind for it in kept if it.kind in (revisions.KIND, grants.KIND)]


# ------------------------------------------------------------------ publishing


@pytest.mark.asyncio
async def test_what_is_published_can_be_fetched_whole(
    tmp_path: Path, capsys: Capture
) -> None:
    at = write_hook(tmp_path / "hook")
    async with at_desk(tmp_path / "node") as desk:
        await desk.people()
        ada = Person(desk, tmp_path, capsys)

        told = await ada.publish(at, "--all", "--save", str(tmp_path / "saved"))

        assert told.code == 0, told.err
        cid = told.json["revision"]
        assert told.json["folder"] == folder_cid(at)
        assert told.json["is_new"] is True
        _, known = await desk.get(f"/v1/designs/{cid}")
        assert known["granted"] == "CERN-OHL-S-2.0"
        path = f"/v1/designs/{cid}/files/docs/ganxo%20petit%20%C3%A9.txt"
        assert await desk.page(path) == (200, "Molt petit.\n")
        _, manifest = await desk.page(f"/v1/designs/{cid}/manifest")
        assert of_raw(manifest.encode()) == cid
        assert isinstance(known["grants"], list)
        _, granted = await desk.page(f"/v1/designs/{cid}/grants/{known['grants'][0]}")
        assert (tmp_path / "saved" / "revision.json").read_text() == manifest
        assert (tmp_path / "saved" / "grant.json").read_text() == granted


@pytest.mark.asyncio
async def test_an_archive_is_published_as_the_folder_in_it(
    tmp_path: Path, capsys: Capture
) -> None:
    at = write_hook(tmp_path / "hook")
    packed = Path(shutil.make_archive(str(tmp_path / "hook"), "zip", tmp_path, "hook"))
    async with at_desk(tmp_path / "node") as desk:
        await desk.people()
        ada = Person(desk, tmp_path, capsys)

        from_folder = await ada.publish(at)
        from_archive = await ada.publish(packed)

        assert from_archive.code == 0, from_archive.err
        assert from_archive.json["revision"] == from_folder.json["revision"]
        assert from_archive.json["is_new"] is False


def test_an_archive_of_two_designs_is_not_guessed_at(
    tmp_path: Path, capsys: Capture
) -> None:
    for name in ("hook", "peg"):
        write_hook(tmp_path / "both" / name)
    packed = shutil.make_archive(str(tmp_path / "both"), "zip", tmp_path / "both")

    code = main(["publish", packed, "--key", str(key(tmp_path)), "--token", "t"])

    told = capsys.readouterr().err
    assert code == 1
    assert "found hook/okh.toml, peg/okh.toml" in told


@pytest.mark.asyncio
async def test_publishing_twice_writes_nothing_more(
    tmp_path: Path, capsys: Capture
) -> None:
    at = write_hook(tmp_path / "hook")
    async with at_desk(tmp_path / "node") as desk:
        await desk.people()
        ada = Person(desk, tmp_path, capsys)
        first = await ada.publish(at)
        again = await ada.publish(at / "okh.toml")

        assert first.json["revision"] == again.json["revision"]
        assert (first.json["is_new"], again.json["is_new"]) == (True, False)
        assert await ada.records() == [revisions.KIND, grants.KIND]


@pytest.mark.asyncio
async def test_two_who_publish_the_same_at_once_write_it_once(tmp_path: Path) -> None:
    async with at_desk(tmp_path / "node") as desk:
        await desk.people()
        await desk.publish(small_design())
        body = design_body(small_design("Wall hook, again"))
        for data in small_design().files.values():
            await desk.shell.blobs.put_bytes(data)
        async with asyncio.TaskGroup() as both:
            tasks = [
                both.create_task(desk.post("/v1/designs", body, "designer"))
                for _ in range(4)
            ]

        assert {task.result()[0] for task in tasks} == {201}
        assert len(await desk.shell.store.records(kind=revisions.KIND)) == 2
        assert len(await desk.shell.store.records(kind=grants.KIND)) == 2


@pytest.mark.asyncio
async def test_a_design_stopped_half_way_is_not_published_and_goes_on(
    tmp_path: Path, capsys: Capture
) -> None:
    at = write_hook(tmp_path / "hook")
    async with at_desk(tmp_path / "node") as desk:
        await desk.people()
        ada = Person(desk, tmp_path, capsys)
        design = drafted(at)
        body: Json = {
            "manifest": base64_of(design.manifest),
            "folder": design.folder,
            "grant": base64_of(design.grant),
        }
        first, *_ = design.held
        await desk.shell.blobs.put_bytes((at / first.path).read_bytes())

        status, no = await desk.post("/v1/designs", body, "designer")

        assert (status, no["type"]) == (422, "urn:fabnet:reason:blob-missing")
        assert await ada.records() == []
        assert (await ada.publish(at)).code == 0
        assert await ada.records() == [revisions.KIND, grants.KIND]


@pytest.mark.asyncio
async def test_a_node_stopped_between_grant_and_revision_publishes_neither_twice(
    tmp_path: Path, capsys: Capture
) -> None:
    at = write_hook(tmp_path / "hook")
    async with at_desk(tmp_path / "node") as desk:
        await desk.people()
        ada = Person(desk, tmp_path, capsys)
        design = drafted(at)
        status, _ = await desk.get(f"/v1/designs/{design.cid}")
        assert status == 404
        for file in design.held:
            await desk.shell.blobs.put_bytes((at / file.path).read_bytes())
        await _log_grant(desk, design)
        assert (await desk.get(f"/v1/designs/{design.cid}"))[0] == 404

        assert (await ada.publish(at)).code == 0

        assert await ada.records() == [revisions.KIND, grants.KIND]


async def _log_grant(desk: Desk, design: Draft) -> None:
    """Leave the log as a node does that stops after the first of two records."""
    body = grants.GrantBody(design.grant)
    await desk.shell.runner.ask(lambda n: Publish(n, grants.KIND, design.cid, body))


@pytest.mark.asyncio
async def test_lies_about_files_are_refused(tmp_path: Path) -> None:
    async with at_desk(tmp_path / "node") as desk:
        await desk.people()
        small = small_design()
        for data in small.files.values():
            await desk.shell.blobs.put_bytes(data)
        body = design_body(small)
        assert isinstance(body, dict)
        empty = folder({}).cid

        status, no = await desk.post(
            "/v1/designs", {**body, "folder": empty}, "designer"
        )

        assert (status, no["field"]) == (422, "folder")
        longer = small.manifest.replace(b'"bytes":20', b'"bytes":21')
        assert longer != small.manifest
        status, no = await desk.post(
            "/v1/designs", {**body, "manifest": base64_of(longer)}, "designer"
        )
        assert no["type"] == "urn:fabnet:reason:blob-size-differs"
        assert await desk.shell.store.records(kind=revisions.KIND) == []


@pytest.mark.asyncio
async def test_no_token_no_upload_and_the_answer_says_so(
    tmp_path: Path, capsys: Capture
) -> None:
    at = write_hook(tmp_path / "hook")
    async with at_desk(tmp_path / "node") as desk:
        await desk.people()
        ada = Person(desk, tmp_path, capsys)

        told = await ada.publish(at, token="nonsense")

        assert told.code == 1
        assert "bearer token is not one of this node" in told.err
        assert not any(
            path.is_file() for path in (tmp_path / "node" / "blobs").rglob("*")
        )


def test_when_the_node_is_down_it_is_said_in_a_line(
    tmp_path: Path, capsys: Capture
) -> None:
    at = write_hook(tmp_path / "hook")
    words = ["--key", str(key(tmp_path)), "--api", "http://127.0.0.1:9"]

    assert main(["publish", str(at), *words, "--token", "t"]) == 1

    told = capsys.readouterr().err
    assert told.startswith("fabnet publish: http://127.0.0.1:9: no answer")
    assert told.count("\n") == 1


@pytest.mark.asyncio
async def test_a_reciprocal_licence_without_source_is_refused_by_node_and_command(
    tmp_path: Path, capsys: Capture
) -> None:
    at = write_hook(tmp_path / "hook", MANIFEST.replace("source =", "export ="))
    async with at_desk(tmp_path / "node") as desk:
        await desk.people()
        told = await Person(desk, tmp_path, capsys).publish(at)
        assert told.code == 1
        assert "CERN-OHL-S-2.0 needs a source file (clause 4 and 1.9)" in told.err

        small = small_design()
        for data in small.files.values():
            await desk.shell.blobs.put_bytes(data)
        without = small.manifest.replace(b'"role":"source"', b'"role":"export"')
        body = design_body(small)
        assert isinstance(body, dict)
        status, no = await desk.post(
            "/v1/designs", {**body, "manifest": base64_of(without)}, "designer"
        )
        assert (status, no["type"]) == (422, "urn:fabnet:reason:source-missing")


# ------------------------------------------------------------------ lineage


@pytest.mark.asyncio
async def test_a_revision_follows_its_parents_lineage(
    tmp_path: Path, capsys: Capture
) -> None:
    at = write_hook(tmp_path / "hook")
    async with at_desk(tmp_path / "node") as desk:
        await desk.people()
        ada = Person(desk, tmp_path, capsys)
        first = str((await ada.publish(at)).json["revision"])
        (at / "hook.scad").write_text("cube(2);\n")
        second = await ada.publish(at, "--parent", first)
        (at / "hook.scad").write_text("cube(3);\n")
        parent = str(second.json["revision"])
        third = await ada.publish(
            at, "--parent", parent, "--derived-from", f"remix:{first}"
        )

        assert second.json["lineage"] == first
        assert third.json["lineage"] == first
        raw = await desk.shell.blobs.read(cids.parse(str(third.json["revision"])))
        assert raw is not None
        revision = revisions.parse(raw)
        assert revision.parents == (parent,)
        assert [it.relation for it in revision.derived_from] == ["remix"]


@pytest.mark.asyncio
async def test_parents_must_be_here_and_of_one_design(
    tmp_path: Path, capsys: Capture
) -> None:
    at = write_hook(tmp_path / "hook")
    other = write_hook(tmp_path / "other", MANIFEST.replace("Coat hook", "Hat hook"))
    async with at_desk(tmp_path / "node") as desk:
        await desk.people()
        ada = Person(desk, tmp_path, capsys)
        one = str((await ada.publish(at)).json["revision"])
        two = str((await ada.publish(other)).json["revision"])

        mixed = await ada.publish(at, "--parent", one, "--parent", two)
        assert "are revisions of different designs" in mixed.err
        unknown = await ada.publish(at, "--parent", of_raw(b"nobody's"))
        assert "no design called" in unknown.err
        for words in (
            ("--parent", "hook"),
            ("--derived-from", f"copy:{one}"),
            ("--derived-from", one),
        ):
            told = await ada.publish(at, *words)
            assert told.code == 1
            assert f"{words[0]}: " in told.err
        assert len(await ada.records()) == 4


# ------------------------------------------------------------------ long files


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.mark.usefixtures("traced")
@pytest.mark.asyncio
async def test_a_long_file_is_whole_nowhere_in_memory(
    tmp_path: Path, capsys: Capture
) -> None:
    at = write_hook(tmp_path / "hook")
    size = 200 * 1024 * 1024
    with (at / "film.mp4").open("wb") as file:
        file.truncate(size)
    async with at_desk(tmp_path / "node") as desk:
        await desk.people()
        ada = Person(desk, tmp_path, capsys)
        tracemalloc.reset_peak()

        told = await ada.publish(at, "--all")

        _, peak = tracemalloc.get_traced_memory()
        assert told.code == 0, told.err
        assert peak < PEAK_BYTES_MAX
        assert "reading film.mp4 (210 MB)\nsending film.mp4 (210 MB)\n" in told.err
        cid = next(it.cid for it in choose_held(at) if it.bytes == size)
        desk.shell.blobs.path(cid).unlink()  # not to fill the disk with three runs


def choose_held(at: Path) -> tuple[revisions.FileEntry, ...]:
    return drafted(at, everything=True).revision.files


@pytest.mark.asyncio
async def test_a_file_that_changes_while_it_is_sent_is_not_kept(
    tmp_path: Path, capsys: Capture
) -> None:
    at = write_hook(tmp_path / "hook")
    async with at_desk(tmp_path / "node") as desk:
        await desk.people()
        design = drafted(at)
        for text in (
            "cube([21, 10, 30]);\n",
            "cube();\n",
            "cube([20, 10, 30]); // 1\n",
        ):
            (at / "hook.scad").write_text(text)
            async with Client(desk.url, desk.tokens["designer"]) as client:
                with pytest.raises(
                    Exception, match=r"hook.scad: was changed meanwhile"
                ):
                    await send(client, design, Progress(io.StringIO()))
            assert not await desk.shell.blobs.has(of_raw(text.encode()))
        assert await Person(desk, tmp_path, capsys).records() == []
