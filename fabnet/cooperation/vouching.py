"""Who is vouched for by cooperatives: worked out of all lists that are known, at once.

What comes out is a function of the *set* of lists and charters heard, never of their
order. Of the lists of one voucher and year the longest counts; of two equally long and
alike, either; of two that contradict each other, none. A list counts under the version
of the charter that it names, while that is the newest known.

From the roots (our own cooperative, and the members of federations we trust) whoever
has VOUCHERS_MIN vouchers nearer than itself is vouched for, at most VOUCH_HOPS_MAX
hops out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from fabnet.cooperation.charter import Charter
from fabnet.cooperation.vouches import YEAR_MAX, Vouches, open_vouches, voucher_of
from fabnet.errors import RemoteError
from fabnet.records.civil import rfc3339
from fabnet.records.credential import open_credential
from fabnet.records.ids import CharterId
from fabnet.records.refusal import Refusal

VOUCH_HOPS_MAX: Final = 4
"""From a root to the last who is vouched for: with 8 vouches each, two roots that
collude bring in 8, 32, 128 and 512 cooperatives, 680 in all, and no more."""
VOUCHERS_MIN: Final = 2
"""Who vouch for one; a single cooperative that was deceived lets nobody in."""
VOUCHED_MAX: Final = 2_500
"""Cooperatives vouched for by others; as many as a node follows. At the bound the
nearer come first, and of one hop the lower ids."""
LISTS_MAX: Final = 10_000
"""Lists held, two years of every charter that may be known; one more is refused."""
EARLY_MAX: Final = 64
"""Lists that wait for their voucher's charter, 1.5 MiB at most; the oldest goes."""

_EARLY: Final = "early"
_EVER: Final = 2**63

Place = tuple[CharterId, int]
"""A voucher and a year."""
Given = tuple[frozenset[CharterId], frozenset[CharterId]]
Known = tuple[int, int, Given, Mapping[CharterId, int]]


