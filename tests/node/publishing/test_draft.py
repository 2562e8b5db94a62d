"""From files to a revision with its grant: the same folder, the same name."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from fabnet.content.cid import of_raw
from fabnet.designs import revision as revisions
from fabnet.designs.documents.grant import Grant, open_grant
from fabnet.errors import InputError, MalformedError
from fabnet.node.publishing.choosing import choose
from fabnet.node.publishing.draft import draft
from fabnet.node.publishing.lineage import NEW
from fabnet.node.publishing.progress import Progress
from tests.node.publishing.folders import (
    ADA,
    MANIFEST,
    NOON_MS,
    drafted,
    folder_cid,
    write_hook,
)


def test_a_draft_holds_the_manifest_its_files_and_a_grant_that_counts(
    tmp_path: Path,
) -> None:
    design = drafted(write_hook(tmp_path / "hook"), everything=True)

    assert revisions.parse(design.manifest) == design.revision
    assert design.cid == of_raw(design.manifest)
    assert isinstance(open_grant(design.grant, design.revision, design.cid), Grant)
    assert design.folder == folder_cid(tmp_path / "hook")


def test_the_same_folder_comes_to_the_same_revision_at_any_time(
    tmp_path: Path,
) -> None:
    one = write_hook(tmp_path / "one")
    other = write_hook(tmp_path / "other")

    assert drafted(one).cid == drafted(other, moment_ms=NOON_MS + 99_000).cid


def test_a_manifest_in_yaml_is_published_too(tmp_path: Path) -> None:
    at = write_hook(tmp_path / "hook")
    (at / "okh.toml").unlink()
    (at / "okh.yml").write_text(
        "title: Coat hook\n"
        "description: Holds a coat.\n"
        "intended-use: Holds a coat.\n"
        "version: 1.0.0\n"
        "project-link: https://example.org/hook\n"
        "license:\n  hardware: CERN-OHL-S-2.0\n"
        "licensor:\n  name: Ada\n"
        "design-files:\n  - path: hook.scad\n    title: The drawing\n"
        "making-instructions:\n  - path: docs/how to.md\n    title: How\n"
    )

    revision = drafted(at).revision

    roles = {file.path: file.role for file in revision.files}
    assert roles == {
        "docs/how to.md": "instructions",
        "hook.scad": "source",
        "okh.yml": "instructions",
    }
    assert revision.licence == "CERN-OHL-S-2.0"


def test_an_empty_source_is_named_and_an_empty_note_goes_along(tmp_path: Path) -> None:
    at = write_hook(tmp_path / "hook")
    (at / "docs" / "nothing.txt").touch()
    assert drafted(at, everything=True).revision.file("docs/nothing.txt") is not None

    (at / "hook.scad").write_bytes(b"")
    with pytest.raises(InputError, match=r"^hook\.scad: is empty"):
        drafted(at)


def test_each_licensor_must_bring_a_key(tmp_path: Path) -> None:
    chosen = choose(write_hook(tmp_path / "hook"))

    with pytest.raises(InputError, match="--key: expected one for each licensor: Ada"):
        draft(
            chosen, [ADA, ADA], NOON_MS, lineage=NEW, progress=Progress(io.StringIO())
        )


def test_a_broken_mesh_is_named_and_one_that_no_part_uses_is_left_alone(
    tmp_path: Path,
) -> None:
    text = MANIFEST + 'export = "hook.stl"\n'
    at = write_hook(tmp_path / "hook", text)
    (at / "unused.stl").write_bytes(b"solid but not a mesh")
    (at / "hook.stl").write_bytes(b"solid but not a mesh")

    with pytest.raises(MalformedError, match=r"^hook\.stl: stl\.size"):
        drafted(at, everything=True)


def test_a_source_that_is_but_a_mesh_is_told(tmp_path: Path) -> None:
    at = write_hook(tmp_path / "hook", MANIFEST.replace("hook.scad", "hook.obj"))
    (at / "hook.obj").write_text("v 0 0 0\n")

    assert [it.reason for it in drafted(at).remarks] == ["source-is-mesh"]
    assert drafted(write_hook(tmp_path / "drawn")).remarks == ()
