"""A git working copy: only what git tracks, and what it says of where that is."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from fabnet.errors import InputError, RemoteError
from fabnet.node.publishing.choosing import Chosen, choose
from fabnet.node.publishing.git import public_address, read_copy
from tests.node.publishing.folders import MANIFEST, drafted, git, write_copy, write_hook


def remarks(chosen: Chosen) -> dict[str, str | int]:
    """What was remarked: by reason, the last argument."""
    return {it.reason: it.args[-1][1] if it.args else "" for it in chosen.remarks}


def test_of_a_working_copy_only_tracked_files_go(tmp_path: Path) -> None:
    folder = tmp_path / "hook"
    commit = write_copy(folder)
    (folder / "notes.txt").write_text("mine alone")

    chosen = choose(folder, everything=True)

    assert "notes.txt" not in chosen.sizes
    assert "docs/ganxo petit é.txt" in chosen.sizes
    assert remarks(chosen) == {"git-commit": commit}
    assert "notes.txt" in choose(folder, everything=True, use_git=False).sizes


def test_a_file_that_the_manifest_names_must_be_tracked(tmp_path: Path) -> None:
    folder = tmp_path / "hook"
    write_copy(folder)
    git(folder, "rm", "--quiet", "--cached", "hook.scad")

    with pytest.raises(InputError, match=r"hook.scad: is not tracked by git.*--no-git"):
        choose(folder)
    assert "hook.scad" in choose(folder, use_git=False).sizes
    assert "hook.scad" in choose(folder / "okh.toml").sizes


def test_changes_that_are_not_committed_are_told_of_the_files_that_go(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "repository" / "designs" / "hook"
    write_copy(folder)
    (folder / "hook.scad").write_text("cube(40);\n")
    (folder / "docs" / "ganxo petit é.txt").write_text("Encara més petit.\n")

    assert remarks(choose(folder))["git-uncommitted"] == "hook.scad"
    assert len(choose(folder, everything=True).remarks) == 3


def test_a_folder_within_a_working_copy_counts_paths_from_itself(
    tmp_path: Path,
) -> None:
    top = tmp_path / "repository"
    write_hook(top / "designs" / "hook é")
    git(top, "init", "--quiet")
    git(top, "add", ".")
    git(top, "commit", "--quiet", "-m", "First hook")
    (top / "designs" / "hook é" / "hook.scad").write_text("cube(40);\n")

    chosen = choose(top / "designs" / "hook é", everything=True)

    assert remarks(chosen)["git-uncommitted"] == "hook.scad"
    assert len(chosen.sizes) == 4


def test_a_folder_that_git_ignores_is_taken_as_it_is(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    folder = write_hook(tmp_path / "hook")

    chosen = choose(folder)

    assert remarks(chosen) == {"git-not-tracking": "okh.toml"}
    assert len(chosen.sizes) == 3


def test_without_git_a_working_copy_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "hook"
    write_copy(folder)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(InputError, match=r"git is not installed.*--no-git"):
        choose(folder)
    assert choose(folder, use_git=False).sizes


def test_a_tracked_link_and_a_conflict_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "hook"
    write_copy(folder)
    (folder / "same.scad").symlink_to("hook.scad")
    git(folder, "add", ".")

    with pytest.raises(InputError, match=r"same.scad: is a link"):
        choose(folder, everything=True)
    assert choose(folder).sizes

    git(folder, "commit", "--quiet", "-m", "A link")
    git(folder, "checkout", "--quiet", "-b", "other", "HEAD~")
    (folder / "hook.scad").write_text("cube(1);\n")
    git(folder, "commit", "--quiet", "-am", "One")
    git(folder, "checkout", "--quiet", "-")
    (folder / "hook.scad").write_text("cube(2);\n")
    git(folder, "commit", "--quiet", "-am", "Two")
    with pytest.raises(subprocess.CalledProcessError):
        git(folder, "merge", "--quiet", "other")
    with pytest.raises(InputError, match=r"hook.scad: has a merge conflict"):
        choose(folder)


def test_a_repository_within_is_left_out_and_told(tmp_path: Path) -> None:
    folder = tmp_path / "hook"
    write_copy(folder)
    write_copy(folder / "vendor")
    git(folder, "add", "vendor")

    chosen = choose(folder, everything=True)

    assert remarks(chosen)["git-module"] == "vendor"
    assert not any(path.startswith("vendor") for path in chosen.sizes)


def test_commit_and_remote_are_the_source_location_without_the_password(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "hook"
    commit = write_copy(folder)
    git(folder, "remote", "add", "origin", "https://ada:secret@example.org/hook.git")

    copy = read_copy(folder, None)

    assert copy.source_location == f"git+https://example.org/hook.git@{commit}"
    assert not copy.is_pushed


def test_a_remote_on_this_computer_is_no_location(tmp_path: Path) -> None:
    folder = tmp_path / "hook"
    write_copy(folder)
    assert read_copy(folder, None).source_location is None
    git(folder, "remote", "add", "origin", str(tmp_path / "bare.git"))
    assert read_copy(folder, None).source_location is None


def test_a_commit_that_a_remote_branch_holds_is_pushed(tmp_path: Path) -> None:
    folder = tmp_path / "hook"
    write_copy(folder)
    git(tmp_path, "init", "--quiet", "--bare", "bare.git")
    git(folder, "remote", "add", "origin", str(tmp_path / "bare.git"))
    git(folder, "push", "--quiet", "--set-upstream", "origin", "HEAD")

    assert read_copy(folder, None).is_pushed


def test_a_copy_without_a_commit_says_no_location(tmp_path: Path) -> None:
    folder = write_hook(tmp_path / "hook")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")

    copy = read_copy(folder, None)

    assert copy.commit is None
    assert copy.source_location is None
    assert len(copy.tracked) == 4


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("https://example.org/a.git", "https://example.org/a.git"),
        ("https://u:p@example.org:8443/a.git", "https://example.org:8443/a.git"),
        ("git@example.org:ada/a.git", "ssh://git@example.org/ada/a.git"),
        ("ssh://me:pass@example.org/a", "ssh://git@example.org/a"),
        ("https://example.org/a?token=s#x", "https://example.org/a"),
        ("file:///srv/a.git", None),
        ("../a.git", None),
        ("C:\\a.git", None),
        ("ext::sh -c touch% x", None),
        ("https://[", None),
        ("https://example.org:port/", None),
    ],
)
def test_of_a_remote_only_what_a_stranger_may_see_is_kept(
    url: str, public: str | None
) -> None:
    assert public_address(url) == public


def test_a_program_that_the_copy_names_is_not_run(tmp_path: Path) -> None:
    folder = tmp_path / "hook"
    write_copy(folder)
    trap = folder / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch '{tmp_path}/sprung'\n")
    trap.chmod(0o700)
    git(folder, "config", "core.fsmonitor", str(trap))

    choose(folder)

    assert not (tmp_path / "sprung").exists()


def test_a_manifest_without_repo_is_located_by_git_and_that_is_told(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "hook"
    without = MANIFEST.replace('repo = "https://example.org/hook"\n', "")
    commit = write_copy(folder, without)
    with pytest.raises(RemoteError, match=r"repo"):
        drafted(folder)
    git(folder, "remote", "add", "origin", "git@example.org:ada/hook.git")

    design = drafted(folder)

    location = f"git+ssh://git@example.org/ada/hook.git@{commit}"
    assert design.revision.source_location == location
    reasons = [remark.reason for remark in design.remarks]
    assert reasons == ["git-commit", "git-location", "git-not-pushed"]
    with pytest.raises(RemoteError, match=r"repo"):
        drafted(folder / "okh.toml")


def test_the_manifests_own_repo_comes_first(tmp_path: Path) -> None:
    folder = tmp_path / "hook"
    write_copy(folder, MANIFEST)
    git(folder, "remote", "add", "origin", "https://example.org/other.git")

    assert choose(folder).source_location is None
