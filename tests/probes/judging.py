"""What there is to hit, and what of it was not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from fabnet.node.web.notes import NOTES
from fabnet.node.web.words.doubts import DOUBTS
from fabnet.node.web.words.lines import LINES
from fabnet.node.web.words.reasons import REASONS
from tests.probes import placing
from tests.probes.placing import DOUBT, LINE, MANIFEST, PACKAGE, REASON, SAID

_CODE: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def tables() -> Mapping[str, AbstractSet[str]]:
    """Return the codes that have a text, by what sort of word they are."""
    # One note has a second text, for when something near is known.
    notes = {code.removesuffix("-near") for code in NOTES}
    return {
        LINE: LINES.keys(), REASON: REASONS.keys(), DOUBT: DOUBTS.keys(),
        MANIFEST: notes,
    }  # fmt: skip


def to_hit() -> set[str]:
    """Return every word that has a text or stands in the source, and every path."""
    found = {f"{sort} {code}" for sort, codes in tables().items() for code in codes}
    for file in PACKAGE.rglob("*.py"):
        found |= {_sorted(word) for word in placing.words(file) if _is_code(word)}
        if placing.is_recovery(file):
            found |= placing.paths(file)
    return found


def unhit(wanted: AbstractSet[str], seen: AbstractSet[str]) -> list[str]:
    """Return what was to be hit and was not, in order."""
    return sorted(wanted - {_sorted(hit) for hit in seen})


def _is_code(word: str) -> bool:
    return _CODE.fullmatch(word.partition(" ")[2]) is not None


def _sorted(word: str) -> str:
    """Return a word that is said somehow as the line or the clause that it is."""
    sort, _, code = word.partition(" ")
    if sort != SAID:
        return word
    return f"{LINE if code in tables()[LINE] else REASON} {code}"
