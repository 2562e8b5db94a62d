"""Frames: what two links bring is verified once, and a lie as often as it comes."""

from __future__ import annotations

import pytest

from fabnet.errors import RemoteError
from fabnet.node.links import frames
from fabnet.node.links.frames import BatchFrame, Parcel, Reader
from fabnet.protocol.events import BatchHeard
from fabnet.records.record import Record, seal_record
from tests.protocol.minds import FIRST, NOON_MS, Said, key

AUTHOR = key(3)


def said(words: str, seq: int = 1) -> Record:
    return seal_record(
        AUTHOR, network="test", kind="notice.said/1", incarnation=FIRST, seq=seq,
        prev=None, moment_ms=NOON_MS, about="words", body=Said(words),
    )  # fmt: skip


def batch(*parcels: Parcel) -> bytes:
    return frames.encode(BatchFrame("batch", FIRST, 1, parcels))


def test_a_record_that_two_links_bring_is_opened_once() -> None:
    opened = frames.opener("test")
    record = said("good day")
    raw = batch(Parcel(record.envelope, record.body))

    heard: list[Record] = []
    for number in (1, 2):
        event = Reader(key(number).public.peer, "test", FIRST, opened).read(raw)
        assert isinstance(event, BatchHeard)
        heard += event.records

    assert heard == [record, record]
    assert heard[0] is heard[1]


def test_another_body_under_an_envelope_that_was_opened_is_refused() -> None:
    reader = Reader(key(1).public.peer, "test", FIRST, frames.opener("test"))
    record, other = said("good day"), said("good night", 2)
    reader.read(batch(Parcel(record.envelope, record.body)))

    for _ in range(2):
        with pytest.raises(RemoteError, match="body"):
            reader.read(batch(Parcel(record.envelope, other.body)))


def test_one_bit_of_a_signature_is_refused_after_the_true_one_was_opened() -> None:
    reader = Reader(key(1).public.peer, "test", FIRST, frames.opener("test"))
    record = said("good day")
    reader.read(batch(Parcel(record.envelope, record.body)))
    forged = record.envelope[:-1] + bytes([record.envelope[-1] ^ 1])

    for _ in range(2):
        with pytest.raises(RemoteError, match="did not sign"):
            reader.read(batch(Parcel(forged, record.body)))
