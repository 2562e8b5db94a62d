"""Read a licence string from the wild: what it means in SPDX, or why nobody can say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fabnet.designs.licence.expression import Licence, parse
from fabnet.designs.licence.terms import table

_REF: Final = "LicenseRef-"


@dataclass(frozen=True, slots=True)
class Normalised:
    """What a licence string from the wild is understood as."""

    expression: str | None
    """Nil when it is not an expression at all."""
    flags: tuple[str, ...]
    """Why it was not taken as it stood; none when it was."""


def normalise(text: str) -> Normalised:
    """Return what `text` means in SPDX; what it does not say is not supplied."""
    plain = " ".join(text.split())
    aliases = table().import_aliases
    bare = plain.removeprefix(_REF)
    candidates: tuple[tuple[str, tuple[str, ...]], ...] = (
        (plain, ()),
        (aliases.get(plain, ""), ("alias",)),
        (aliases.get(bare, ""), ("alias",)),
        (bare, ("licenseref-dropped",)),
    )
    for candidate, flags in candidates:
        licence = parse(candidate)
        if isinstance(licence, Licence) and _all_known(licence):
            respelled = not flags and licence.expression != text
            return Normalised(
                licence.expression, ("respelled",) if respelled else flags
            )
    licence = parse(plain)
    if isinstance(licence, Licence):
        return Normalised(licence.expression, ("unknown",))
    return Normalised(None, (licence.reason,))


def _all_known(licence: Licence) -> bool:
    return all(id_ in table().licences for id_ in licence.terms)
