"""The door of the program: `fabnet`, or `python -m fabnet`."""

from __future__ import annotations

import sys

from fabnet.node.cli.main import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
