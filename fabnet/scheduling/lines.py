"""What is wanted as a line of whole numbers: checked, and cut where it changes nothing.

One line at a time, so that a request that arrives costs no more than its share of a
problem of many. What rows ask again and again is looked up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fabnet.designs.requirement import Requirement
from fabnet.errors import InputError
from fabnet.production.plan import Wanted
from fabnet.production.request import PIECES_MAX
from fabnet.records.ids import INT_MAX, CharterId
from fabnet.scheduling.bits import Bits, clauses_of, family_of
from fabnet.scheduling.model import (
    LENGTH_UM_MAX,
    MASS_G_MAX,
    NEED_PERMILLE_MAX,
    NEVER,
    NO_LIMIT,
    OVERDUE_MS_MAX,
    PLACE_M_MAX,
    RADIUS_M_MAX,
    WORK_S_MAX,
)

Line = tuple[int, ...]
"""The sixteen numbers of a row, in the order of `model.Rows`."""
ASKED_MAX: Final = 2**14
"""Different demands remembered, about 8 MB; then all are forgotten at once."""


NOVEL: Final = (-1, 0)
"""What a row asks that asks for something nobody had asked for."""


class Lines:
    """Makes the lines of rows, by the bits and numbers that one problem gave out."""

    def __init__(
        self, bits: Bits, charters: Mapping[CharterId, int], moment_ms: int
    ) -> None:
        self._bits, self._moment_ms = bits, moment_ms
        self._families = {family: number for number, family in enumerate(bits)}
        self.charters = dict(charters)
        """The number of each cooperative; whoever is new gets the next one."""
        self._asked: dict[object, tuple[int, int]] = {}

    def asks(self, need: Requirement) -> tuple[int, int]:
        """Return the number of the family, and the bits; NOVEL if one has none yet."""
        key = need.process, need.materials, need.nozzle_um, need.skills
        try:
            return self._asked[key]
        except KeyError:
            if len(self._asked) >= ASKED_MAX:
                self._asked.clear()
            found = self._asked[key] = self._ask(need)
            return found

    def _ask(self, need: Requirement) -> tuple[int, int]:
        family = family_of(need.process)
        known = self._bits.get(family, {})
        clauses = set(clauses_of(need))
        if not known.keys() >= clauses:
            return NOVEL
        return self._families[family], sum(1 << known[each] for each in clauses)

    def line(self, want: Wanted, row: int, family: int) -> Line:
        """Return the numbers of a row, or raise InputError naming the field."""
        need, place = want.requirement, want.place
        pieces = _whole(want.pieces, 1, PIECES_MAX, row, "pieces")
        reference_s = _whole(want.reference_s, 0, INT_MAX, row, "reference_s")
        mass_mg = _whole(need.mass_mg, 0, INT_MAX, row, "requirement.mass_mg")
        due_ms = _whole(want.due_ms, 0, INT_MAX, row, "due_ms")
        sizes = sorted(
            (
                _whole(need.size_x_um, 0, INT_MAX, row, "requirement.size_x_um"),
                _whole(need.size_y_um, 0, INT_MAX, row, "requirement.size_y_um"),
                _whole(need.size_z_um, 0, INT_MAX, row, "requirement.size_z_um"),
            )
        )
        if sizes[2] > LENGTH_UM_MAX:
            sizes = [min(size, LENGTH_UM_MAX) for size in sizes]
        mass_g = -(-pieces * min(mass_mg, MASS_G_MAX * 1_000) // 1_000)
        where = (
            _whole(place.x_m, -PLACE_M_MAX, PLACE_M_MAX, row, "place.x_m"),
            _whole(place.y_m, -PLACE_M_MAX, PLACE_M_MAX, row, "place.y_m"),
            _whole(place.z_m, -PLACE_M_MAX, PLACE_M_MAX, row, "place.z_m"),
        )
        limits = (
            _limit(need.tolerance_um, NO_LIMIT, row, "tolerance_um"),
            _limit(need.thickness_um, 0, row, "thickness_um"),
        )
        deadline_ms, radius_m = _deadline(want, row), _radius(want, row)
        weight = _whole(want.need_weight, 0, NEED_PERMILLE_MAX, row, "need_weight")
        # The last of all, so that who asks for what cannot be gets no number.
        charter = self.charters.setdefault(want.charter, len(self.charters))
        return (
            family,
            *sizes,
            *limits,
            *where,
            charter,
            # No lot outgrows 64 bits: one piece is already cut to what it may be.
            min(pieces * min(reference_s, WORK_S_MAX), WORK_S_MAX),
            min(mass_g, MASS_G_MAX),
            max(due_ms - self._moment_ms, -OVERDUE_MS_MAX),
            deadline_ms - self._moment_ms,
            weight,
            radius_m,
        )


def _deadline(want: Wanted, row: int) -> int:
    if want.deadline_ms is None:
        return NEVER
    return _whole(want.deadline_ms, 0, INT_MAX, row, "deadline_ms")


def _radius(want: Wanted, row: int) -> int:
    if want.radius_m is None:
        return RADIUS_M_MAX
    return min(_whole(want.radius_m, 0, INT_MAX, row, "radius_m"), RADIUS_M_MAX)


def _limit(length_um: int | None, absent: int, row: int, name: str) -> int:
    if length_um is None:
        return absent
    whole = _whole(length_um, 0, INT_MAX, row, f"requirement.{name}")
    return min(whole, LENGTH_UM_MAX)


def _whole(value: int, least: int, most: int, row: int, name: str) -> int:
    """Return a number, or raise InputError if it is none, or out of bounds."""
    if type(value) is not int or not least <= value <= most:
        field = f"wanted[{row}].{name}"
        expected = f"expected a whole number from {least} to {most}"
        raise InputError(field, f"{expected}, got {value!r}")
    return value
