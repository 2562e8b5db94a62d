"""Tools of the package index, installed beside the project and kept between runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.real.conftest import CACHE, INSTALL_S_MAX


def wheel(requirement: str) -> Path:
    """Return the folder where a pinned requirement is installed, by itself."""
    home = CACHE / requirement.replace("==", "-")
    if not (home / ".ready").exists():
        pip = (sys.executable, "-m", "pip", "install", "--quiet", "--target", str(home))
        subprocess.run((*pip, requirement), check=True, timeout=INSTALL_S_MAX)
        (home / ".ready").touch()
    return home


def beside(home: Path, *more: Path) -> dict[str, str]:
    """Return an environment in which the tool, and `more`, can be imported."""
    paths = os.pathsep.join(str(path) for path in (home, *more))
    return {**os.environ, "PYTHONPATH": paths}
