"""One measured figure, as the JSON line that every benchmark prints."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, beside what it is held against."""

    figure: str
    value: float
    unit: str
    target: float
    baseline: float | None
    """Measured in the same run; nil when there is none, and the name says why."""
    seeds: Sequence[int] = ()
    at_least: bool = False
    """Whether more is better."""

    @property
    def holds(self) -> bool:
        if self.at_least:
            return self.value >= self.target
        return self.value <= self.target

    def line(self) -> str:
        ratio = None if not self.baseline else round(self.value / self.baseline, 3)
        baseline = None if self.baseline is None else round(self.baseline, 3)
        return json.dumps(
            {
                "figure": self.figure,
                "value": round(self.value, 3),
                "unit": self.unit,
                "baseline": baseline,
                "ratio": ratio,
                "target": self.target,
                "holds": self.holds,
                "seeds": list(self.seeds),
            }
        )


def measured(measures: Sequence[Callable[[], Iterable[Figure]]]) -> None:
    """Print each figure as soon as it is known, and then how many were held."""
    figures: list[Figure] = []
    for measure in measures:
        for figure in measure():
            figures.append(figure)
            print(figure.line(), flush=True)
    report(figures)


def report(figures: Sequence[Figure]) -> None:
    """Print the last line: how many targets were held."""
    held = sum(figure.holds for figure in figures)
    print(f"{held} held, {len(figures) - held} short")
