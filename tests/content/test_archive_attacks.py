"""Archives that attack end in our error, within little memory and time."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.confined import confined
from tests.content.zips import Packed, crowded, overlapping, zipped

WHOLE = (
    "sum(len(p) for a in [Archive(data)] for e in a.entries for p in a.pieces(e.path))"
)


def a_million_entries() -> bytes:
    return crowded(1_000_000)


def a_million_claimed() -> bytes:
    return zipped([Packed(b"a")], claims_entries=65_535, claims_directory=2**31)


def a_bomb_by_ratio() -> bytes:
    return zipped([Packed(b"a", bytes(100 * 1024 * 1024))])


def a_bomb_of_many_small_ones() -> bytes:
    small = bytes(1024 * 1024)
    return zipped(Packed(b"%d" % n, small) for n in range(1_100))


def a_bomb_by_overlap() -> bytes:
    return overlapping(1_000, bytes(range(256)) * 4_000)


def a_lie_about_size() -> bytes:
    return zipped([Packed(b"a", bytes(100 * 1024 * 1024), claims_bytes=10)])


ATTACKS: dict[Callable[[], bytes], str] = {
    a_million_entries: "a directory of",
    a_million_claimed: "not a sound zip archive",
    a_bomb_by_ratio: "the most is 200 for each",
    a_bomb_of_many_small_ones: "bytes unpacked; the most is",
    a_bomb_by_overlap: "shares its bytes with another entry",
    a_lie_about_size: "Bad CRC-32",
}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_an_attack_ends_in_our_error_and_costs_little(
    attack: Callable[[], bytes], tmp_path: Path
) -> None:
    outcome = confined(
        WHOLE,
        attack(),
        tmp_path,
        imports="from fabnet.content.archive import Archive",
        megabytes=32,
        seconds=2,
    )

    assert outcome.kind in ("MalformedError", "LimitError")
    assert ATTACKS[attack] in outcome.said
    assert outcome.megabytes < 32


def test_an_honest_archive_of_200_megabytes_is_read_in_small_pieces(
    tmp_path: Path,
) -> None:
    filling = random.Random(7).randbytes(700_000) + bytes(4_300_000)
    honest = zipped(Packed(b"%d.stl" % n, filling) for n in range(40))
    outcome = confined(
        WHOLE,
        honest,
        tmp_path,
        imports="from fabnet.content.archive import Archive",
        megabytes=32,
        seconds=5,
    )

    assert (outcome.kind, outcome.said) == ("", str(40 * len(filling)))
