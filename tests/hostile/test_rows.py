"""Every bad input of every table is refused, for the very reason that it was bent."""

from __future__ import annotations

import pytest

from tests.hostile import tables
from tests.hostile.rows import Table

ROWS = [(table, row) for table in tables.ALL for row in table.rows]
NAMES = [f"{table.name}: {row.name}"[:90] for table, row in ROWS]


@pytest.mark.parametrize("table", tables.ALL, ids=[table.name for table in tables.ALL])
def test_each_bad_input_gets_its_reason_and_the_good_one_none(table: Table) -> None:
    assert table.why(table.good) == ""
    wrong = {
        row.name: why
        for row in table.rows
        if row.why not in (why := table.why(row.bad))
    }
    assert not wrong
