"""Columns of whole numbers, checked one by one, so that a refusal names its field."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import msgspec
import numpy as np

from fabnet.designs.requirement import Requirement
from fabnet.errors import InputError
from fabnet.production.capability import Capability
from fabnet.production.place import Place
from fabnet.production.plan import Problem
from fabnet.records.ids import INT_MAX
from fabnet.scheduling.model import LENGTH_UM_MAX, PLACE_M_MAX, WEIGHTS_MAX, Ints

B = TypeVar("B", Capability, Requirement)

_LENGTHS: Final = (
    "size_x_um",
    "size_y_um",
    "size_z_um",
    "tolerance_um",
    "thickness_um",
)


class Columns:
    """Makes columns of whole numbers, and says which entry is not one."""

    def __init__(self, entry: Callable[[int], str]) -> None:
        self.entry = entry

    def __call__(
        self,
        name: str,
        values: Sequence[int | None],
        least: int = 0,
        most: int = INT_MAX,
        *,
        absent: int | None = None,
    ) -> Ints:
        """Return a checked column, or raise InputError; nil becomes `absent`."""
        column = [absent if value is None else value for value in values]
        for at, value in enumerate(column):
            if values[at] is None and absent is not None:
                continue
            if type(value) is not int or not least <= value <= most:
                field = f"{self.entry(at)}.{name}"
                expected = f"expected a whole number from {least} to {most}"
                raise InputError(field, f"{expected}, got {value!r}")
        return whole(column)


def sizes(
    column: Columns, name: str, bodies: Sequence[Requirement | Capability]
) -> Ints:
    """Return `[3, entry]`: the lengths of each body, least first."""
    lengths = (
        column(f"{name}.size_x_um", [body.size_x_um for body in bodies]),
        column(f"{name}.size_y_um", [body.size_y_um for body in bodies]),
        column(f"{name}.size_z_um", [body.size_z_um for body in bodies]),
    )
    return np.sort(np.stack(lengths), axis=0)


def limits(
    column: Columns, name: str, lengths: Sequence[int | None], absent: int | None
) -> Ints:
    """Return lengths as they count, and `absent` where none is stated."""
    stated = column(name, lengths, absent=None if absent is None else -1)
    return np.where(stated < 0, absent or 0, np.minimum(stated, LENGTH_UM_MAX))


def cut(body: B) -> B:
    """Return a capability or a requirement with its lengths as they count."""
    stated = {name: getattr(body, name) for name in _LENGTHS}
    counted = {
        name: min(length, LENGTH_UM_MAX)
        for name, length in stated.items()
        if length is not None
    }
    return msgspec.structs.replace(body, **counted)


def places(column: Columns, where: Sequence[Place]) -> Ints:
    """Return `[3, entry]`: Earth-centred metres."""
    most = PLACE_M_MAX
    axes = (
        column("place.x_m", [place.x_m for place in where], -most, most),
        column("place.y_m", [place.y_m for place in where], -most, most),
        column("place.z_m", [place.z_m for place in where], -most, most),
    )
    return np.stack(axes)


def check_weights(problem: Problem) -> None:
    """Raise InputError if a weight or the moment is out of bounds."""
    check = Columns(lambda _: "weights")
    weights = problem.weights
    for name in ("late_permille", "distance_s_per_km", "co2_s_per_kg", "own_first_s"):
        check(name, [getattr(weights, name)], 0, getattr(WEIGHTS_MAX, name))
    Columns(lambda _: "problem")("moment_ms", [problem.moment_ms])


def whole(values: Sequence[int | tuple[int, int] | None]) -> Ints:
    """Return whole numbers as an array."""
    return np.array(values, np.int64)
