"""Where commands read an OKH manifest from its file."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fabnet.designs.okh.manifest import Imported, import_okh
from fabnet.designs.revision import OKH_BYTES_MAX
from fabnet.errors import InputError

MANIFESTS: Final = ("okh.toml", "okh.yml", "okh.yaml")
"""What a manifest is called, the preferred first."""


def read_manifest(path: Path) -> Imported:
    """Return the manifest in a file, or raise FabnetError naming what is wrong."""
    try:
        with path.open("rb") as file:
            raw = file.read(OKH_BYTES_MAX + 1)
    except OSError as error:
        raise InputError(str(path), f"cannot be read: {error.strerror}") from error
    return import_okh(raw)
