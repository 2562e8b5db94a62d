"""The catalogue: which designs answer to some words, a process, a material, a licence.

Every word must be found, in any order; case, accents and widths do not count, and part
of a word is enough. What comes first is stated and simple: a word that is a word of the
title counts 8, the beginning of one 6, found within the title 4, in the name of a part
3, in what the design is for 1; the sum decides, then the newer. Without words the
newest come first.
"""

from __future__ import annotations

import heapq
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from fabnet.content import cid as cids
from fabnet.content.cid import Cid
from fabnet.designs.licence import expression as licences
from fabnet.designs.licence.expression import Licence
from fabnet.designs.lineage import Kin, Lineages
from fabnet.designs.revision import Revision
from fabnet.designs.vocabulary import material_of
from fabnet.errors import InputError, RemoteError
from fabnet.records.ids import RecordId

DESIGNS_MAX: Final = 10_000
"""Revisions searched, 40 MB at the most; beyond it the one that came first goes."""
TEXT_CHARS_MAX: Final = 4_000
"""Characters of one revision that are searched; what is cut is still in the design."""
ASKED_CHARS_MAX: Final = 200
"""Characters of what is asked for; longer is an error."""
WORDS_MAX: Final = 16
"""Words asked for at once; more is an error."""
FOUND_MAX: Final = 200
"""Designs in one answer; whoever wants more asks again after the last."""

_TITLE_WORD, _TITLE_BEGINS, _TITLE_HOLDS, _PART, _FUNCTION = 8, 6, 4, 3, 1
_MARK: Final = re.compile(r"([0-9]{1,4})\.([0-9]{1,16})\.(baf[ky][a-z2-7]{55})")
_WORDS: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Summary:
    """What a search needs to know of one revision."""

    cid: Cid
    arrival: int
    """How many revisions had come here before it did; the later the newer."""
    record: RecordId
    """What published it first."""
    name: str
    """The title, as it stands."""
    title: str
    """Folded, as all text below."""
    titled: tuple[str, ...]
    """The words of the title."""
    parts: str
    told: str
    """All that is searched: title, parts and function, a line each."""
    processes: frozenset[str]
    materials: frozenset[str]
    licences: frozenset[str]
    """SPDX ids, in small letters, of the design and of parts under their own."""
    first: Cid
    """Of its lineage."""
    kin: Kin | None
    """Nil while the manifest is not here; only title and lineage are known then."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a search goes on: after this design."""

    score: int
    arrival: int
    cid: Cid

    @property
    def text(self) -> str:
        """The mark as people hand it back."""
        return f"{self.score}.{self.arrival}.{self.cid}"


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched for; made by `query`."""

    words: tuple[str, ...]
    process: str | None
    material: str | None
    licence: str | None
    lineage: Cid | None
    newest: bool
    """Whether revisions that are superseded are left out."""
    after: Mark | None


@dataclass(frozen=True, slots=True)
class Found:
    """Some of what answers to a query, the best first."""

    cids: tuple[Cid, ...]
    count: int
    """How many answer in all, those before and after included."""
    more: str
    """The mark to go on after; empty when these are the last."""


def fold(text: str) -> str:
    """Return a text without case, accents and widths, its spaces made one."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    letters = (it for it in plain if not unicodedata.combining(it))
    return " ".join("".join(letters).split())


def summarise(announced: Summary, revision: Revision, kin: Kin) -> Summary:
    """Return the summary of a revision whose manifest came after its record."""
    expressions = {revision.licence_of(part) for part in revision.parts}
    title = fold(revision.title)
    parts = "\n".join(fold(part.name) for part in revision.parts)
    told = "\n".join((title, parts, fold(revision.function)))
    return Summary(
        announced.cid,
        announced.arrival,
        announced.record,
        revision.title,
        title,
        tuple(_WORDS.findall(title)),
        parts[:TEXT_CHARS_MAX],
        told[:TEXT_CHARS_MAX],
        frozenset(part.requirement.process for part in revision.parts),
        frozenset(
            each for part in revision.parts for each in part.requirement.materials
        ),
        frozenset(
            id_
            for expression in (revision.licence, *expressions)
            for id_ in _licences(expression)
        ),
        kin.first,
        kin,
    )


def announce(
    cid: Cid, arrival: int, record: RecordId, *, title: str, first: Cid
) -> Summary:
    """Return the summary of a revision of which only the record is here."""
    none: frozenset[str] = frozenset()
    folded = fold(title)
    words = tuple(_WORDS.findall(folded))
    return Summary(
        cid, arrival, record, title, folded, words, "", folded, none, none, none,
        first, None,
    )  # fmt: skip


