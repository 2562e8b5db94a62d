"""What the house rules look at: every file of the project, by kind."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "fabnet"
FOLDERS = (".ci", "benchmarks", "deploy", "docs", "fabnet", "stubs", "tests")
PICTURES = {".gif", ".ico", ".jpg", ".pdf", ".png"}
COMPILED = {".mo", ".nbc", ".nbi", ".pyc"}
BINARY = PICTURES | COMPILED | {".stl", ".woff2"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def python_in(*folders: str) -> list[Path]:
    return sorted(path for name in folders for path in (ROOT / name).rglob("*.py"))


def texts() -> list[Path]:
    """Every text file of the project that a person may read."""
    found = {path for path in ROOT.iterdir() if path.is_file()}
    found.discard(ROOT / ".git")  # in a worktree, a file that says where the rest is
    for name in FOLDERS:
        found |= {path for path in (ROOT / name).rglob("*") if path.is_file()}
    return sorted(path for path in found if path.suffix not in BINARY)


def pages() -> list[Path]:
    """Every Markdown page: those at the root, in docs and beside the code."""
    return [path for path in texts() if path.suffix == ".md"]


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(path: Path) -> Iterator[Function]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, Function):
            yield node
