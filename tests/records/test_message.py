"""A message is from one node to one other, and its signature covers all of it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabnet.errors import LimitError, MalformedError, RemoteError, SignatureError
from fabnet.records import canonical
from fabnet.records.body import Body
from fabnet.records.envelope import seal_envelope
from fabnet.records.ids import Incarnation, PeerId
from fabnet.records.keys import SigningKey
from fabnet.records.message import (
    MESSAGE_BYTES_MAX,
    PAYLOAD_TYPE,
    Message,
    open_message,
    seal_message,
)
from fabnet.records.record import BODY_BYTES_MAX, domain_of

ADA = SigningKey.from_seed(b"\1" * 32)
BEN = SigningKey.from_seed(b"\2" * 32)
NETWORK = "test"


class Ask(Body):
    part: str
    pieces: int


def sealed(ask: Ask, *, seq: int = 1) -> Message:
    return seal_message(
        ADA,
        network=NETWORK,
        kind="lease-request/1",
        recipient=BEN.public.peer,
        to=Incarnation(2, 9),
        incarnation=Incarnation(1, 7),
        seq=seq,
        moment_ms=1_700_000_000_000,
        body=ask,
    )


def forged(changes: Mapping[str, object], signer: SigningKey = ADA) -> bytes:
    """An envelope with a sound signature around a header of one's own."""
    header: dict[str, object] = {
        "kind": "lease-request/1",
        "author": ADA.public.peer,
        "recipient": BEN.public.peer,
        "to": [2, 9],
        "incarnation": [1, 7],
        "seq": 1,
        "moment_ms": 1_700_000_000_000,
        "body": b"",
    }
    payload = canonical.encode([*{**header, **changes}.values()])
    return seal_envelope(
        signer, domain=domain_of(NETWORK), payload_type=PAYLOAD_TYPE, payload=payload
    )


@given(st.text(max_size=200), st.integers(0, 2**63), st.integers(0, 2**53 - 1))
def test_a_sealed_message_opens_as_it_was(part: str, pieces: int, seq: int) -> None:
    message = sealed(Ask(part, pieces), seq=seq)

    assert open_message(message.envelope, network=NETWORK) == message
    assert message.read(Ask) == Ask(part, pieces)
    assert (message.kind, message.author) == ("lease-request/1", ADA.public.peer)
    assert message.header.recipient == BEN.public.peer


def test_a_message_of_another_author_than_its_signer_is_refused() -> None:
    assert open_message(forged({}), network=NETWORK).author == ADA.public.peer
    with pytest.raises(MalformedError, match="author is not the signer"):
        open_message(forged({}, BEN), network=NETWORK)


def test_a_message_of_another_network_is_refused() -> None:
    with pytest.raises(SignatureError):
        open_message(forged({}), network="real")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"kind": "lease"}, r"\$\[0\]"),
        ({"author": ""}, r"\$\[1\]"),
        ({"recipient": PeerId(BEN.public.peer + "\n")}, r"\$\[2\]"),
        ({"recipient": None}, r"\$\[2\]"),
        ({"to": None}, r"\$\[3\]"),
        ({"incarnation": [0, 0]}, r"\$\[4\]"),
        ({"seq": -1}, r"\$\[5\]"),
        ({"seq": 2**53}, r"\$\[5\]"),
        ({"moment_ms": None}, r"\$\[6\]"),
        ({"body": ""}, r"\$\[7\]"),
        ({"body": None}, r"\$\[7\]"),
        ({"body": bytes(BODY_BYTES_MAX + 1)}, r"\$\[7\]"),
        ({"extra": None}, "at most length 8"),
    ],
)
def test_a_message_against_the_rules_is_refused(
    changes: dict[str, object], why: str
) -> None:
    with pytest.raises(MalformedError, match=why):
        open_message(forged(changes), network=NETWORK)


def test_a_body_is_as_long_as_the_limit_and_no_longer() -> None:
    most = forged({"body": bytes(BODY_BYTES_MAX)})
    assert len(open_message(most, network=NETWORK).header.body) == BODY_BYTES_MAX

    with pytest.raises(LimitError, match="body of"):
        sealed(Ask("x" * BODY_BYTES_MAX, 1))


def test_a_message_too_long_is_refused_unread() -> None:
    with pytest.raises(LimitError, match="message of"):
        open_message(bytes(MESSAGE_BYTES_MAX + 257), network=NETWORK)


def test_any_bit_turned_in_a_message_makes_it_unopenable() -> None:
    raw = sealed(Ask("arm", 2)).envelope

    for at in range(len(raw)):
        for bit in range(8):
            turned = bytearray(raw)
            turned[at] ^= 1 << bit
            with pytest.raises(RemoteError):
                open_message(bytes(turned), network=NETWORK)


def test_a_body_of_another_shape_is_refused_when_it_is_read() -> None:
    class Other(Body):
        part: int

    with pytest.raises(MalformedError, match="Other"):
        sealed(Ask("arm", 2)).read(Other)
