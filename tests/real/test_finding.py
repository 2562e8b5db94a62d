"""Three real nodes, each told of the first alone, find each other by their notices."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from fabnet.node.clock import SystemClock
from fabnet.node.demo.layout import Site, lay_out

pytestmark = pytest.mark.real

PATIENCE_S = 150
"""A node asks each 30 s whether a link of its own choice is missing."""


@contextmanager
def running(site: Site) -> Iterator[None]:
    config = str(site.folder / "config.toml")
    with (site.folder / "node.log").open("ab") as log:
        node = subprocess.Popen(
            [sys.executable, "-m", "fabnet", "run", config], stdout=log, stderr=log
        )
        try:
            yield
        finally:
            node.terminate()
            node.wait(timeout=20)


def links(site: Site) -> dict[str, str]:
    """Return who is linked to a node: `ours` where it dialled."""
    url = f"{site.operator}/v1/peers"
    try:
        with urllib.request.urlopen(
            url, timeout=5
        ) as answer:  # loopback, and we made the URL
            peers = json.load(answer)["peers"]
    except OSError:
        return {}
    return {each["peer"]: each["link"] for each in peers if each["link"]}


def test_r12_nodes_that_nobody_introduced_find_each_other(tmp_path: Path) -> None:
    sites = lay_out(tmp_path, SystemClock())
    first, second, third = sites
    config = third.folder / "config.toml"
    text = config.read_text(encoding="utf-8")
    named = [line for line in text.splitlines() if second.peer in line]
    assert named, "the layout names every node founded before"
    config.write_text(
        "\n".join(line for line in text.splitlines() if line not in named),
        encoding="utf-8",
    )

    with ExitStack() as nodes:
        for site in sites:
            nodes.enter_context(running(site))
        waited_until = time.monotonic() + PATIENCE_S
        while second.peer not in links(third) and time.monotonic() < waited_until:
            time.sleep(1)
        found = links(third), links(second)

    assert set(found[0]) == {first.peer, second.peer}
    assert {found[0][second.peer], found[1][third.peer]} == {"ours", "theirs"}
