"""The wheel, installed as a stranger would install it: from the package index."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.house.tree import PACKAGE, ROOT

pytestmark = pytest.mark.real

BUILD_S_MAX = 180
INSTALL_S_MAX = 600
"""A dozen libraries from an index, on a slow line."""
DEMO_S_MAX = 180


def run(*command: str | Path, cwd: Path, seconds_max: int) -> str:
    """Run a command away from the repository; return, or fail with, what it printed."""
    kept = {name: os.environ[name] for name in os.environ if "PYTHON" not in name}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=kept,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds_max,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8_000:]
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build from a copy, so that nothing an older build left behind gets in."""
    source = tmp_path_factory.mktemp("source")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, source / "fabnet", ignore=ignored)
    for path in ROOT.iterdir():
        if path.suffix in {".md", ".toml"} or path.name == "LICENSE":
            shutil.copy(path, source)
    out = tmp_path_factory.mktemp("wheel")
    build = (sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet", "-w", out)
    run(*build, source, cwd=out, seconds_max=BUILD_S_MAX)
    (built,) = out.glob("*.whl")
    return built


def test_the_wheel_holds_every_file_of_the_package_and_the_licence(wheel: Path) -> None:
    ours = {
        path.relative_to(ROOT).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    packed = set(zipfile.ZipFile(wheel).namelist())

    assert not sorted(ours - packed)
    assert any(name.endswith("licenses/LICENSE") for name in packed)


def test_a_fresh_install_walks_a_design_to_its_receipt(
    wheel: Path, tmp_path: Path
) -> None:
    home = tmp_path / "venv"
    run(sys.executable, "-m", "venv", home, cwd=tmp_path, seconds_max=BUILD_S_MAX)
    pip = (home / "bin/python", "-m", "pip", "install", "--quiet", "--use-pep517")
    run(*pip, wheel, cwd=tmp_path, seconds_max=INSTALL_S_MAX)

    where = run(
        home / "bin/python",
        "-c",
        "import fabnet; print(fabnet.__file__)",
        cwd=tmp_path,
        seconds_max=30,
    )
    told = run(
        home / "bin/fabnet", "demo", "--once", cwd=tmp_path, seconds_max=DEMO_S_MAX
    )

    assert home.as_posix() in where
    assert told.strip()
