"""A message of the hand-off: one node to one other, signed, counted per recipient.

Never chained or gossiped. The sender repeats it until the recipient acknowledges its
`seq`; `seq` starts at 1 for each (sender's incarnation, recipient's incarnation), so a
recipient that lost its database is spoken to from the start.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, TypeVar

import msgspec

from fabnet.errors import LimitError, MalformedError
from fabnet.records import canonical
from fabnet.records.body import Body
from fabnet.records.envelope import open_envelope, parse_envelope, seal_envelope
from fabnet.records.ids import Incarnation, Kind, KindText, Moment, PeerId, PeerIdText
from fabnet.records.keys import SigningKey
from fabnet.records.record import BODY_BYTES_MAX, domain_of

T = TypeVar("T")

PAYLOAD_TYPE: Final = b"/fabnet/message/1"
MESSAGE_BYTES_MAX: Final = BODY_BYTES_MAX + 1_024


class MessageHeader(Body):
    """All that is signed of a message, its body included."""

    kind: KindText
    author: PeerIdText
    recipient: PeerIdText
    to: Incarnation
    """Which database of the recipient is meant; another never takes it."""
    incarnation: Incarnation
    seq: Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
    """0 in an acknowledgement, which is itself never acknowledged."""
    moment_ms: Moment
    body: Annotated[bytes, msgspec.Meta(max_length=BODY_BYTES_MAX)]


@dataclass(frozen=True, slots=True)
class Message:
    """One authentic message. Made only by `seal_message` and `open_message`."""

    header: MessageHeader
    envelope: bytes

    @property
    def kind(self) -> Kind:
        """The kind and version, such as `lease-request/1`."""
        return self.header.kind

    @property
    def author(self) -> PeerId:
        """The node that says it."""
        return self.header.author

    def read(self, of: type[T]) -> T:
        """Return the body as an `of`, or raise RemoteError naming the field."""
        return canonical.decode(self.header.body, of, bytes_max=BODY_BYTES_MAX)


def seal_message(
    key: SigningKey,
    *,
    network: str,
    kind: str,
    recipient: PeerId,
    to: Incarnation,
    incarnation: Incarnation,
    seq: int,
    moment_ms: int,
    body: msgspec.Struct,
) -> Message:
    """Sign `body` as a message of `kind` to the `to` database of `recipient`."""
    body_bytes = canonical.encode(body)
    if len(body_bytes) > BODY_BYTES_MAX:
        raise LimitError(
            f"{kind}: body of {len(body_bytes)} bytes; the most is {BODY_BYTES_MAX}"
        )
    header = MessageHeader(
        Kind(kind),
        key.public.peer,
        recipient,
        to,
        incarnation,
        seq,
        moment_ms,
        body_bytes,
    )
    return _sealed(key, network, header)


def readdress(
    key: SigningKey, message: Message, *, network: str, to: Incarnation, seq: int
) -> Message:
    """Sign a message of our own again, for a newer database of its recipient."""
    header = msgspec.structs.replace(message.header, to=to, seq=seq)
    return _sealed(key, network, header)


def _sealed(key: SigningKey, network: str, header: MessageHeader) -> Message:
    payload = canonical.encode(header)
    envelope = seal_envelope(
        key, domain=domain_of(network), payload_type=PAYLOAD_TYPE, payload=payload
    )
    return Message(header, envelope)


def open_message(envelope: bytes, *, network: str) -> Message:
    """Return the authentic message in `envelope`; raise RemoteError otherwise."""
    if len(envelope) > MESSAGE_BYTES_MAX + 256:
        raise LimitError(
            f"message of {len(envelope)} bytes; the most is {MESSAGE_BYTES_MAX}"
        )
    signer, payload = open_envelope(
        envelope, domain=domain_of(network), payload_type=PAYLOAD_TYPE
    )
    header = canonical.decode(payload, MessageHeader, bytes_max=MESSAGE_BYTES_MAX)
    if header.author != signer.peer:
        raise MalformedError("message: author is not the signer")
    return Message(header, envelope)


def stored_message(envelope: bytes) -> Message:
    """Return a message whose signature was checked, or made, before it was stored."""
    _, payload, _ = parse_envelope(envelope, payload_type=PAYLOAD_TYPE)
    header = canonical.decode(payload, MessageHeader, bytes_max=MESSAGE_BYTES_MAX)
    return Message(header, envelope)
