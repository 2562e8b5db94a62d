"""`fabnet okh`: manifests checked a line each, and written in the other dialect."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from fabnet.designs.okh.manifest import import_okh
from fabnet.designs.okh.report import Note
from fabnet.node.cli.main import main
from fabnet.node.demo.design import write_design
from fabnet.node.web.notes import NOTES, note_text
from tests.house.tree import PACKAGE

LEVELS = {"normalised", "warning", "error"}
Capture = pytest.CaptureFixture[str]


def test_okh_check_tells_parts_and_faults(tmp_path: Path, capsys: Capture) -> None:
    good = write_design(tmp_path)
    bad = tmp_path / "bad.toml"
    bad.write_text('okhv = "2.4"\n')

    assert main(["okh", "check", "--json", str(good), str(bad)]) == 1

    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["ok"], second["ok"]) == (True, False)
    assert (first["dialect"], first["licence"]) == ("losh", "CERN-OHL-S-2.0")
    assert first["parts"] == ["Forearm pull: 3d-printing.fdm"]
    assert first["errors"] == first["warnings"] == []
    assert "name: is required by OKH" in {it["says"] for it in second["errors"]}


def test_okh_check_walks_a_folder_and_passes_other_files_by(
    tmp_path: Path, capsys: Capture
) -> None:
    write_design(tmp_path / "a")
    (tmp_path / "a" / "knob.yaml").write_text("title: Knob\nlicense: CERN OHL, maybe\n")
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'other'\n")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "okh.toml").write_text("broken")
    (tmp_path / "okh-broken.yml").write_text("a: &b c")

    assert main(["okh", "check", "--report", str(tmp_path)]) == 1

    lines = capsys.readouterr().out.splitlines()
    heads = [line for line in lines if not line.startswith("  ")]
    assert [line.split(": ")[0].rpartition("/")[2] for line in heads] == [
        "okh-broken.yml",
        "knob.yaml",
        "okh.toml",
    ]
    assert "line 1: the anchor &b" in heads[0]
    assert "v1, not ok, “Knob”, licence not understood" in heads[1]
    assert "losh, ok" in heads[2]
    assert "  error description: is required by OKH" in lines


def test_a_line_of_okh_check_is_one_line_whatever_a_stranger_calls_it(
    tmp_path: Path, capsys: Capture
) -> None:
    odd = tmp_path / "okh.yml"
    odd.write_text('title: "a\\n\\eb"\nlicense: MIT\n')

    main(["okh", "check", str(odd)])

    (line,) = capsys.readouterr().out.splitlines()
    assert "\x1b" not in line


def test_okh_convert_writes_the_other_dialect_and_back(
    tmp_path: Path, capsys: Capture
) -> None:
    design = write_design(tmp_path)
    other = tmp_path / "okh.yml"

    assert main(["okh", "convert", str(design), "--to", "v1"]) == 0
    other.write_text(capsys.readouterr().out, encoding="utf-8")
    assert main(["okh", "convert", str(other), "--to", "losh"]) == 0

    there = import_okh(capsys.readouterr().out.encode()).manifest
    assert there == import_okh(design.read_bytes()).manifest


def test_whatever_a_report_says_has_a_sentence() -> None:
    calls = [
        node
        for path in (PACKAGE / "designs" / "okh").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    said = [
        call.args[0]
        for call in calls
        if ast.unparse(call.func).rpartition(".")[2] in LEVELS and call.args
    ]
    called = {
        code.value
        for code in said
        if isinstance(code, ast.Constant) and isinstance(code.value, str)
    }

    assert {"missing", "unknown-key", "key-respelled"} <= called
    assert not sorted(called - NOTES.keys())


@pytest.mark.parametrize(
    ("note", "said"),
    [
        (Note("error", "missing", "name"), "name: is required by OKH"),
        (
            Note("warning", "near-known-key", "widht", (("near", "width"),)),
            "widht: no such key; was width meant?",
        ),
        (
            Note("warning", "outside-vocabulary", "x", (("was", "{a}"), ("near", "b"))),
            "x: “{a}” is no level of the standard; b is",
        ),
        (Note("warning", "licence-new-flag", "license"), "license: licence new flag"),
    ],
)
def test_a_note_names_its_key_and_what_to_do(note: Note, said: str) -> None:
    assert note_text(note) == said


def test_the_yaml_reader_is_not_loaded_before_a_yaml_manifest_comes() -> None:
    asked = "import sys, fabnet.node.cli.main; sys.exit('yaml' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0
