"""A line is added to a configuration, and nothing else in it changes."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from fabnet.errors import InputError
from fabnet.node.joining.writing import with_added

EXAMPLE = Path(__file__).parents[3] / "deploy/fabnet.example.toml"


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("", '\n\n[peers]\ndial = ["a"]\n'),
        ("[node]\nx = 1\n", '[node]\nx = 1\n\n[peers]\ndial = ["a"]\n'),
        ("[peers]\n[trust]\n", '[peers]\ndial = ["a"]\n[trust]\n'),
        (
            "[peers] # whom\nallow_private = true\n",
            '[peers] # whom\ndial = ["a"]\nallow_private = true\n',
        ),
        ("[peers]\ndial = []\n", '[peers]\ndial = ["a", ]\n'),
        ('[peers]\ndial = ["b"]\n', '[peers]\ndial = ["a", "b"]\n'),
        (
            '[peers]\n# ours\ndial = [\n  "b", # the mill\n]\n[x]\ndial = []\n',
            '[peers]\n# ours\ndial = ["a", \n  "b", # the mill\n]\n[x]\ndial = []\n',
        ),
        ('[peers]\ndial = ["a"]\n', '[peers]\ndial = ["a"]\n'),
        (
            '[x]\ndial = ["b"]\n[peers]\n[y]\ndial = ["c"]\n',
            '[x]\ndial = ["b"]\n[peers]\ndial = ["a"]\n[y]\ndial = ["c"]\n',
        ),
    ],
)
def test_one_more_is_added_where_it_belongs(text: str, after: str) -> None:
    assert with_added(text, "peers", "dial", ["a"]) == after


@pytest.mark.parametrize(
    "text",
    [
        'peers = {dial = ["b"]}\n',
        'peers.dial = ["b"]\n',
        '[peers]\n"dial" = ["b"]\n',
        "x = '''\n[peers]\n'''\n[y]\n",
        "[node]\nname = '''\n[peers]\ndial = [\n'''\n[peers]\n",
    ],
)
def test_what_would_touch_anything_else_is_left_to_its_owner(text: str) -> None:
    with pytest.raises(InputError, match='add this to it yourself: "a"'):
        with_added(text, "peers", "dial", ["a"])


def test_the_example_keeps_every_word_and_gains_one_line() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    after = with_added(text, "trust", "federations", ["sha256:" + "0" * 64])

    assert "sha256:" + "0" * 64 in tomllib.loads(after)["trust"]["federations"]
    assert {*text.splitlines()} - {*after.splitlines()} <= {
        line for line in text.splitlines() if line.startswith("federations")
    }
