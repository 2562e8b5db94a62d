"""Run a node that writes down every byte of every frame that it hears or says.

python -m tests.real.hubs.nosy DIARY run CONFIG
"""

from __future__ import annotations

import sys
from pathlib import Path

from fabnet.__main__ import main
from fabnet.node.links import link
from fabnet.node.links.frames import Aside, Frame, Heard, Hello, Reader, encode


def listen_in(diary: Path) -> None:
    """Have all frames written down, before they are read and before they leave."""
    read = Reader.read

    def write(raw: bytes) -> bytes:
        with diary.open("ab") as file:
            file.write(raw)
        return raw

    def hear(self: Reader, raw: bytes) -> Hello | Heard | Aside:
        return read(self, write(raw))

    def say(frame: Frame) -> bytes:
        return write(encode(frame))

    Reader.read = hear  # type: ignore[method-assign]  # that is what a nosy hub does
    link.encode = say  # type: ignore[attr-defined]  # the same


if __name__ == "__main__":
    listen_in(Path(sys.argv.pop(1)))
    sys.exit(main())
