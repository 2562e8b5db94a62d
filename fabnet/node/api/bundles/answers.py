"""What callers get about bundles."""

from __future__ import annotations

from fabnet.node.api.answers import Answer


class FrameTaken(Answer):
    """What came of one frame of a bundle."""

    records: int
    kept: int
    """How many of them are kept here now, whether they were before or not."""
