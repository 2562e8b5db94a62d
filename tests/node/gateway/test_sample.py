"""A plain folder is published as it is: with nothing added, and nothing left out."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from fabnet.errors import InputError, LimitError, MalformedError
from fabnet.node.cli.main import main
from fabnet.node.sample.drafting import draft_folder
from fabnet.node.sample.folders import LONG_BYTES, write_samples
from tests.content.helia import NAMES, TREE, write_tree
from tests.node.gateway.window import DESIGNER, write
from tests.node.storing import THEN


def test_a_folder_is_called_as_helia_calls_it(tmp_path: Path) -> None:
    write_tree(tmp_path)

    design = draft_folder(tmp_path, DESIGNER, THEN)

    assert design.folder == NAMES["tree"]
    assert {file.path for file in design.held} == set(TREE)
    assert [file.path for file in design.revision.files] == sorted(TREE)


def test_an_empty_folder_is_published_too(tmp_path: Path) -> None:
    assert draft_folder(tmp_path, DESIGNER, THEN).folder == NAMES["empty"]


def test_hidden_files_count_and_links_and_copies_of_a_name_are_refused(
    tmp_path: Path,
) -> None:
    at = write(tmp_path / "at", {".hidden": b"x"})
    assert [it.path for it in draft_folder(at, DESIGNER, THEN).held] == [".hidden"]
    (at / "out").symlink_to("/etc/passwd")
    with pytest.raises(InputError, match="is a link"):
        draft_folder(at, DESIGNER, THEN)
    (at / "out").unlink()
    (at / "folder").symlink_to("/etc")
    with pytest.raises(InputError, match="is a link"):
        draft_folder(at, DESIGNER, THEN)
    twice = write(tmp_path / "twice", {"a": b"", "A": b""})
    with pytest.raises(MalformedError, match="on some systems"):
        draft_folder(twice, DESIGNER, THEN)


def test_a_folder_of_too_many_or_too_long_names_is_refused_with_the_reason(
    tmp_path: Path,
) -> None:
    many = write(tmp_path / "many", {f"{n}": b"" for n in range(1_001)})
    with pytest.raises(InputError, match="more files than 1000"):
        draft_folder(many, DESIGNER, THEN)
    long = write(tmp_path / "long", {f"{n:04}" + "é" * 110: b"" for n in range(980)})
    with pytest.raises(LimitError, match="spread the files over more folders"):
        draft_folder(long, DESIGNER, THEN)


def test_the_samples_have_a_file_of_many_blocks(tmp_path: Path) -> None:
    sizes = {
        file.path: len(file.node.leaves)
        for folder in write_samples(tmp_path)
        for file in draft_folder(folder, DESIGNER, THEN).held
    }

    assert sizes["peçes/long.bin"] == -(-LONG_BYTES // (1 << 20)) == 4


def test_a_port_that_is_taken_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert main(["serve-sample", "--port", port, str(tmp_path)]) == 1
    assert f"--port: {port}" in capsys.readouterr().err
