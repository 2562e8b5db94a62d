"""What is worth saying about how a manifest was read: codes with their arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

Level = Literal["normalised", "warning", "error"]

NOTES_MAX: Final = 100
"""Notes of one level; the dirtiest real manifest has 60. More are counted, not kept."""


KEY_CHARS_MAX: Final = 120
"""Characters of where a note belongs; a longer path is cut."""

Args = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that import changed, did not understand, or missed."""

    level: Level
    """`normalised`: changed, and means the same; `warning`: kept as it is, and a person
    should look; `error`: without it this is no manifest to publish."""
    code: str
    """Such as `key-respelled`, `unknown-key` or `missing`."""
    key: str
    """Where, in the words of the model: `part[0].mass`."""
    args: tuple[tuple[str, str | int], ...] = ()


@dataclass(slots=True)
class Report:
    """The notes of one import, as they gather."""

    notes: list[Note] = field(default_factory=list)
    left_out: int = 0
    _counts: dict[Level, int] = field(default_factory=dict)

    def normalised(self, code: str, key: str, **args: str | int) -> None:
        """Say what was changed, and means the same."""
        self._add("normalised", code, key, args)

    def warning(self, code: str, key: str, **args: str | int) -> None:
        """Say what was kept as it is, and a person should look at."""
        self._add("warning", code, key, args)

    def error(self, code: str, key: str, **args: str | int) -> None:
        """Say what is missing or wrong, so that this is no manifest to publish."""
        self._add("error", code, key, args)

    @property
    def open_to_warnings(self) -> bool:
        """Whether another warning would be kept."""
        return self._counts.get("warning", 0) < NOTES_MAX

    def closed(self) -> tuple[Note, ...]:
        """Return the notes, and how many more there were."""
        if not self.left_out:
            return tuple(self.notes)
        cut = Note("warning", "report-cut", "", (("notes", self.left_out),))
        return (*self.notes, cut)

    def _add(self, level: Level, code: str, key: str, args: Args) -> None:
        count = self._counts.get(level, 0)
        if count >= NOTES_MAX:
            self.left_out += 1
            return
        self._counts[level] = count + 1
        self.notes.append(Note(level, code, key[:KEY_CHARS_MAX], tuple(args.items())))
