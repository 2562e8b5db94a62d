"""What a manifest may hold, whichever text it came in, and how its values are read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fabnet.errors import LimitError

Toml = str | int | float | bool | list["Toml"] | dict[str, "Toml"]
"""A value of a manifest; dates, and numbers that no format keeps, are text."""

DEPTH_MAX: Final = 16
"""Tables within tables; the standard needs three. What is deeper is refused."""
DEPTH_READ_MAX: Final = DEPTH_MAX + 2
"""As deep as a file may be: what a dialect has no key for stands a table further in."""
INTEGER_MAX: Final = 2**63 - 1
"""The largest integer that TOML promises to keep; a larger one is kept as text."""
AS_WRITTEN: Final = frozenset({"okh-manifest-version", "okhv", "version"})
"""Keys of the top table whose number is a label: 1.10 is not 1.1."""


def check_depth(value: Toml, depth: int = 0) -> None:
    """Raise LimitError for tables and lists that nest more than DEPTH_MAX deep."""
    if depth > DEPTH_MAX:
        raise too_deep()
    if isinstance(value, dict):
        for item in value.values():
            if isinstance(item, dict | list):
                check_depth(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, dict | list):
                check_depth(item, depth + 1)


def too_deep() -> LimitError:
    """Return the error for a manifest that nests too deep."""
    return LimitError(f"manifest: nests at most {DEPTH_MAX} deep")


def same(one: Toml, other: Toml) -> bool:
    """Whether two values are the same to the letter: 1 is neither 1.0 nor true."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(
            same(value, other[key]) for key, value in one.items()
        )
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def short(value: object) -> str:
    """Return a value as a report shows it, cut to 80 characters."""
    if isinstance(value, str):
        return value[:80]
    if isinstance(value, dict):
        return "{" + ", ".join(list(value)[:8])[:78] + "}"
    if isinstance(value, list):
        return ("[" + ", ".join(short(item) for item in value[:8]))[:79] + "]"
    return str(value)[:80]


def text_of(value: Toml | None) -> str:
    """Return a text without the space around it; empty for what is none."""
    return value.strip() if isinstance(value, str) else ""


def texts_of(value: Toml | None) -> tuple[str, ...]:
    """Return the texts of one, or of a list of them, that say something."""
    each = value if isinstance(value, list) else [value]
    return tuple(filter(None, (text_of(it) for it in each)))


def paths_of(value: Toml | None) -> tuple[str, ...]:
    """Return the files in the folder that `value` names; addresses are left out."""
    inside = [path for path in texts_of(value) if "://" not in path]
    return tuple(path.removeprefix("./").lstrip("/") for path in inside)


def tables_of(value: Toml | None) -> Iterator[tuple[int, dict[str, Toml]]]:
    """Yield the tables of a list, each with its place, and pass by the rest."""
    for index, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, dict):
            yield index, item
