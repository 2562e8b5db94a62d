"""Where a file system of ours can be mounted, and a node to put on it."""

from __future__ import annotations

import pytest

from tests.real.power.mount import Mount
from tests.real.power.platter import Platter


@pytest.fixture(scope="session")
def mountable(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skip where no file system of ours can be mounted."""
    point = tmp_path_factory.mktemp("trial")
    try:
        with Mount(Platter("strict"), point):
            list(point.iterdir())
    except OSError as error:
        pytest.skip(f"needs /dev/fuse and the right to mount: {error}")
