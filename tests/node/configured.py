"""A configuration for tests."""

from __future__ import annotations

from pathlib import Path

from fabnet.node.config import Config
from fabnet.production.place import Place


def config_for(path: Path, place: Place) -> Config:
    """Return the configuration of a node whose data is under `path`."""
    return Config(
        name="Jackson Community Workshop",
        city="Jackson",
        place=place,
        operator="127.0.0.1:8102",
        person_secret=b"s" * 32,
    )
