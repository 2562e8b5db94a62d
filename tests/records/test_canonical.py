"""One value has one byte string, and nothing else is read."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Annotated, Protocol

import msgpack
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.errors import LimitError, MalformedError, RemoteError
from fabnet.records import canonical
from fabnet.records.body import Body
from fabnet.records.canonical import DEPTH_MAX

LEAVES = st.none() | st.integers(-(2**63), 2**64 - 1) | st.text() | st.binary()
VALUES = st.recursive(LEAVES, st.lists, max_leaves=20)
POWERS = [2**bits for bits in (5, 7, 8, 15, 16, 31, 32, 63, 64)]
EDGES = st.sampled_from(
    [sign * power + more for power in POWERS for sign in (1, -1) for more in (-1, 0)]
).filter(lambda number: -(2**63) <= number < 2**64) | st.sampled_from(
    [of * (length + more) for length in (15, 31, 255, 65_535) for more in (0, 1)
     for of in ("a", b"a", [None])]
)  # fmt: skip
"""Where a number, a text or bytes come to need a longer head."""


class Part(Body):
    name: Annotated[str, msgspec.Meta(max_length=5)]
    pieces: Annotated[int, msgspec.Meta(ge=1)]


class Order(Body):
    parts: tuple[Part, ...]
    digest: bytes
    note: str | None


ORDER = Order((Part("arm", 2), Part("foot", 4)), b"\xff\x00", None)


def nested(depth: int) -> bytes:
    return b"\x91" * depth + b"\xc0"


@given(VALUES)
def test_what_is_encoded_decodes_to_itself(value: canonical.Value) -> None:
    packed = canonical.encode(value)

    assert canonical.decode_plain(packed, bytes_max=len(packed)) == value


@given(st.binary(max_size=40))
def test_whatever_is_read_is_the_one_encoding_of_what_it_says(noise: bytes) -> None:
    try:
        value = canonical.decode_plain(noise, bytes_max=40)
    except RemoteError:
        return
    assert canonical.encode(value) == noise


class Anything(Body):
    held: tuple[object, ...]


@given(st.lists(VALUES | EDGES))
def test_what_is_not_signed_is_spelt_the_same(values: list[object]) -> None:
    held = Anything(tuple(values))

    assert canonical.pack(held) == canonical.encode(held)


def test_a_body_is_an_array_of_its_fields_in_order() -> None:
    packed = canonical.encode(ORDER)

    assert packed == msgpack.packb([[["arm", 2], ["foot", 4]], b"\xff\x00", None])
    assert canonical.decode(packed, Order, bytes_max=100) == ORDER


@pytest.mark.parametrize(
    ("packed", "why"),
    [
        (b"\xcc\x01", "canonical"),  # 1 in two bytes
        (b"\xcd\x00\xff", "canonical"),
        (b"\xce\x00\x00\xff\xff", "canonical"),
        (b"\xcf" + bytes(7) + b"\x01", "canonical"),
        (b"\xd0\x01", "canonical"),  # a positive number, signed
        (b"\xd1\xff\xff", "canonical"),
        (b"\xd9\x01a", "canonical"),  # short text with a long head
        (b"\xda\x00\x01a", "canonical"),
        (b"\xc5\x00\x01a", "canonical"),  # short bytes with a long head
        (b"\xdc\x00\x01\xc0", "canonical"),  # a short array with a long head
        (b"\xdd\x00\x00\x00\x01\xc0", "canonical"),
        (b"\x80", "dict"),
        (b"\x81\xa1a\x01", "dict"),
        (b"\x81\x01\x02", "not msgpack"),
        (b"\x81\x91\x01\x02", "not msgpack"),
        (b"\x91\x80", "dict"),
        (b"\xcb\x3f\xe0\x00\x00\x00\x00\x00\x00", "float"),
        (b"\xca\x3f\x00\x00\x00", "float"),
        (b"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00", "float"),
        (b"\xc2", "bool"),
        (b"\x91\xc3", "bool"),
        (b"\xd4\x05\x00", "ExtType"),
        (b"\xd6\xff\x00\x00\x00\x01", "Timestamp"),
        (b"\xc1", "not msgpack"),
        (b"", "not msgpack"),
        (b"\xa2a", "not msgpack"),
        (b"\x92\x01", "not msgpack"),
        (b"\x01\x01", "not msgpack"),  # a second value after the first
        (b"\xa1\xff", "not msgpack"),  # not UTF-8
        (b"\xa3\xed\xa0\x80", "not msgpack"),  # half a surrogate pair
        (b"\xdd\xff\xff\xff\xff", "not msgpack"),  # four thousand million items
    ],
)
def test_any_other_encoding_is_refused(packed: bytes, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        canonical.decode_plain(packed, bytes_max=100)


def test_arrays_nest_only_so_deep() -> None:
    canonical.decode_plain(nested(DEPTH_MAX), bytes_max=100)

    with pytest.raises(LimitError, match="deep"):
        canonical.decode_plain(nested(DEPTH_MAX + 1), bytes_max=100)
    with pytest.raises(RemoteError):
        canonical.decode_plain(nested(100_000), bytes_max=200_000)


def test_too_many_bytes_are_refused_unread() -> None:
    with pytest.raises(LimitError, match="the most is 3"):
        canonical.decode_plain(b"\xc1" * 4, bytes_max=3)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ([[["arm", 2]], b"", None, 1], "at most length 3"),
        ([[["arm", 2]], b""], "at least length 3"),
        ([[["arm", 2, 3]], b"", None], r"\$\[0\]"),
        ([[["arm", 0]], b"", None], r"\$\[0\]\[0\]\[1\]"),
        ([[["longer", 1]], b"", None], r"\$\[0\]\[0\]\[0\]"),
        ([[["arm", "2"]], b"", None], "Expected `int`"),
        ([[], "/wA=", None], "Expected `bytes`"),  # base64 is text, not bytes
        ([[], b"", b""], "Expected `str | null`"),
        (None, "Expected `array`"),
    ],
)
def test_a_body_of_another_shape_is_refused_by_field(
    value: canonical.Value, why: str
) -> None:
    with pytest.raises(MalformedError, match=f"Order: .*{why}".replace("|", r"\|")):
        canonical.decode(canonical.encode(value), Order, bytes_max=100)


@given(st.lists(LEAVES, min_size=3, max_size=3))
def test_a_body_that_is_read_encodes_to_what_was_read(fields: list[object]) -> None:
    packed = canonical.encode([[], *fields[1:]])
    try:
        order = canonical.decode(packed, Order, bytes_max=10_000)
    except RemoteError:
        return
    assert canonical.encode(order) == packed


class Decode(Protocol):
    def __call__(self, packed: bytes, of: type[Order], *, bytes_max: int) -> Order: ...


def read_by(packed: bytes, way: Decode) -> Order | str:
    try:
        return way(packed, Order, bytes_max=100)
    except RemoteError as error:
        return str(error)


def test_the_short_way_to_read_and_the_long_one_agree() -> None:
    whole = canonical.encode(ORDER)
    longer = (
        b"\xcc\x02",
        b"\xcd\x00\x04",
        b"\xd9\x03",
        b"\xdc\x00\x02",
        b"\xc5\x00\x02",
    )
    other = (b"", b"\x00", b"\xc3", b"\xc0", b"\xa0", b"\xff", b"\x91\x91")
    answers: list[Order | str] = []
    for at in range(len(whole) + 1):
        for cut in range(3):
            for put in longer + other:
                packed = whole[:at] + put + whole[at + cut :]
                answers.append(read_by(packed, canonical.decode))
                assert answers[-1] == read_by(packed, canonical._decode), packed.hex()

    assert ORDER in answers
    assert answers.count("not the canonical encoding") >= len(longer)


@pytest.mark.parametrize("value", [0.5, True, [False], {"a": 1}, [1, [2.0]]])
def test_we_never_sign_what_nobody_could_read(value: object) -> None:
    with pytest.raises(TypeError, match="a signed value cannot hold"):
        canonical.encode(value)


def test_we_never_sign_what_nests_too_deep() -> None:
    value: list[object] = []
    for _ in range(DEPTH_MAX):
        value = [value]
    canonical.encode(value)

    with pytest.raises(TypeError, match="deep"):
        canonical.encode([value])


def built_while(act: Callable[[], object]) -> int:
    """Return for how many types msgspec built anew what they are read by."""
    built = 0

    def count(frame: FrameType, event: str, _: object) -> None:
        nonlocal built
        name = frame.f_code.co_name
        built += event == "call" and name == "get_class_annotations"

    sys.setprofile(count)
    try:
        act()
    finally:
        sys.setprofile(None)
    return built


def test_no_thread_ever_builds_what_a_type_is_read_by() -> None:
    class Inner(msgspec.Struct, array_like=True):
        number: int

    class Outer(msgspec.Struct, array_like=True):
        inner: Inner

    # What is local here cannot be found by name.
    Inner.__annotations__ = {"number": int}
    Outer.__annotations__ = {"inner": Inner}
    assert built_while(canonical.prepare) >= 2

    assert built_while(lambda: canonical.read([[1]], Outer)) == 0
    assert built_while(canonical.prepare) == 0