def query(
    *,
    text: str = "",
    process: str = "",
    material: str = "",
    licence: str = "",
    lineage: str = "",
    newest: bool = False,
    after: str = "",
) -> Query:
    """Return what is asked for, empty texts meaning any; raise InputError if it is odd.

    A material may be spelt as people do; a process is one of ours, and one without its
    kind, such as `3d-printing`, asks for any kind of it.
    """
    asked = {"text": text, "process": process, "material": material, "licence": licence}
    for field, value in asked.items():
        if len(value) > ASKED_CHARS_MAX:
            raise InputError(field, f"expected at most {ASKED_CHARS_MAX} characters")
    words = tuple(dict.fromkeys(fold(text).split()))
    if len(words) > WORDS_MAX:
        raise InputError("text", f"expected at most {WORDS_MAX} words")
    return Query(
        words,
        process.strip().casefold() or None,
        _material(material) if material.strip() else None,
        licence.strip().casefold() or None,
        _cid("lineage", lineage) if lineage else None,
        newest,
        _mark(after) if after else None,
    )


class Catalogue:
    """The summaries of all revisions that are known, and what follows what."""

    def __init__(self) -> None:
        self._held: dict[Cid, Summary] = {}
        self.lineages = Lineages()

    def __len__(self) -> int:
        return len(self._held)

    def get(self, cid: Cid) -> Summary | None:
        """Return a revision's summary, or nil."""
        return self._held.get(cid)

    def add(self, summary: Summary) -> None:
        """Take in a revision, in place of what was known of it."""
        if summary.cid not in self._held and len(self._held) >= DESIGNS_MAX:
            oldest = next(iter(self._held))
            del self._held[oldest]
            self.lineages.drop(oldest)
        self._held[summary.cid] = summary
        if summary.kin is not None:
            self.lineages.add(summary.kin)

    def search(self, asked: Query, most: int = FOUND_MAX) -> Found:
        """Return the best answers to a query, at most `most` and FOUND_MAX."""
        hits = [
            (-_score(summary, asked.words), -summary.arrival, summary.cid)
            for summary in self._held.values()
            if self._answers(summary, asked)
        ]
        after = asked.after
        begin = None if after is None else (-after.score, -after.arrival, after.cid)
        ahead = [hit for hit in hits if begin is None or hit > begin]
        best = heapq.nsmallest(min(most, FOUND_MAX), ahead)
        more = ""
        if len(ahead) > len(best) and best:
            score, arrival, cid = best[-1]
            more = Mark(-score, -arrival, cid).text
        return Found(tuple(cid for _, _, cid in best), len(hits), more)

    def _answers(self, summary: Summary, asked: Query) -> bool:
        for word in asked.words:
            if word not in summary.told:
                return False
        facts = (
            asked.lineage is None or summary.first == asked.lineage,
            asked.material is None or asked.material in summary.materials,
            asked.licence is None or asked.licence in summary.licences,
            asked.process is None or _does(summary.processes, asked.process),
        )
        is_old = asked.newest and self.lineages.is_superseded(summary.cid)
        return all(facts) and not is_old


def _does(processes: frozenset[str], wanted: str) -> bool:
    return wanted in processes or any(it.startswith(f"{wanted}.") for it in processes)


def _score(summary: Summary, words: tuple[str, ...]) -> int:
    """Return the sum over the words of the best place that each is found in."""
    if not words:
        return 0
    return sum(_place(summary, word) for word in words)


def _place(summary: Summary, word: str) -> int:
    if word in summary.title:
        if word in summary.titled:
            return _TITLE_WORD
        begins = any(it.startswith(word) for it in summary.titled)
        return _TITLE_BEGINS if begins else _TITLE_HOLDS
    return _PART if word in summary.parts else _FUNCTION


def _licences(expression: str) -> Iterator[str]:
    """Yield the ids of an expression; of one with an exception also the bare one."""
    licence = licences.parse(expression)
    for id_ in licence.terms if isinstance(licence, Licence) else ():
        yield id_.casefold()
        yield id_.partition(" WITH ")[0].casefold()


def _material(text: str) -> str:
    found = material_of(text)
    if found is None:
        raise InputError("material", "expected a word such as pla or plywood")
    return found


def _cid(field: str, text: str) -> Cid:
    try:
        return cids.parse(text)
    except RemoteError as error:
        raise InputError(field, f"expected a CID: {error}") from error


def _mark(text: str) -> Mark:
    read = _MARK.fullmatch(text)
    if read is None:
        raise InputError("after", "expected what `more` said of the answer before")
    return Mark(int(read[1]), int(read[2]), _cid("after", read[3]))
