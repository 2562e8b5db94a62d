"""What `fabnet publish` prints is what helia calls the same files and folders."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fabnet.content.cid import of_dag_pb
from fabnet.content.dagpb import Link, encode
from fabnet.content.unixfs import CHUNK_BYTES, file_cid, folder
from fabnet.errors import LimitError
from fabnet.node.verifying.parts import named
from tests.content.helia import FULL, NAMES, TREE, write_tree
from tests.node.publishing.folders import drafted, write_hook
from tests.real.conftest import Npm, installed

pytestmark = pytest.mark.real

SCRIPTS = Path(__file__).with_name("npm-unixfs")
SIZES = (
    *(0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES),
    *(10_000_000, 100 * CHUNK_BYTES, 100 * CHUNK_BYTES + 1),
)
X = file_cid([b"x"])


@pytest.fixture(scope="session")
def helia() -> Npm:
    """Return what runs our script beside helia, installed as its lock says."""
    return installed(SCRIPTS)


def cids_in(helia: Npm, at: Path) -> dict[str, str]:
    """Return what helia calls everything under a folder."""
    found: dict[str, str] = json.loads(helia.run("cids.mjs", "tree", at))
    return found


def of_names(helia: Npm, names: list[str]) -> str:
    found = json.loads(helia.run("cids.mjs", "names", stdin=json.dumps(names)))
    return str(found[""])


def test_files_of_every_length_have_the_same_name(helia: Npm, tmp_path: Path) -> None:
    for size in SIZES:
        with (tmp_path / str(size)).open("wb") as file:
            file.truncate(size)

    theirs = cids_in(helia, tmp_path)

    nodes = {path.name: named(path)[1] for path in tmp_path.iterdir()}
    ours = {path: str(node.cid) for path, node in nodes.items()}
    assert ours | {"": folder(nodes).cid} == theirs
    assert ours[str(100 * CHUNK_BYTES)] == NAMES["100 MiB"]
    assert ours[str(100 * CHUNK_BYTES + 1)] == NAMES["100 MiB + 1 B"]


def test_nested_folders_and_names_of_any_letters_have_the_same_name(
    helia: Npm, tmp_path: Path
) -> None:
    write_tree(tmp_path)

    theirs = cids_in(helia, tmp_path)

    ours = {path: file_cid([content]) for path, content in TREE.items()}
    assert theirs[""] == folder(ours).cid == NAMES["tree"]
    assert {path: theirs[path] for path in ours} == {
        path: node.cid for path, node in ours.items()
    }
    below = {path[6:]: node for path, node in ours.items() if path[:6] == "peçes/"}
    assert len(below) == 3
    assert theirs["peçes"] == folder(below).cid


def test_an_empty_folder_has_the_same_name(helia: Npm, tmp_path: Path) -> None:
    assert cids_in(helia, tmp_path) == {"": folder({}).cid} == {"": NAMES["empty"]}


def test_what_is_published_is_called_as_helia_calls_it(
    helia: Npm, tmp_path: Path
) -> None:
    at = write_hook(tmp_path / "hook")
    design = drafted(at, everything=True)

    theirs = cids_in(helia, at)

    assert theirs[""] == design.folder
    entries = {file.path: str(file.cid) for file in design.revision.files}
    assert len(entries) == 4
    assert entries.items() <= theirs.items()


def test_the_fullest_plain_folder_has_the_same_name_and_beyond_it_we_refuse(
    helia: Npm,
) -> None:
    assert of_names(helia, FULL) == folder(dict.fromkeys(FULL, X)).cid == NAMES["full"]

    longer = [*FULL[:-1], FULL[-1] + "z"]
    with pytest.raises(LimitError):
        folder(dict.fromkeys(longer, X))
    assert of_names(helia, longer) != _plain(longer)


def _plain(names: list[str]) -> str:
    """Return what a folder would be called that stayed plain beyond the limit."""
    links = [Link(name, X.cid, X.tsize) for name in names]
    return of_dag_pb(encode(links, b"\x08\x01"))
