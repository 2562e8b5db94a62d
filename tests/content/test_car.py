"""A CAR is written as others read it, and read only where every block is its CID's."""

from __future__ import annotations

import io
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.content import car
from fabnet.content.cid import Cid, of_raw, to_bytes
from fabnet.content.dag import BLOCK_BYTES_MAX
from fabnet.content.multibase import varint
from fabnet.errors import LimitError, MalformedError, RemoteError

ONE, TWO = b"one", b"two"


def made(roots: Iterable[Cid], *blocks: tuple[Cid, bytes]) -> bytes:
    return car.header(roots) + b"".join(
        car.section(cid, len(block)) + block for cid, block in blocks
    )


def named(*blocks: bytes) -> list[tuple[Cid, bytes]]:
    return [(of_raw(block), block) for block in blocks]


def test_the_header_is_the_dag_cbor_that_every_writer_gives() -> None:
    # {"roots": [bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e],
    # "version": 1}, as @ipld/car writes it.
    root = of_raw(b"hello world")
    assert car.header([root]).hex() == (
        "3aa265726f6f747381d82a582500" + to_bytes(root).hex() + "6776657273696f6e01"
    )
    assert car.header([]).hex() == "11a265726f6f7473806776657273696f6e01"


def test_what_was_written_is_read_and_fetched() -> None:
    file = io.BytesIO(made([of_raw(ONE)], *named(ONE, TWO, b"")))

    found = car.read_car(file)

    fetch = found.fetcher(file)
    assert found.roots == (of_raw(ONE),)
    assert [fetch(of_raw(each)) for each in (TWO, b"", ONE)] == [TWO, b"", ONE]
    with pytest.raises(MalformedError, match="missing"):
        fetch(of_raw(b"three"))


@pytest.mark.parametrize("count", [0, 1, 2, 16])
def test_a_header_of_any_number_of_roots_is_read(count: int) -> None:
    roots = tuple(of_raw(bytes((number,))) for number in range(count))

    assert car.read_car(io.BytesIO(made(roots))).roots == roots


def test_a_lying_cid_is_found_out() -> None:
    lying = made([], *named(ONE), (of_raw(TWO), ONE))

    with pytest.raises(MalformedError, match="byte 59 is not"):
        car.read_car(io.BytesIO(lying))


GOOD = made([of_raw(ONE)], *named(ONE, TWO))


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        (b"", "empty"),
        (GOOD[:30], "truncated"),
        (GOOD[:-1], "truncated, 1 bytes short"),
        (GOOD + b"\x80", "truncated in a length"),
        (GOOD + varint(2), "a block of 2 bytes"),
        (GOOD + varint(BLOCK_BYTES_MAX + 37), "a block of 2097189 bytes"),
        (GOOD + b"\xff" * 5, "a length of more than 4 bytes"),
        (GOOD.replace(b"version\x01", b"version\x02", 1), "canonical"),
        (GOOD.replace(b"roots", b"rootz", 1), "canonical"),
        (GOOD.replace(b"\xd8\x2a", b"\xd8\x2b", 1), "canonical"),
        (GOOD + varint(36) + b"\x12\x20" + bytes(34), "expected CIDv1"),
    ],
)
def test_what_is_no_car_is_refused(data: bytes, wrong: str) -> None:
    with pytest.raises(RemoteError, match=wrong):
        car.read_car(io.BytesIO(data))


def test_more_blocks_than_are_held_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(car, "CAR_BLOCKS_MAX", 2)

    with pytest.raises(LimitError, match="more than 2 blocks"):
        car.read_car(io.BytesIO(made([], *named(ONE, TWO, b"three"))))


@given(st.binary(max_size=120), st.integers(0, len(GOOD)))
def test_any_bytes_are_a_car_or_theirs_to_answer_for(tail: bytes, at: int) -> None:
    try:
        found = car.read_car(io.BytesIO(GOOD[:at] + tail))
    except RemoteError:
        return
    assert len(found.places) <= 4
