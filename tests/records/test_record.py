"""A record is its author's, whole, and in its place."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.content.cid import of_raw
from fabnet.errors import LimitError, MalformedError, RemoteError, SignatureError
from fabnet.records import canonical
from fabnet.records.body import Body
from fabnet.records.envelope import parse_envelope, seal_envelope
from fabnet.records.ids import Incarnation, Kind, RecordId
from fabnet.records.keys import SigningKey
from fabnet.records.record import (
    BODY_BYTES_MAX,
    ENVELOPE_BYTES_MAX,
    HEADER_BYTES_MAX,
    PAYLOAD_TYPE,
    Record,
    domain_of,
    open_record,
    seal_record,
    stored,
)

ADA = SigningKey.from_seed(b"\1" * 32)
BEN = SigningKey.from_seed(b"\2" * 32)
FIRST_LIFE = Incarnation(1, 7)
BEFORE = RecordId(of_raw(b"the record before"))
NETWORK = "test"
open_here = partial(open_record, network=NETWORK)


class Note(Body):
    text: str


def sealed(
    text: str = "hello",
    *,
    kind: str = "revision/1",
    seq: int = 1,
    prev: RecordId | None = None,
    about: str | None = None,
) -> Record:
    return seal_record(
        ADA,
        network=NETWORK,
        kind=kind,
        incarnation=FIRST_LIFE,
        seq=seq,
        prev=prev,
        moment_ms=1_700_000_000_000,
        about=about,
        body=Note(text),
    )


def forged(changes: Mapping[str, object], signer: SigningKey = ADA) -> bytes:
    """An envelope with a sound signature around a header of one's own."""
    header: dict[str, object] = {
        "kind": "revision/1",
        "author": ADA.public.peer,
        "incarnation": [1, 7],
        "seq": 1,
        "prev": None,
        "moment_ms": 1_700_000_000_000,
        "key": None,
        "body_hash": hashlib.sha256(b"").digest(),
        "body_len": 0,
    }
    payload = canonical.encode([*{**header, **changes}.values()])
    return seal_envelope(
        signer, domain=domain_of(NETWORK), payload_type=PAYLOAD_TYPE, payload=payload
    )


@given(st.text(max_size=200), st.integers(2, 2**53 - 1))
def test_a_sealed_record_opens_as_it_was(text: str, seq: int) -> None:
    record = sealed(text, seq=seq, prev=BEFORE, about="the arm")

    assert open_here(record.envelope, record.body) == record
    assert stored(record.envelope, record.body) == record
    assert record.read(Note) == Note(text)


def test_a_record_says_who_said_what() -> None:
    record = sealed()

    assert record.author == ADA.public.peer
    assert record.kind == Kind("revision/1")
    assert not record.is_notice
    assert sealed(kind="notice.offer/1", seq=9, about="lab/mill").is_notice


def test_a_record_is_named_by_its_header_and_not_by_its_envelope() -> None:
    record = sealed()
    _, header, _ = parse_envelope(record.envelope, payload_type=PAYLOAD_TYPE)

    assert record.id == RecordId(of_raw(header))
    assert record.id != RecordId(of_raw(record.envelope))


def test_the_name_of_a_record_is_that_of_every_version_before() -> None:
    assert (
        sealed(seq=2, prev=BEFORE, about="the arm").id
        == "bafkreid33pjh52di3b65vtzuq3y7ds6b6jhtg7dloxxcvpivhk4a2qamoi"
    )


def test_the_chain_stays_verifiable_when_a_body_is_pruned() -> None:
    record = sealed()
    pruned = open_here(record.envelope, None)

    assert pruned == replace(record, body=None)
    with pytest.raises(MalformedError, match="pruned"):
        pruned.read(Note)


def test_a_record_of_another_author_than_its_signer_is_refused() -> None:
    assert open_here(forged({}), b"").author == ADA.public.peer
    with pytest.raises(MalformedError, match="author is not the signer"):
        open_here(forged({}, BEN), b"")


