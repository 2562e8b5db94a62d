"""Frames: what two links bring is verified once, and a lie as often as it comes."""

from __future__ import annotations

import pytest

from fabnet.errors import RemoteError
from fabnet.node.links import frames
from fabnet.node.links.frames import BatchFrame, Parcel, Reader
from fabnet.protocol.effects import PROOFS_MAX
from fabnet.protocol.events import BatchHeard, ProofsHeard
from fabnet.records.proofs.fork import Fork, ForkPair
from fabnet.records.record import ENVELOPE_BYTES_MAX, Record, seal_record
from tests.protocol.minds import FIRST, NOON_MS, Said, key, log, proof, talk

AUTHOR = key(3)


def said(words: str, seq: int = 1) -> Record:
    return seal_record(
        AUTHOR, network="test", kind="notice.said/1", incarnation=FIRST, seq=seq,
        prev=None, moment_ms=NOON_MS, about="words", body=Said(words),
    )  # fmt: skip


def batch(*parcels: Parcel) -> bytes:
    return frames.encode(BatchFrame("batch", FIRST, 1, parcels, ()))


def reader_of(number: int) -> Reader:
    return Reader(key(number).public.peer, "test", FIRST, frames.opener("test"))


def proven() -> Fork:
    return proof(talk(1, 1)[0], log(1, ("talk/1", Said("otherwise")))[0])


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


def test_a_proof_of_a_fork_is_read_back_as_it_was_said() -> None:
    pair = proven().pair
    frame = frames.ProofsFrame("proofs", (pair,))

    heard = reader_of(2).read(frames.encode(frame))

    assert heard == ProofsHeard(key(2).public.peer, (proven(),))


def test_as_many_proofs_as_may_go_together_fit_in_a_frame() -> None:
    longest = ForkPair(b"e" * ENVELOPE_BYTES_MAX, b"e" * ENVELOPE_BYTES_MAX)

    frame = frames.ProofsFrame("proofs", (longest,) * PROOFS_MAX)

    assert len(frames.encode(frame)) <= frames.FRAME_BYTES_MAX


@pytest.mark.parametrize("lie", ["same", "turned", "follows", "another", "unsigned"])
def test_what_proves_no_fork_is_refused(lie: str) -> None:
    one, other = proven().pair.one, proven().pair.other
    chain = talk(1, 2)
    stranger = talk(3, 1)[0].envelope
    pair = {
        "same": ForkPair(one, one),
        "turned": ForkPair(other, one),
        "follows": ForkPair(chain[0].envelope, chain[1].envelope),
        "another": ForkPair(one, stranger),
        "unsigned": ForkPair(one, other[:-1] + bytes([other[-1] ^ 1])),
    }[lie]
    frame = frames.ProofsFrame("proofs", (pair,))

    with pytest.raises(RemoteError):
        reader_of(2).read(frames.encode(frame))
