"""STL to size, volume and area, in little memory. The room's only door to numpy.

A mesh is closed when the boundary of its triangles is nothing: every directed edge is
met by one that runs the other way. Summing an antisymmetric 64-bit hash over all edges
finds this in one pass without keeping them; small meshes are then checked exactly. A
node that plans nothing must not load numpy: import this module only where files are
published.
"""

from __future__ import annotations

from collections.abc import Iterator
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
ASCII_BYTES_MAX: Final = 64 * 1024 * 1024
"""About 250,000 triangles; the text form is ten times slower to read."""
LINE_BYTES_MAX: Final = 400
"""Three coordinates in any spelling need less."""
COORDINATE_MM_MAX: Final = 1_000_000
"""A kilometre: beyond it the products below would leave 64-bit floats exact."""
EXACT_TRIANGLES_MAX: Final = 20_000
"""Up to here closedness is checked again edge by edge: 5 MB and 0.1 s."""

_HEADER: Final = 84
_RECORD: Final = np.dtype([("normal", "<f4", 3), ("v", "<f4", (3, 3)), ("rest", "<u2")])
_CHUNK: Final = 50_000
"""Triangles measured at once: about 20 MB at work."""
_EDGES: Final = ((0, 1), (1, 2), (2, 0))
_FACET: Final = (
    (b"facet", b"normal"),
    (b"outer", b"loop"),
    (b"vertex",),
    (b"vertex",),
    (b"vertex",),
    (b"endloop",),
    (b"endfacet",),
)


def read_stl(data: bytes) -> Geometry:
    """Return what a binary or ASCII STL measures, or raise RemoteError."""
    count = int.from_bytes(data[80:_HEADER], "little")
    if len(data) >= _HEADER and len(data) == _HEADER + 50 * count:
        return _measured(_binary(data, count))
    if data[:5] == b"solid" and b"facet" in data[:1_000]:
        return _measured(_ascii(data))
    raise MalformedError(
        f"stl.size: expected 84 + 50·n bytes for the n = {count} triangles it claims, "
        f"got {len(data)}"
    )


def _binary(data: bytes, count: int) -> Iterator[Floats]:
    if count > TRIANGLES_MAX:
        raise LimitError(f"stl.triangles: {count}; the most is {TRIANGLES_MAX}")
    records = np.frombuffer(data, _RECORD, count=count, offset=_HEADER)
    for start in range(0, count, _CHUNK):
        yield records["v"][start : start + _CHUNK].astype(np.float64)


def _ascii(data: bytes) -> Iterator[Floats]:
    """Yield the triangles of `solid … facet … endsolid`, a chunk at a time."""
    if len(data) > ASCII_BYTES_MAX:
        raise LimitError(f"stl.size: {len(data)} bytes; the most is {ASCII_BYTES_MAX}")
    numbers: list[float] = []
    step = 0
    ended = False
    for number, words in _lines(data):
        if words[0] in (b"solid", b"endsolid") and step == 0:
            ended = words[0] == b"endsolid"
            continue
        expected = _FACET[step]
        if words[: len(expected)] != list(expected):
            raise MalformedError(
                f"stl.line {number}: expected {b' '.join(expected).decode()}"
            )
        if expected == (b"vertex",):
            numbers.extend(_vertex(words, number))
        step = (step + 1) % len(_FACET)
        if step == 0 and len(numbers) == 9 * _CHUNK:
            yield _triangles(numbers)
            numbers = []
    if step or not ended:
        raise MalformedError("stl: ends within a solid")
    if numbers:
        yield _triangles(numbers)


