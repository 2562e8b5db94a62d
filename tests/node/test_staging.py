"""An archive becomes a folder, whole or not at all; nothing is written beside it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fabnet.content import car, dagpb
from fabnet.content.cid import of_dag_pb, of_raw
from fabnet.content.dagpb import Link
from fabnet.content.unixfs import file_cid, folder
from fabnet.errors import FabnetError, InputError, MalformedError
from fabnet.node import staging
from fabnet.node.cli.main import main
from fabnet.node.staging import unpack, unpacked
from tests.content.zips import FOLDER, SYMLINK, Packed, overlapping, zipped

Capture = pytest.CaptureFixture[str]
DESIGN = zipped(
    [
        Packed(b"hook-main/", b"", mode=FOLDER),
        Packed(b"hook-main/okh.toml", b"okhv = '2.4'"),
        Packed(b"hook-main/parts/hook.stl", b"solid"),
        Packed("hook-main/cafe\u0301.txt".encode(), b"NFD"),
    ]
)


def listed(folder: Path) -> list[str]:
    """Every path under a folder, hidden ones too."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def archive(folder: Path, data: bytes) -> Path:
    path = folder / "design.zip"
    path.write_bytes(data)
    return path


def test_an_archive_becomes_a_folder(tmp_path: Path) -> None:
    report = unpack(archive(tmp_path, DESIGN), tmp_path / "hook")

    assert (tmp_path / "hook/hook-main/parts/hook.stl").read_bytes() == b"solid"
    assert (report.files, report.bytes) == (3, 20)
    assert report.manifests == ["hook-main/okh.toml"]
    assert report.renamed == ["hook-main/cafe\u0301.txt"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["design.zip", "hook"]
    assert not (tmp_path / "hook/hook-main/okh.toml").stat().st_mode & 0o111


@pytest.mark.parametrize(
    "attack",
    [
        [Packed(b"good"), Packed(b"../evil")],
        [Packed(b"good"), Packed(b"/evil")],
        [Packed(b"good"), Packed(b"evil", b"..", mode=SYMLINK), Packed(b"evil/x")],
        [Packed(b"good"), Packed(b"Evil"), Packed(b"evil")],
        [Packed(b"good"), Packed(b"evil", claims_crc=7)],
        [Packed(b"good"), Packed(b"deep/er/evil", claims_bytes=70)],
    ],
    ids=["zip-slip", "absolute", "symlink", "case", "checksum", "length"],
)
def test_an_archive_that_attacks_leaves_nothing(
    attack: list[Packed], tmp_path: Path
) -> None:
    room = tmp_path / "a" / "room"
    room.mkdir(parents=True)
    path = archive(tmp_path, zipped(attack))

    with pytest.raises(MalformedError, match=r"^archive"):
        unpack(path, room / "hook")
    with pytest.raises(MalformedError, match=r"^archive"), unpacked(path):
        pass
    assert listed(tmp_path) == ["a", "a/room", "design.zip"]


def test_a_bomb_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(MalformedError, match="shares its bytes"):
        unpack(archive(tmp_path, overlapping(50, b"x" * 9_999)), tmp_path / "hook")
    assert listed(tmp_path) == ["design.zip"]


def test_what_is_there_is_not_written_over(tmp_path: Path) -> None:
    path = archive(tmp_path, DESIGN)
    (tmp_path / "hook").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")

    for name in ("hook", "link", "no/such/folder"):
        with pytest.raises(InputError, match="expected a"):
            unpack(path, tmp_path / name)
    with pytest.raises(InputError, match="cannot be read"):
        unpack(tmp_path / "none.zip", tmp_path / "new")
    with pytest.raises(InputError, match="cannot be read"):
        unpack(tmp_path / "hook", tmp_path / "new")
    assert listed(tmp_path) == ["design.zip", "hook", "link"]


def test_a_long_archive_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "ARCHIVE_BYTES_MAX", 100)
    with pytest.raises(FabnetError, match="expected at most 100 bytes"):
        unpack(archive(tmp_path, DESIGN), tmp_path / "hook")


def test_a_staging_folder_is_gone_afterwards(tmp_path: Path) -> None:
    with unpacked(archive(tmp_path, DESIGN)) as (folder, report):
        assert (folder / report.manifests[0]).is_file()
    assert not folder.exists()


def test_the_command_says_what_came_out(tmp_path: Path, capsys: Capture) -> None:
    path = archive(tmp_path, DESIGN)

    assert main(["unpack", str(path), str(tmp_path / "hook")]) == 0
    told = capsys.readouterr().out
    assert "3 files, 20 bytes" in told
    assert "manifest hook-main/okh.toml" in told
    assert main(["unpack", str(path), str(tmp_path / "hook")]) == 1
    assert "fabnet unpack: " in capsys.readouterr().err
    assert main(["unpack", str(path), str(tmp_path / "again"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["files"] == 3


def carred(*lost: str) -> bytes:
    """Return a design as a CAR, without the blocks of some files."""
    files = {"okh.toml": b"okhv = '2.4'", "parts/hook.stl": b"solid"}
    nodes = {path: file_cid([content]) for path, content in files.items()}
    root = folder(nodes)
    blocks = dict(root.blocks)
    blocks |= {nodes[path].cid: files[path] for path in files if path not in lost}
    sections = (car.section(cid, len(each)) + each for cid, each in blocks.items())
    return car.header([root.cid]) + b"".join(sections)


def test_a_car_becomes_a_folder(tmp_path: Path) -> None:
    path = tmp_path / "design.car"
    path.write_bytes(carred())

    report = unpack(path, tmp_path / "hook")

    assert (tmp_path / "hook/parts/hook.stl").read_bytes() == b"solid"
    assert (report.files, report.bytes, report.manifests) == (2, 17, ["okh.toml"])


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        (carred("parts/hook.stl"), "missing"),
        (carred().replace(b"solid", b"splid"), "is not bafk"),
        (carred()[:-1], "truncated"),
        (car.header([]), "one root"),
        (car.header([of_raw(b"a")]), "missing"),
        (carred().replace(b"hook.stl", b"../x.stl"), "is not bafy"),
    ],
)
def test_a_car_that_lies_leaves_nothing(
    data: bytes, wrong: str, tmp_path: Path
) -> None:
    path = tmp_path / "design.car"
    path.write_bytes(data)

    with pytest.raises(MalformedError, match=wrong):
        unpack(path, tmp_path / "hook")

    assert listed(tmp_path) == ["design.car"]


def test_a_car_of_paths_that_no_folder_can_hold_leaves_nothing(tmp_path: Path) -> None:
    for names in (("..",), ("C:",), ("A", "a"), ("aux.stl",)):
        links = [Link(name, of_raw(b"x"), 1) for name in names]
        block = dagpb.encode(links, b"\x08\x01")
        root = of_dag_pb(block)
        path = tmp_path / "design.car"
        path.write_bytes(
            car.header([root])
            + car.section(root, len(block)) + block
            + car.section(of_raw(b"x"), 1) + b"x"
        )  # fmt: skip
        with pytest.raises(MalformedError):
            unpack(path, tmp_path / "hook")
        assert listed(tmp_path) == ["design.car"], names
