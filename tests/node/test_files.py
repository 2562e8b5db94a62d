"""`fabnet measure` says what a file is, and what is wrong with one that is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fabnet.node.cli.main import main
from tests.designs.drawings import circle, entity, line, plain
from tests.designs.packages import item, mesh, model, package, thing
from tests.designs.samples import cuboid, stl

Capture = pytest.CaptureFixture[str]
BLOCK = thing(1, mesh(cuboid(3, 4, 5)), 'name="Block"')


def test_a_mesh_is_measured(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "block.stl"
    path.write_bytes(stl(cuboid(3, 4, 5)))

    assert main(["measure", str(path)]) == 0
    told = capsys.readouterr().out
    assert told == "3 × 4 × 5 mm, 0.060 cm³, 12 triangles, closed\n"


def test_a_package_is_measured_with_its_objects_and_what_it_says(
    tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "two.3mf"
    path.write_bytes(
        package(model(BLOCK, item(1) + item(1, "1 0 0 0 1 0 0 0 1 9 0 0")))
    )

    assert main(["measure", str(path)]) == 0
    told = capsys.readouterr().out
    assert "12 × 4 × 5 mm" in told
    assert "object 'Block', 2 times: 3 × 4 × 5 mm" in told
    assert "says LicenseTerms: CC-BY-4.0, Ada & Ben" in told


def test_a_drawing_is_measured_by_layer(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "plate.dxf"
    path.write_bytes(
        plain(line(0, 0, 9, 0) * 2 + circle(0, 0, 1) + entity("TEXT"), unit=0)
    )

    assert main(["measure", str(path)]) == 0
    told = capsys.readouterr().out
    assert "layer 'cut': 15.283 mm to cut, 1 closed, 1 open" in told
    assert "drawn again in the same place: 1" in told
    assert "no unit stated, millimetres taken" in told
    assert "not cut: TEXT" in told
    assert main(["measure", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["drawing"]["cut_um"] == 15_283


def test_a_file_that_is_none_is_refused(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "no.stl").write_bytes(b"solid nothing")
    for name, reason in (
        ("no.stl", "stl.size: expected"),
        ("no.step", "expected one of .stl, .3mf, .dxf"),
        ("none.dxf", "cannot be read"),
    ):
        assert main(["measure", str(tmp_path / name)]) == 1
        assert reason in capsys.readouterr().err
