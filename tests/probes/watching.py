"""The product with its probes, as Python imports it, and what they have seen."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Final, TextIO

from tests.probes.placing import PROBE, placed

SEEN: Final[dict[str, str]] = {}
"""Each word and path that was hit in this process, and the test that hit it first."""
_pages: Final[list[TextIO]] = []
"""Where a process that a test began writes what it sees."""


def probe(sort: str, word: object = None) -> object:
    """Know that a path was taken, or a word said; return the word."""
    hit = f"{sort} {word}" if isinstance(word, str) else sort
    if hit not in SEEN:
        SEEN[hit] = os.environ.get("PYTEST_CURRENT_TEST", "").partition(" (")[0]
        for page in _pages:
            page.write(f"{hit}\n")
    return word


class Loader(SourceFileLoader):
    """Loads a module of the product with probes in it."""

    def path_stats(self, path: str) -> dict[str, int]:
        """Say that there is no date: what is rewritten is never kept on disk."""
        raise FileNotFoundError(path)

    def source_to_code(  # type: ignore[override]  # typeshed has it private to the base
        self, data: bytes | str, path: str, *, _optimize: int = -1
    ) -> CodeType:
        """Compile what was rewritten."""
        tree: ast.Module = placed(data, Path(path))
        code: CodeType = compile(
            tree, path, "exec", dont_inherit=True, optimize=_optimize
        )
        return code

    def exec_module(self, module: ModuleType) -> None:
        """Run the module, which finds the probe among its names."""
        setattr(module, PROBE, probe)
        super().exec_module(module)


class Finder(MetaPathFinder):
    """Finds the modules of the product, before the usual finder does."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Return where a module of the product is, to be loaded with probes."""
        if not fullname.startswith("fabnet."):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = Loader(spec.loader.name, spec.loader.path)
        return spec


def install() -> None:
    """Watch the product from here on: before any of it is imported."""
    already = sorted(name for name in sys.modules if name.startswith("fabnet."))
    assert not already, f"imported before it could be watched: {already}"
    sys.meta_path.insert(0, Finder())


def report(file: Path) -> None:
    """Watch this process, which a test began, and write at once whatever is seen.

    So a process that ends by a kill has told of all that it did.
    """
    install()
    _pages.append(file.open("w", buffering=1, encoding="utf-8"))


def learn(file: Path) -> None:
    """Take over what a process wrote that this one began."""
    if file.exists():
        for hit in file.read_text(encoding="utf-8").splitlines():
            probe(hit)
