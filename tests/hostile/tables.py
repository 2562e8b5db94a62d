"""All tables of pure readers."""

from __future__ import annotations

from tests.hostile import arrays
from tests.hostile.rows import Table

ALL: tuple[Table, ...] = (*arrays.TABLES,)
