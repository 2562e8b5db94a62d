"""Vectors of other projects, which lie beside this one where it is developed."""

from __future__ import annotations

from pathlib import Path

import pytest

VECTORS = Path(__file__).parents[2].parent / "shared" / "vectors"


def vectors(name: str) -> Path:
    """Return the file or folder of vectors, or skip the test that asked for it."""
    path = VECTORS / name
    if not path.exists():
        pytest.skip(f"shared/vectors/{name} is not beside this project")
    return path
