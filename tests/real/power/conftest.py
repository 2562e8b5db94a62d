"""Where a file system of ours can be mounted, and a node to put on it."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import suppress

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


@pytest.fixture(scope="session")
def strace() -> None:
    """Have strace, or skip."""
    if shutil.which("strace") is None:
        apt = ("apt-get", "-o", "DPkg::Lock::Timeout=120", "install", "-yqq", "strace")
        with suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(apt, capture_output=True, check=False, timeout=300)
    trial = ("strace", "-f", "-qq", "-o", "/dev/null", "true")
    if shutil.which("strace") is None:
        pytest.skip("needs strace, which apt-get could not install")
    if subprocess.run(trial, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to trace")
