"""Every bad input of every table is refused, for the very reason that it was bent."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.hostile import arrays, tables
from tests.hostile.reasons import reasons
from tests.hostile.rows import Table
from tests.house.test_protocol_doc import KINDS
from tests.house.tree import ROOT

NAMES_MIN = 600
"""Bad inputs by name: the figure of the issue; there are more than twice as many."""
ELSEWHERE = {
    "host: a peer does not redirect": "node/test_guard.py",
    "host: compressed; we asked for identity": "node/test_guard.py",
    "more than 3000 blocks under one root": "content/test_dag.py",
    "more than 1000 files under one root": "content/test_dag.py",
    "car: more than 2 blocks": "content/test_car.py",
}
"""Reasons that only a reply can earn, or a long while, and the tests that bring one."""


@pytest.mark.parametrize("table", tables.ALL, ids=lambda table: table.name)
def test_each_bad_input_gets_its_reason_and_the_good_one_none(table: Table) -> None:
    assert table.why(table.good) == ""
    told = {row.name: table.why(row.bad) for row in table.rows}
    wrong = {
        row.name: told[row.name]
        for row in table.rows
        if not row.explains(told[row.name])
    }
    assert not wrong


def test_what_is_told_elsewhere_is_tested_there() -> None:
    for told, file in ELSEWHERE.items():
        assert told.split()[-1] in (ROOT / "tests" / file).read_text(encoding="utf-8")


def test_there_are_many_bad_inputs_and_no_two_of_one_name() -> None:
    names = Counter(
        (table.name, row.name) for table in tables.ALL for row in table.rows
    )

    assert max(names.values()) == 1
    assert len(names) >= NAMES_MIN
    assert all(table.rows for table in tables.ALL)


def test_every_kind_of_the_protocol_has_a_table() -> None:
    assert {kind for kind, _ in KINDS} <= {table.name for table in arrays.TABLES}


def test_every_reason_that_a_reader_has_is_given_at_least_once() -> None:
    told = {table.why(row.bad) for table in tables.ALL for row in table.rows}
    never = [
        f"{each.file}:{each.line}: {each.pattern}"
        for each in reasons()
        if not any(map(each.is_in, told | ELSEWHERE.keys()))
    ]

    assert not never
