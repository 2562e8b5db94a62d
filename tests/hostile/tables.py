"""All tables of pure readers."""

from __future__ import annotations

from tests.hostile import (
    arrays,
    files,
    ipfs,
    limits,
    names,
    ours,
    papers,
    profile,
    settings,
    wire,
)
from tests.hostile.rows import Table

ALL: tuple[Table, ...] = (
    *settings.TABLES,
    *arrays.TABLES,
    *wire.TABLES,
    *names.TABLES,
    *papers.TABLES,
    *profile.TABLES,
    *files.TABLES,
    *ipfs.TABLES,
    *limits.TABLES,
    *ours.TABLES,
)
