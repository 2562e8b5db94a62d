"""All tables of pure readers."""

from __future__ import annotations

from tests.hostile import arrays, papers, profile, wire
from tests.hostile.rows import Table

ALL: tuple[Table, ...] = (*arrays.TABLES, *wire.TABLES, *papers.TABLES, *profile.TABLES)
