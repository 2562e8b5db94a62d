"""A small design in a folder, and folders that git knows."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import pytest

from fabnet.content.unixfs import file_cid, folder
from fabnet.node.publishing.choosing import choose
from fabnet.node.publishing.draft import Draft, draft
from fabnet.node.publishing.lineage import NEW
from fabnet.node.publishing.progress import Progress
from fabnet.records.keys import SigningKey

ADA = SigningKey.from_seed(b"ada".ljust(32))
NOON_MS = 1_750_000_000_000

MANIFEST = """\
okhv = "2.4"
name = "Coat hook"
repo = "https://example.org/hook"
version = "1.0.0"
license = "CERN-OHL-S-2.0"
licensor = "Ada"
function = "Holds a coat."
manufacturing-instructions = ["docs/how to.md"]

[[part]]
name = "hook"
tsdc = "3DP"
material = "PLA"
source = "hook.scad"
outer-dimensions = { width = 20, depth = 10, height = 30 }
"""


def write_hook(folder: Path, manifest: str = MANIFEST) -> Path:
    """Write the design, with a file beside it that its manifest does not name."""
    (folder / "docs").mkdir(parents=True)
    (folder / "okh.toml").write_text(manifest)
    (folder / "hook.scad").write_text("cube([20, 10, 30]);\n")
    (folder / "docs" / "how to.md").write_text("# Print it\n")
    (folder / "docs" / "ganxo petit é.txt").write_text("Molt petit.\n")
    return folder


def git(folder: Path, *words: str) -> str:
    """Run git as Ada would, with nobody's own settings; skip where there is no git."""
    program = shutil.which("git")
    if program is None:
        pytest.skip("the program git is not installed")
    environment = {
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_AUTHOR_EMAIL": "ada@example.org",
        "GIT_COMMITTER_NAME": "Ada",
        "GIT_COMMITTER_EMAIL": "ada@example.org",
        "PATH": str(Path(program).parent),
    }
    done = subprocess.run(
        [program, "-C", str(folder), *words],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def write_copy(folder: Path, manifest: str = MANIFEST) -> str:
    """Write the design as a working copy of one commit; return the commit's id."""
    write_hook(folder, manifest)
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "First hook")
    return git(folder, "rev-parse", "HEAD")


def drafted(at: Path, *, everything: bool = False, moment_ms: int = NOON_MS) -> Draft:
    """Return the design in a folder, signed by Ada."""
    chosen = choose(at, everything=everything)
    progress = Progress(io.StringIO())
    return draft(chosen, [ADA], moment_ms, lineage=NEW, progress=progress)


def key(folder_: Path) -> Path:
    """Return the file of Ada's key."""
    path = folder_ / "ada.pem"
    path.write_bytes(ADA.to_pem())
    path.chmod(0o600)
    return path


def folder_cid(at: Path) -> str:
    """Return what a whole folder is called, of nested folders too."""
    files = [path for path in at.rglob("*") if path.is_file()]
    nodes = {str(it.relative_to(at)): file_cid([it.read_bytes()]) for it in files}
    return folder(nodes).cid