def test_a_record_of_another_network_is_refused() -> None:
    record = sealed()

    with pytest.raises(SignatureError):
        open_record(record.envelope, record.body, network="real")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "body_len"),
        (b"\x91\xa5hellO", "body_hash"),
        (b"\x91\xa5hello!", "body_len"),
    ],
)
def test_a_body_that_is_not_the_one_signed_is_refused(body: bytes, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        open_here(sealed().envelope, body)


def test_a_body_of_another_shape_is_refused_when_it_is_read() -> None:
    class Count(Body):
        pieces: int

    with pytest.raises(MalformedError, match="Count"):
        sealed().read(Count)


SHORT = RecordId(BEFORE[:-1])


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"seq": 1, "prev": BEFORE}, "prev is nil in the first"),
        ({"seq": 2}, "prev is nil in the first"),
        ({"seq": 2, "prev": SHORT}, r"prev|\$\[4\]"),
        ({"seq": 2, "prev": BEFORE + "\n"}, r"\$\[4\]"),
        ({"seq": 0}, r"\$\[3\]"),
        ({"seq": 2**53, "prev": BEFORE}, r"\$\[3\]"),
        (
            {"kind": "notice.offer/1", "prev": BEFORE, "key": "m"},
            "a notice has no prev",
        ),
        ({"kind": "notice.offer/1"}, "a notice has a key"),
        ({"kind": "revision"}, r"\$\[0\]"),
        ({"kind": "revision/1\n"}, r"\$\[0\]"),
        ({"author": "12D3Koo"}, r"\$\[1\]"),
        ({"incarnation": [0, 7]}, r"\$\[2\]\[0\]"),
        ({"incarnation": [1]}, r"\$\[2\]"),
        ({"incarnation": None}, r"\$\[2\]"),
        ({"moment_ms": -1}, r"\$\[5\]"),
        ({"moment_ms": 2**53}, r"\$\[5\]"),
        ({"key": "x" * 161}, r"\$\[6\]"),
        ({"body_hash": b"\0" * 31}, r"\$\[7\]"),
        ({"body_hash": "A" * 43 + "="}, r"\$\[7\]"),
        ({"body_len": BODY_BYTES_MAX + 1}, r"\$\[8\]"),
        ({"extra": None}, "at most length 9"),
    ],
)
def test_a_header_against_the_rules_is_refused(
    changes: dict[str, object], why: str
) -> None:
    with pytest.raises(MalformedError, match=why):
        open_here(forged(changes), None)


def test_a_long_header_is_refused_and_a_longer_envelope_unread() -> None:
    # Letters of four bytes: within the 160 of a key, beyond the 512 bytes of a header.
    header = forged({"key": "\U0001f600" * 100})
    assert HEADER_BYTES_MAX < len(header) <= ENVELOPE_BYTES_MAX
    with pytest.raises(LimitError, match="the most is 512"):
        open_here(header, None)

    with pytest.raises(LimitError, match="envelope of"):
        open_here(forged({"key": "\U0001f600" * 160}), None)


def test_a_body_may_be_as_long_as_the_limit_and_no_longer() -> None:
    overhead = len(canonical.encode(Note("x" * 40_000))) - 40_000
    most = sealed("x" * (BODY_BYTES_MAX - overhead))

    assert open_here(most.envelope, most.body).header.body_len == BODY_BYTES_MAX
    with pytest.raises(LimitError, match="the most is 49152"):
        sealed("x" * (BODY_BYTES_MAX - overhead + 1))


def test_r2_any_bit_turned_in_an_envelope_makes_it_unopenable() -> None:
    record = sealed(seq=2, prev=BEFORE, about="the arm")

    for at in range(len(record.envelope)):
        for bit in range(8):
            turned = bytearray(record.envelope)
            turned[at] ^= 1 << bit
            with pytest.raises(RemoteError):
                open_here(bytes(turned), record.body)


def test_a_message_is_never_taken_for_a_record() -> None:
    _, header, _ = parse_envelope(sealed().envelope, payload_type=PAYLOAD_TYPE)
    message = seal_envelope(
        ADA,
        domain=domain_of(NETWORK),
        payload_type=b"/fabnet/message/1",
        payload=header,
    )

    with pytest.raises(MalformedError, match="payload type"):
        open_here(message, None)
