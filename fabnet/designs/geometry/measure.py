"""What a file measures, by its suffix; each reader is loaded when one comes for it."""

from __future__ import annotations

from typing import Final

from fabnet.designs.requirement import Shape

SUFFIXES: Final = (".stl", ".3mf", ".dxf")
"""Of the files that are measured; all others are carried as they are."""


def is_measured(path: str) -> bool:
    """Whether the file at `path` would be read for what it measures."""
    return path.lower().endswith(SUFFIXES)


def measure(path: str, data: bytes) -> Shape | None:
    """Return what the file at `path` measures; nil for one that is not measured.

    Raises RemoteError, naming the form and what is wrong, for a file that is not what
    its suffix says.
    """
    shape: Shape | None = None
    match path.lower()[-4:]:
        case ".stl":
            from fabnet.designs.geometry.stl import (  # noqa: PLC0415  # numpy
                read_stl,
            )

            shape = read_stl(data)
        case ".3mf":
            from fabnet.designs.geometry.threemf import (  # noqa: PLC0415  # numpy
                read_3mf,
            )

            shape = read_3mf(data).shape
        case ".dxf":
            from fabnet.designs.geometry.drawing import (  # noqa: PLC0415  # ezdxf
                read_dxf,
            )

            shape = read_dxf(data)
        case _:
            pass
    return shape