@dataclass(slots=True)
class Vouching:
    """All lists that may count, and what was last worked out of them."""

    lists: dict[Place, tuple[Vouches, ...]] = field(default_factory=dict)
    """Of each place one list, or two that contradict each other."""
    early: dict[str, tuple[CharterId, bytes]] = field(default_factory=dict)
    """Lists of vouchers whose charter, in the version named, is not here yet."""
    touched: set[str] = field(default_factory=set)
    """Rows that changed since they were last written."""
    last_year: int = YEAR_MAX
    """The last year that a list may be of."""
    known: Known | None = None
    """What was worked out: from when, until when, from which roots, and the hops."""

    def copy(self) -> Vouching:
        """Return one to try things on."""
        return Vouching(dict(self.lists), dict(self.early), last_year=self.last_year)

    def learn(
        self, raw: bytes, charters: Mapping[CharterId, Charter]
    ) -> Refusal | None:
        """Take a list, or say why it does not count.

        Bytes that are no authentic document raise RemoteError.
        """
        name = voucher_of(raw)
        if name is None:
            return Refusal("charter-unknown", (("charter", "?"),))
        charter = charters.get(name)
        if charter is None:
            self._wait(raw, name)
            return None
        vouches = open_vouches(raw, charter)
        if isinstance(vouches, Refusal):
            version = dict(vouches.args).get("version", 0)
            if isinstance(version, int) and version > charter.version:
                self._wait(raw, name)
                return None
            return vouches
        return self._take(vouches)

    def charter_changed(
        self, charter: Charter, charters: Mapping[CharterId, Charter]
    ) -> None:
        """Drop the lists of older versions, and take what waited for this one."""
        old = self.lists.items() if charter.version > 1 else ()
        for place, held in [*old]:
            is_older = held[0].charter_version != charter.version
            if place[0] == charter.id and is_older:
                self._drop(place)
        for id_, (name, raw) in [*self.early.items()]:
            if name == charter.id:
                del self.early[id_]
                self.touched.add(f"{_EARLY} {id_}")
                try:
                    self.learn(raw, charters)
                except RemoteError:
                    # It looked like a list from outside; nothing is lost with it.
                    continue

    def tend(self, moment_ms: int) -> None:
        """Drop the lists that count no more; take none of after next year from here."""
        self.last_year = int(rfc3339(moment_ms)[:4]) + 1
        for place, held in [*self.lists.items()]:
            if held[0].until_ms <= moment_ms:
                self._drop(place)

    def row(self, key: str) -> tuple[bytes, ...]:
        """Return the documents of one row; none if it is to be deleted."""
        first, _, second = key.partition(" ")
        if first == _EARLY:
            held = self.early.get(second)
            return () if held is None else (held[1],)
        lists = self.lists.get((CharterId(first), int(second)), ())
        return tuple(each.raw for each in lists)

    def hops(
        self,
        roots: frozenset[CharterId],
        moment_ms: int,
        liars: frozenset[CharterId] = frozenset(),
    ) -> Mapping[CharterId, int]:
        """Return everyone vouched for at that moment, each with its hop from 1 on.

        `liars` are proven to have told two stories elsewhere; they vouch for nobody.
        """
        known, given = self.known, (roots, liars)
        if known is not None and known[0] <= moment_ms < known[1] and known[2] == given:
            return known[3]
        held = [lists[0] for lists in self.lists.values()]
        edges = [each.from_ms for each in held] + [each.until_ms for each in held]
        first = max((edge for edge in edges if edge <= moment_ms), default=0)
        last = min((edge for edge in edges if edge > moment_ms), default=_EVER)
        found = self._work_out(roots, moment_ms, liars)
        self.known = (first, last, given, found)
        return found

    def _work_out(
        self, roots: frozenset[CharterId], moment_ms: int, liars: frozenset[CharterId]
    ) -> dict[CharterId, int]:
        says = self._says(moment_ms)
        found: dict[CharterId, int] = {}
        behind: dict[CharterId, set[CharterId]] = {}
        outermost: Iterable[CharterId] = roots - liars
        for hop in range(1, VOUCH_HOPS_MAX + 1):
            for voucher in outermost:
                for member in says.get(voucher, ()):
                    behind.setdefault(member, set()).add(voucher)
            enough = sorted(
                member
                for member, vouchers in behind.items()
                if len(vouchers) >= VOUCHERS_MIN
                if member not in roots and member not in found
            )
            taken = enough[: VOUCHED_MAX - len(found)]
            found |= dict.fromkeys(taken, hop)
            outermost = [each for each in taken if each not in liars]
        return found

    def _says(self, moment_ms: int) -> dict[CharterId, frozenset[CharterId]]:
        """Return whom each vouches for: by its newest list that has begun.

        Last year's counts only until this year's is here, so nobody vouches for more
        than a year's number at once.
        """
        newest: dict[CharterId, tuple[Vouches, ...]] = {}
        for (voucher, year), held in self.lists.items():
            if held[0].from_ms <= moment_ms < held[0].until_ms:
                other = newest.get(voucher)
                if other is None or other[0].year < year:
                    newest[voucher] = held
        return {
            voucher: held[0].members()
            for voucher, held in newest.items()
            if len(held) == 1
        }

    def _take(self, vouches: Vouches) -> Refusal | None:
        place = (vouches.voucher, vouches.year)
        held = self.lists.get(place, ())
        if vouches.year > self.last_year:
            return Refusal("vouches-too-far-ahead", (("year", vouches.year),))
        if not held and len(self.lists) >= LISTS_MAX:
            return Refusal("too-many-vouches", (("most", LISTS_MAX),))
        if len(held) == 2:
            return None
        if held and not vouches.begins_like(held[0]):
            self._put(place, (held[0], vouches))
            args = (("charter", vouches.voucher), ("year", vouches.year))
            return Refusal("vouches-contradict", args)
        if not held or len(vouches.entries) > len(held[0].entries):
            self._put(place, (vouches,))
        return None

    def _put(self, place: Place, held: tuple[Vouches, ...]) -> None:
        self.lists[place] = held
        self.touched.add(f"{place[0]} {place[1]}")
        self.known = None

    def _drop(self, place: Place) -> None:
        del self.lists[place]
        self.touched.add(f"{place[0]} {place[1]}")
        self.known = None

    def _wait(self, raw: bytes, name: CharterId) -> None:
        id_ = open_credential(raw).id
        if id_ in self.early:
            return
        if len(self.early) >= EARLY_MAX:
            oldest = next(iter(self.early))
            del self.early[oldest]
            self.touched.add(f"{_EARLY} {oldest}")
        self.early[id_] = (name, raw)
        self.touched.add(f"{_EARLY} {id_}")
