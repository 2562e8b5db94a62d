"""The folders that are served where none is given: small, nested, and one long file."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fabnet.errors import StorageError
from fabnet.node.demo.design import write_design

LONG_BYTES: Final = 3 * 1024 * 1024 + 5
"""Of the long file: four blocks and a node over them."""


def write_samples(at: Path) -> list[Path]:
    """Write the samples under a folder; return them."""
    pull, shapes = at / "forearm-pull", at / "shapes"
    try:
        write_design(pull)
        (shapes / "peçes" / "κύβος").mkdir(parents=True)
        (shapes / "empty.txt").write_bytes(b"")
        (shapes / "peçes" / "long.bin").write_bytes(_counted(LONG_BYTES))
        text = "Fets a Barcelona, Jackson i Detroit.\n"
        (shapes / "peçes" / "κύβος" / "日本語.txt").write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{at}: cannot be written: {error}") from error
    return [pull, shapes]


def _counted(size: int) -> bytes:
    """Return bytes of which no two blocks are alike."""
    return b"".join(number.to_bytes(4) for number in range(size // 4 + 1))[:size]
