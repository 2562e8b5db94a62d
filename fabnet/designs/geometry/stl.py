"""STL to what it measures: binary by its own length, ASCII line by line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from fabnet.designs.geometry.mesh import CHUNK, TRIANGLES_MAX, Floats, measured
from fabnet.designs.requirement import Geometry
from fabnet.errors import LimitError, MalformedError

ASCII_BYTES_MAX: Final = 64 * 1024 * 1024
"""About 250,000 triangles; the text form is ten times slower to read."""
LINE_BYTES_MAX: Final = 400
"""Three coordinates in any spelling need less."""

_HEADER: Final = 84
_RECORD: Final = np.dtype([("normal", "<f4", 3), ("v", "<f4", (3, 3)), ("rest", "<u2")])
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
        return measured(_binary(data, count), at="stl")
    if data[:5] == b"solid" and b"facet" in data[:1_000]:
        return measured(_ascii(data), at="stl")
    raise MalformedError(
        f"stl.size: expected 84 + 50·n bytes for the n = {count} triangles it claims, "
        f"got {len(data)}"
    )


def _binary(data: bytes, count: int) -> Iterator[Floats]:
    if count > TRIANGLES_MAX:
        raise LimitError(f"stl.triangles: {count}; the most is {TRIANGLES_MAX}")
    records = np.frombuffer(data, _RECORD, count=count, offset=_HEADER)
    for start in range(0, count, CHUNK):
        corners = records["v"][start : start + CHUNK].transpose(2, 1, 0)
        yield corners.astype(np.float64, order="C")


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
        if step == 0 and len(numbers) == 9 * CHUNK:
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
    return rounded.reshape(-1, 3, 3).transpose(2, 1, 0).astype(np.float64, order="C")
