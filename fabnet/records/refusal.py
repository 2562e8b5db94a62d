"""A no, as a value: a reason code with its arguments; sentences are made in `node`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something was not done, and why."""

    reason: str
    """A kebab-case code, such as `not-a-steward`."""
    args: tuple[tuple[str, str | int], ...] = ()
