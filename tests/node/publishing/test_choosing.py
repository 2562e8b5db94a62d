"""Which files a design is, and which are refused before anything is read."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from fabnet.designs.revision import DESIGN_BYTES_MAX, FILES_MAX
from fabnet.errors import FabnetError, InputError
from fabnet.node.publishing import choosing
from fabnet.node.publishing.choosing import choose
from fabnet.node.publishing.files import FILE_BYTES_MAX, hold, open_inside
from tests.node.publishing.folders import MANIFEST, write_hook


def test_a_manifest_decides_which_files_go(tmp_path: Path) -> None:
    folder = write_hook(tmp_path / "hook")

    by_file = choose(folder / "okh.toml")
    by_folder = choose(folder)

    assert sorted(by_file.sizes) == ["docs/how to.md", "hook.scad", "okh.toml"]
    assert by_folder.sizes == by_file.sizes
    assert by_folder.remarks == ()


def test_all_takes_what_is_not_ignored_in_the_same_order_each_time(
    tmp_path: Path,
) -> None:
    folder = write_hook(tmp_path / "hook")
    for ignored in (".secret", "draft.scad~", "Thumbs.db", "node_modules/x.js"):
        (folder / ignored).parent.mkdir(exist_ok=True)
        (folder / ignored).write_text("not this")

    chosen = choose(folder, everything=True)

    assert "docs/ganxo petit é.txt" in chosen.sizes
    assert len(chosen.sizes) == 4
    assert list(chosen.sizes) == list(choose(folder, everything=True).sizes)


def test_a_licence_goes_along(tmp_path: Path) -> None:
    folder = write_hook(tmp_path / "hook")
    (folder / "LICENSE").write_text("CERN-OHL-S-2.0")

    assert "LICENSE" in choose(folder).sizes


def test_a_manifest_of_another_name_goes_along(tmp_path: Path) -> None:
    folder = write_hook(tmp_path / "hook")
    (folder / "okh.toml").rename(folder / "mine.toml")

    assert "mine.toml" in choose(folder / "mine.toml").sizes


def test_of_two_manifests_the_first_is_read_and_that_is_said(tmp_path: Path) -> None:
    folder = write_hook(tmp_path / "hook")
    (folder / "okh.yml").write_text("title: Coat hook\n")

    (remark,) = choose(folder).remarks

    assert remark.reason == "several-manifests"
    assert dict(remark.args) == {"path": "okh.toml", "others": "okh.yml"}


def test_a_folder_without_a_manifest_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected one of okh\.toml, okh\.yml"):
        choose(tmp_path)


def _gone(folder: Path) -> str:
    (folder / "hook.scad").unlink()
    return "cannot be read: No such file"


def _linked_out(folder: Path) -> str:
    (folder.parent / "secret").write_text("not yours")
    (folder / "hook.scad").unlink()
    (folder / "hook.scad").symlink_to(folder.parent / "secret")
    return "hook.scad is a link"


def _linked_inside(folder: Path) -> str:
    (folder / "hook.scad").unlink()
    (folder / "hook.scad").symlink_to("okh.toml")
    return "hook.scad is a link"


def _pipe(folder: Path) -> str:
    (folder / "hook.scad").unlink()
    os.mkfifo(folder / "hook.scad")
    return "is no ordinary file"


def _folder(folder: Path) -> str:
    (folder / "hook.scad").unlink()
    (folder / "hook.scad").mkdir()
    return "is a folder"


def _too_big(folder: Path) -> str:
    with (folder / "hook.scad").open("wb") as file:
        file.truncate(FILE_BYTES_MAX + 1)
    return f"the most is {FILE_BYTES_MAX}"


@pytest.mark.parametrize(
    "spoil", [_gone, _linked_out, _linked_inside, _pipe, _folder, _too_big]
)
def test_a_file_that_cannot_be_published_is_named(
    spoil: Callable[[Path], str], tmp_path: Path
) -> None:
    folder = write_hook(tmp_path / "hook")
    says = spoil(folder)

    with pytest.raises(InputError, match=says) as no:
        choose(folder)

    assert no.value.field == "hook.scad"


def test_a_link_on_the_way_to_a_file_is_refused(tmp_path: Path) -> None:
    folder = write_hook(tmp_path / "hook")
    (folder / "docs").rename(tmp_path / "elsewhere")
    (folder / "docs").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(InputError, match=r"docs/how to\.md: docs is a link"):
        choose(folder)


@pytest.mark.parametrize("make", [lambda at: at.symlink_to("okh.toml"), os.mkfifo])
def test_all_refuses_what_is_no_file(
    make: Callable[[Path], None], tmp_path: Path
) -> None:
    folder = write_hook(tmp_path / "hook")
    make(folder / "odd")

    with pytest.raises(InputError) as no:
        choose(folder, everything=True)

    assert no.value.field == "odd"


def test_all_refuses_a_linked_folder(tmp_path: Path) -> None:
    folder = write_hook(tmp_path / "hook")
    (folder / "more").symlink_to(folder / "docs")

    with pytest.raises(InputError, match="more is a link"):
        choose(folder, everything=True)


@pytest.mark.parametrize("path", ["../secret", "a/../../secret", "C:/x", "nul", "a//b"])
def test_a_path_that_leads_out_is_refused(path: str, tmp_path: Path) -> None:
    folder = write_hook(tmp_path / "hook", MANIFEST.replace("docs/how to.md", path))
    (tmp_path / "secret").write_text("not yours")

    with pytest.raises(FabnetError, match=path.replace("/", ".")):
        choose(folder)


def test_an_absolute_path_counts_from_the_folder_as_okh_says(tmp_path: Path) -> None:
    folder = write_hook(tmp_path / "hook", MANIFEST.replace("hook.scad", "/etc/passwd"))

    with pytest.raises(InputError, match="etc/passwd: cannot be read"):
        choose(folder)


def test_too_many_files_are_refused_with_the_limit(tmp_path: Path) -> None:
    folder = write_hook(tmp_path / "hook")
    for number in range(FILES_MAX):
        (folder / f"{number}.txt").touch()

    with pytest.raises(InputError, match=f"files: .*the most is {FILES_MAX}"):
        choose(folder, everything=True)


def test_too_large_a_folder_is_not_walked_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_hook(tmp_path / "hook")
    monkeypatch.setattr(choosing, "WALKED_MAX", 3)

    with pytest.raises(InputError, match="more than 3 files and folders"):
        choose(folder, everything=True)


def test_a_design_too_large_to_be_fetched_is_refused(tmp_path: Path) -> None:
    folder = write_hook(tmp_path / "hook")
    for name in ("a", "b"):
        with (folder / name).open("wb") as file:
            file.truncate(DESIGN_BYTES_MAX // 2 + 1)

    with pytest.raises(InputError, match=f"together; the most is {DESIGN_BYTES_MAX}"):
        choose(folder, everything=True)


def test_a_file_that_became_a_pipe_meanwhile_holds_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))

    for name in ("pipe", "socket"):
        with pytest.raises(InputError, match="is no ordinary file"):
            open_inside(tmp_path, name)


def test_a_git_lfs_pointer_is_not_taken_for_the_file(tmp_path: Path) -> None:
    (tmp_path / "arm.stl").write_text(
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
    )

    with pytest.raises(InputError, match="git lfs pull"):
        hold(tmp_path, "arm.stl", lambda _: None)