def _lines(data: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """Yield the number and the words of each line that has any."""
    at, number = 0, 0
    while at < len(data):
        number += 1
        end = data.find(b"\n", at, at + LINE_BYTES_MAX)
        if end < 0:
            end = len(data)
        if end - at > LINE_BYTES_MAX:
            raise LimitError(f"stl.line {number}: more than {LINE_BYTES_MAX} bytes")
        words = data[at:end].split()
        if words:
            yield number, words
        at = end + 1


def _vertex(words: list[bytes], number: int) -> list[float]:
    try:
        x, y, z = words[1:]
        return [float(x), float(y), float(z)]
    except ValueError:
        raise MalformedError(f"stl.line {number}: expected vertex x y z") from None


def _triangles(numbers: list[float]) -> Floats:
    # Through 32 bits, so that both forms of one mesh measure alike.
    with np.errstate(over="ignore"):
        rounded = np.array(numbers, np.float64).astype(np.float32)
    return rounded.astype(np.float64).reshape(-1, 3, 3)


@dataclass(slots=True)
class _Sums:
    """What one pass over the triangles adds up."""

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
        """Count `chunk`, an array of (triangle, corner, axis) in millimetres."""
        _refuse_wild(chunk, self.triangles)
        if self.triangles == 0:
            self.origin = chunk[0, 0].copy()
        self.triangles += len(chunk)
        if self.triangles > TRIANGLES_MAX:
            raise LimitError(f"stl.triangles: the most is {TRIANGLES_MAX}")
        self.low = np.minimum(self.low, chunk.min(axis=(0, 1)))
        self.high = np.maximum(self.high, chunk.max(axis=(0, 1)))
        a, b, c = (chunk[:, corner] - self.origin for corner in range(3))
        across = np.cross(b - a, c - a)
        self.volume_mm3 += float(np.einsum("ij,ij->", a, across)) / 6
        self.area_mm2 += float(np.sqrt(np.einsum("ij,ij->i", across, across)).sum()) / 2
        self._add_boundary(chunk)

    def _add_boundary(self, chunk: Floats) -> None:
        corners = _hashes(chunk)
        for start, end in _EDGES:
            signed = _antisymmetric(corners[:, start], corners[:, end])
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
        return not self.kept or _all_met(np.concatenate(self.kept))


def _measured(chunks: Iterator[Floats]) -> Geometry:
    sums = _Sums()
    for chunk in chunks:
        sums.add(chunk)
    if sums.triangles == 0:
        raise MalformedError("stl.triangles: none")
    x, y, z = (round(extent * 1_000) for extent in (sums.high - sums.low).tolist())
    return Geometry(
        triangles=sums.triangles,
        size_um=(x, y, z),
        volume_um3=round(abs(sums.volume_mm3) * 1_000_000) * 1_000,
        area_um2=round(sums.area_mm2 * 1_000_000),
        closed=sums.closed,
    )


def _refuse_wild(chunk: Floats, before: int) -> None:
    """Raise MalformedError for a coordinate that is no number, or out of this world."""
    finite = np.isfinite(chunk).all(axis=(1, 2))
    if not finite.all():
        first = before + int(np.argmin(finite)) + 1
        raise MalformedError(f"stl.triangle {first}: not a finite number")
    near = (np.abs(chunk) <= COORDINATE_MM_MAX).all(axis=(1, 2))
    if not near.all():
        first = before + int(np.argmin(near)) + 1
        raise MalformedError(f"stl.triangle {first}: beyond {COORDINATE_MM_MAX} mm")


def _hashes(chunk: Floats) -> Hashes:
    """Return a 64-bit hash of each corner; adding 0.0 makes -0.0 the same point."""
    bits = (chunk + 0.0).view(np.uint64)
    mixed = bits[..., 0] * np.uint64(0x9E3779B97F4A7C15)
    for axis, odd in ((1, 0xC2B2AE3D27D4EB4F), (2, 0x94D049BB133111EB)):
        mixed ^= mixed >> np.uint64(29)
        mixed *= np.uint64(0xBF58476D1CE4E5B9)
        mixed += bits[..., axis] * np.uint64(odd)
    mixed ^= mixed >> np.uint64(32)
    return mixed * np.uint64(0xD6E8FEB86659FD93)


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
    points = triangles.reshape(-1, 3)
    _, name = np.unique(points, axis=0, return_inverse=True)
    corners = name.reshape(-1, 3).astype(np.int64)
    start = np.concatenate([corners[:, one] for one, _ in _EDGES])
    end = np.concatenate([corners[:, other] for _, other in _EDGES])
    forth = np.sort(start * len(points) + end)
    back = np.sort(end * len(points) + start)
    return bool(np.array_equal(forth, back))
