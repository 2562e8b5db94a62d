"""Real node processes: killed at any moment, and on a disk that fails."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path

import pytest

from fabnet.node.cli.run import EXIT_DISK
from tests.node.desk import at_desk
from tests.real.power.mount import Mount
from tests.real.power.nodes import Node, site_in
from tests.real.power.platter import Platter

pytestmark = pytest.mark.real

KILLS = 6
TYPISTS = 4
SMALL_MIB = 80
"""The node's own, the ballast of 16, and films."""


def test_what_a_killed_node_answered_is_there_when_it_starts_again(
    tmp_path: Path,
) -> None:
    site = site_in(tmp_path)
    dice = random.Random(9)
    tokens: dict[str, str] = {}
    operator, unanswered = "", 0
    for life in range(KILLS):
        with (
            Node(site.folder, site.operator) as node,
            ThreadPoolExecutor(TYPISTS) as people,
        ):
            if not operator:
                one_time = site.folder / "data" / "one-time-token"
                operator = node.first_operator(one_time.read_text())
            for name, token in tokens.items():
                # Known, but no operator.
                assert node.asked("/v1/tokens", _wish("x"), token) == 403, name
            names = [f"{life}-{number}" for number in range(60)]
            making = [people.submit(_token, node, operator, name) for name in names]
            for _ in zip(
                range(dice.randint(1, 40)), as_completed(making), strict=False
            ):
                pass
            node.process.kill()
            made = [each.result() for each in making]
        tokens |= {name: token for name, token in made if token}
        unanswered += sum(not token for _, token in made)
    raw = sqlite3.connect(site.folder / "data" / "fabnet.db")
    assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    kept = {name for (name,) in raw.execute("SELECT name FROM token")}
    (incarnations,) = raw.execute("SELECT counter FROM incarnation").fetchone()
    raw.close()

    assert set(tokens) <= kept
    assert incarnations == 1, "a kill is no restore"
    assert unanswered, "every kill came after the last answer"


@pytest.mark.usefixtures("mountable")
def test_a_node_whose_disk_fails_a_sync_ends_and_says_what_to_do(
    tmp_path: Path,
) -> None:
    site = site_in(tmp_path / "site")
    platter = Platter("ext4")
    platter.load(site.folder)
    point = tmp_path / "mount"
    point.mkdir()
    with Mount(platter, point) as mount, Node(point, site.operator) as node:
        one_time = (point / "data" / "one-time-token").read_text()
        operator = node.first_operator(one_time)
        mount.fail_sync(1)
        refused, token = _token(node, operator, "phone")
        code, said = node.ended()
    platter.cut(random.Random(1))
    with Mount(platter, point), Node(point, site.operator) as node:
        again = node.asked("/v1/tokens", _wish("desk"), operator)

    assert (refused, token) == ("phone", "")
    assert code == EXIT_DISK
    assert "nothing more is written: the disk failed" in said
    assert "Look at the disk" in said
    assert again == 201


@pytest.mark.usefixtures("mountable")
def test_a_node_whose_disk_fills_up_says_so_and_keeps_its_word(tmp_path: Path) -> None:
    site = site_in(tmp_path / "site")
    with small_disk(tmp_path / "small", SMALL_MIB) as small:
        shutil.copytree(site.folder, small, dirs_exist_ok=True)
        films = small / "films"
        with Node(small, site.operator) as node:
            operator = node.first_operator((small / "data/one-time-token").read_text())
            _fill(films)
            # A burst larger than the WAL that is there already.
            made = [_token(node, operator, f"{number}") for number in range(400)]
            _until(node, "fabnet_disk_critical 1.0")
            low = "\nfabnet_disk_low 1.0\n" in node.page("/metrics")
            films.unlink()
            _until(node, "fabnet_disk_critical 0.0")
            again = _token(node, operator, "again")
        raw = sqlite3.connect(small / "data" / "fabnet.db")
        kept = {name for (name,) in raw.execute("SELECT name FROM token")}
        raw.close()

    assert low
    assert {name for name, token in [*made, again] if token} <= kept
    assert all(token for _, token in made), "the ballast was there for these"
    assert again[1]


@pytest.mark.usefixtures("mountable")
@pytest.mark.asyncio
async def test_a_file_that_does_not_fit_is_refused_and_the_node_goes_on(
    tmp_path: Path,
) -> None:
    with small_disk(tmp_path / "small", 8) as small:
        async with at_desk(small) as desk:
            await desk.people()
            url, shown = desk.url + "/v1/blobs", desk.bearer("designer")
            whole = BytesIO(bytes(16 << 20))
            async with desk.client.post(url, data=whole, headers=shown) as reply:
                refused, why = reply.status, (await reply.json())["type"]
            async with desk.client.post(url, data=b"part", headers=shown) as reply:
                kept = reply.status

    assert (refused, why) == (507, "urn:fabnet:reason:disk-low")
    assert kept == 201


@contextmanager
def small_disk(folder: Path, mib: int) -> Iterator[Path]:
    """Mount a disk of so many MiB at a folder."""
    folder.mkdir()
    mounting = ("mount", "-t", "tmpfs", "-o", f"size={mib}m", "none", str(folder))
    subprocess.run(mounting, check=True)
    try:
        yield folder
    finally:
        subprocess.run(("umount", "-l", str(folder)), check=True)


def _fill(path: Path) -> None:
    """Write a file until nothing more fits."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4_096)) == 4_096:
            pass


def _until(node: Node, figure: str) -> None:
    """Wait for a figure; the node looks at its disk every few seconds."""
    for _ in range(300):
        if f"\n{figure}\n" in node.page("/metrics"):
            return
        time.sleep(0.1)
    raise AssertionError(f"never: {figure}")


def _token(node: Node, operator: str, name: str) -> tuple[str, str]:
    """Return the name, and the token if there was an answer that said so."""
    status, said = node.answer("/v1/tokens", _wish(name), operator)
    return name, said["token"] if status == 201 else ""


def _wish(name: str) -> dict[str, str]:
    return {"name": name, "role": "steward"}
