"""Tables of everything that is packed as an array: bodies, headers and frames."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from fabnet.node.links import frames
from fabnet.records import canonical
from fabnet.records.body import Body
from fabnet.records.message import MESSAGE_BYTES_MAX
from fabnet.records.record import BODY_BYTES_MAX, HEADER_BYTES_MAX
from tests.hostile import bodies
from tests.hostile.rows import Table, bodies_of


def _reader(of: type[Body], bytes_max: int) -> Callable[[bytes], object]:
    return partial(canonical.decode, of=of, bytes_max=bytes_max)


def _tables(name: str, good: Mapping[str, Body], bytes_max: int) -> tuple[Table, ...]:
    return tuple(
        Table(kind, _reader(type(body), bytes_max), canonical.encode(body), bad)
        for (kind, body), bad in zip(
            good.items(), bodies_of(name, good).values(), strict=True
        )
    )


RECORDS = _tables("records", bodies.RECORDS, BODY_BYTES_MAX)
NOTICES = _tables("notices", bodies.NOTICES, BODY_BYTES_MAX)
MESSAGES = _tables("messages", bodies.MESSAGES, BODY_BYTES_MAX)
HEADERS = tuple(
    Table(one.name, _reader(type(bodies.HEADERS[one.name]), most), one.good, one.rows)
    for one, most in zip(
        _tables("headers", bodies.HEADERS, 0),
        (HEADER_BYTES_MAX, MESSAGE_BYTES_MAX),
        strict=True,
    )
)
FRAMES = tuple(
    Table(f"frame {kind}", frames.decode, canonical.encode(body), bad)
    for (kind, body), bad in zip(
        bodies.FRAMES.items(),
        bodies_of("frames", bodies.FRAMES).values(),
        strict=True,
    )
)
TABLES = (*RECORDS, *NOTICES, *MESSAGES, *HEADERS, *FRAMES)
