"""Triangles to size, volume, area and closedness, a chunk at a time, in little memory.

A mesh is closed when the boundary of its triangles is nothing: every directed edge is
met by one that runs the other way. Summing an antisymmetric 64-bit hash over all edges
finds this in one pass without keeping them; small meshes are then checked exactly. A
node that plans nothing must not load numpy: import this room's readers only where files
are published.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fabnet.designs.requirement import Geometry
from fabnet.errors import LimitError, MalformedError

Floats = NDArray[np.float64]
Hashes = NDArray[np.uint64]

TRIANGLES_MAX: Final = 5_000_000
"""250 MB of binary STL; a finer mesh says nothing that a machine could follow."""
COORDINATE_MM_MAX: Final = 1_000_000
"""A kilometre: beyond it the products below would leave 64-bit floats exact."""
EXACT_TRIANGLES_MAX: Final = 20_000
"""Up to here closedness is checked again edge by edge: 5 MB and 0.1 s."""
CHUNK: Final = 1_024
"""Triangles measured at once: half a megabyte at work, which stays near the processor
even when others work beside it; four times as many took four times as long then."""

_EDGES: Final = ((0, 1), (1, 2), (2, 0))


def measured(chunks: Iterable[Floats], *, at: str) -> Geometry:
    """Return what triangles measure, or raise RemoteError naming one that does not.

    A chunk is an array of (axis, corner, triangle) in millimetres; `at` begins each
    error.
    """
    sums = _Sums(at)
    for chunk in chunks:
        sums.add(chunk)
    if sums.triangles == 0:
        raise MalformedError(f"{at}.triangles: none")
    x, y, z = (round(extent * 1_000) for extent in (sums.high - sums.low).tolist())
    return Geometry(
        triangles=sums.triangles,
        size_um=(x, y, z),
        volume_um3=round(abs(sums.volume_mm3) * 1_000_000) * 1_000,
        area_um2=round(sums.area_mm2 * 1_000_000),
        closed=sums.closed,
    )


def cross(chunk: Floats) -> Floats:
    """Return the cross products of two sides of each triangle, as (axis, triangle)."""
    u, v = chunk[:, 1] - chunk[:, 0], chunk[:, 2] - chunk[:, 0]
    return np.stack(
        [
            u[1] * v[2] - u[2] * v[1],
            u[2] * v[0] - u[0] * v[2],
            u[0] * v[1] - u[1] * v[0],
        ]
    )


@dataclass(slots=True)
class _Sums:
    """What one pass over the triangles adds up."""

    at: str
    triangles: int = 0
    low: Floats = field(default_factory=lambda: np.full(3, np.inf))
    high: Floats = field(default_factory=lambda: np.full(3, -np.inf))
    origin: Floats = field(default_factory=lambda: np.zeros(3))
    volume_mm3: float = 0.0
    area_mm2: float = 0.0
    boundary: int = 0
    kept: list[Floats] = field(default_factory=list)
    """The triangles themselves, while the mesh is small enough to keep them."""

    def add(self, chunk: Floats) -> None:
        """Count `chunk`, an array of (axis, corner, triangle) in millimetres."""
        low, high = chunk.min(axis=(1, 2)), chunk.max(axis=(1, 2))
        if (
            not (low >= -COORDINATE_MM_MAX).all()
            or not (high <= COORDINATE_MM_MAX).all()
        ):
            _refuse_wild(chunk, self.triangles, self.at)
        if self.triangles == 0:
            self.origin = chunk[:, 0, 0].copy()
        self.triangles += chunk.shape[2]
        if self.triangles > TRIANGLES_MAX:
            raise LimitError(f"{self.at}.triangles: the most is {TRIANGLES_MAX}")
        self.low = np.minimum(self.low, low)
        self.high = np.maximum(self.high, high)
        across = cross(chunk)
        from_origin = chunk[:, 0] - self.origin[:, None]
        self.volume_mm3 += float(np.vdot(from_origin, across)) / 6
        across *= across
        self.area_mm2 += float(np.sqrt(across.sum(axis=0)).sum()) / 2
        self._add_boundary(chunk)

    def _add_boundary(self, chunk: Floats) -> None:
        corners = _hashes(chunk)
        for start, end in _EDGES:
            signed = _antisymmetric(corners[start], corners[end])
            total = self.boundary + int(signed.sum(dtype=np.uint64))
            self.boundary = total % 2**64
        if self.triangles <= EXACT_TRIANGLES_MAX:
            self.kept.append(chunk)
        else:
            self.kept.clear()

    @property
    def closed(self) -> bool:
        """Whether the triangles enclose something."""
        if self.boundary or not self.volume_mm3:
            return False
        return not self.kept or _all_met(np.concatenate(self.kept, axis=2))


def _refuse_wild(chunk: Floats, before: int, at: str) -> None:
    """Raise MalformedError for a coordinate that is no number, or out of this world."""
    finite = np.isfinite(chunk).all(axis=(0, 1))
    if not finite.all():
        first = before + int(np.argmin(finite)) + 1
        raise MalformedError(f"{at}.triangle {first}: not a finite number")
    near = (np.abs(chunk) <= COORDINATE_MM_MAX).all(axis=(0, 1))
    first = before + int(np.argmin(near)) + 1
    raise MalformedError(f"{at}.triangle {first}: beyond {COORDINATE_MM_MAX} mm")


def _hashes(chunk: Floats) -> Hashes:
    """Return a 64-bit hash of each corner; adding 0.0 makes -0.0 the same point."""
    bits = (chunk + 0.0).view(np.uint64)
    mixed: Hashes = bits[0] * np.uint64(0x9E3779B97F4A7C15)
    for axis, odd in ((1, 0xC2B2AE3D27D4EB4F), (2, 0x94D049BB133111EB)):
        mixed ^= mixed >> np.uint64(29)
        mixed *= np.uint64(0xBF58476D1CE4E5B9)
        mixed += bits[axis] * np.uint64(odd)
    mixed ^= mixed >> np.uint64(32)
    mixed *= np.uint64(0xD6E8FEB86659FD93)
    return mixed


def _antisymmetric(start: Hashes, end: Hashes) -> Hashes:
    """Return h with h(a, b) = -h(b, a): an edge and its reverse cancel in the sum."""
    low, high = np.minimum(start, end), np.maximum(start, end)
    mixed = low * np.uint64(0xFF51AFD7ED558CCD) ^ high * np.uint64(0xC4CEB9FE1A85EC53)
    mixed ^= mixed >> np.uint64(33)
    mixed *= np.uint64(0x9FB21C651E98DF25)
    mixed ^= mixed >> np.uint64(29)
    forth = np.where(start < end, mixed, np.uint64(0) - mixed)
    return np.where(start == end, np.uint64(0), forth)


def _all_met(triangles: Floats) -> bool:
    """Whether every edge occurs as often as its reverse, counted one by one."""
    points = triangles.transpose(2, 1, 0).reshape(-1, 3)
    _, name = np.unique(points, axis=0, return_inverse=True)
    corners = name.reshape(-1, 3).astype(np.int64)
    start = np.concatenate([corners[:, one] for one, _ in _EDGES])
    end = np.concatenate([corners[:, other] for _, other in _EDGES])
    forth = np.sort(start * len(points) + end)
    back = np.sort(end * len(points) + start)
    return bool(np.array_equal(forth, back))
