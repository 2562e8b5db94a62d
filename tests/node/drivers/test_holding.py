"""No two nodes drive one machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from fabnet.errors import InputError
from fabnet.node.drivers.holding import held


def test_a_machine_is_in_one_pair_of_hands(tmp_path: Path) -> None:
    lathe, saw = tmp_path / "lathe.json", tmp_path / "saw.json"
    with (
        held([lathe]),
        held([saw]),
        pytest.raises(InputError, match=r"lathe\.json: .* another"),
        held([lathe]),
    ):
        raise AssertionError("two drive it")

    with held([lathe, saw]):
        pass


def test_two_machines_of_one_node_have_each_their_own(tmp_path: Path) -> None:
    both = [tmp_path / "lathe.json"] * 2

    with pytest.raises(InputError), held(both):
        raise AssertionError("one memory for two")
