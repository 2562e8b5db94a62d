"""A request from outside keeps to its bounds, or the field is named."""

from __future__ import annotations

import pytest

from fabnet.content.cid import of_raw
from fabnet.errors import MalformedError, RemoteError
from fabnet.production.place import place_at
from fabnet.production.request import ITEMS_MAX, PIECES_MAX, Item, Request
from fabnet.records import canonical
from fabnet.records.ids import INT_MAX
from tests.production.samples import NOON_MS, charter_id

REVISION = of_raw(b"revision")
FIELDS = list(Request.__struct_fields__)


def fields(**changes: object) -> list[object]:
    """Return a request as a hand-made array, to be spoilt in one place."""
    place = place_at(41.39, 2.17)
    whole: dict[str, object] = {
        "items": [[REVISION, "bracket", 3]],
        "due_ms": NOON_MS,
        "deadline_ms": None,
        "need": "livelihood",
        "act": "make_for_peer_at_cost",
        "facts": [],
        "materials": [],
        "radius_m": 50_000,
        "place": [getattr(place, name) for name in place.__struct_fields__],
        "charter": charter_id("c"),
        "person": "0" * 64,
    }
    return list({**whole, **changes}.values())


def read(array: list[object]) -> Request:
    return canonical.decode(canonical.encode(array), Request, bytes_max=48 * 1_024)


def test_a_request_within_bounds_is_read() -> None:
    assert len(fields()) == len(FIELDS)
    request = read(fields())

    assert request.items == (Item(REVISION, "bracket", 3),)
    assert canonical.encode(request) == canonical.encode(fields())


@pytest.mark.parametrize("pieces", [0, -1, PIECES_MAX + 1, 10**9, None, "3", b"3"])
def test_pieces_out_of_bounds_are_refused_with_the_field(pieces: object) -> None:
    items = [[REVISION, "bracket", 3], [REVISION, "lid", pieces]]

    with pytest.raises(MalformedError, match=r"Request: .*\$\[0\]\[1\]\[2\]"):
        read(fields(items=items))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("items", []),
        ("items", [[REVISION, "bracket", 1]] * (ITEMS_MAX + 1)),
        ("items", [["not-a-cid", "bracket", 1]]),
        ("items", [[REVISION, "", 1]]),
        ("due_ms", -1),
        ("due_ms", INT_MAX + 1),
        ("deadline_ms", "tomorrow"),
        ("need", "urgent"),
        ("act", "sell"),
        ("facts", ["Not A Token"]),
        ("materials", ["pla"] * 33),
        ("radius_m", -5),
        ("place", [0, 0, 0, 0]),
        ("charter", "sha256:0"),
        ("person", "Ada Lovelace"),
    ],
)
def test_every_other_bound_is_refused_with_the_field(field: str, value: object) -> None:
    with pytest.raises(
        MalformedError, match=rf"Request: .*\$\[{FIELDS.index(field)}\]"
    ):
        read(fields(**{field: value}))


def test_a_field_too_many_is_refused() -> None:
    with pytest.raises(RemoteError, match="Request"):
        read([*fields(), None])


def test_a_field_too_few_is_refused() -> None:
    with pytest.raises(RemoteError, match="Request"):
        read(fields()[:-1])
