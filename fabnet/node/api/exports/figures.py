"""A figure that is told to a monitoring system."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Metric:
    """One family of figures."""

    name: str
    """Without the `fabnet_` before it."""
    words: str
    values: tuple[tuple[str, float], ...]
    """By state; of a figure that has none, by the empty text."""
    kind: Literal["gauge", "counter"] = "gauge"
    label: str = "state"
    """What the values differ by."""
