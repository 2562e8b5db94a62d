"""A record: what one node said, chained or counted, in a signed envelope.

The header is signed; the body travels beside it, named by its hash, so that it may be
pruned while the chain stays verifiable. The record's id is the CID of the header,
never of the envelope.

Two classes of record are told apart by their kind. *Log records* form a chain per
(author, incarnation): `seq` is 1, 2, 3…, and `prev` the id before. *Notices*, whose
kind begins with `notice.`, are soft state: no `prev`, `seq` counts per key, and the
greatest (incarnation, seq) wins.
"""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from typing import Annotated, Final, TypeVar

import msgspec

from fabnet.content.cid import of_raw
from fabnet.errors import LimitError, MalformedError
from fabnet.records import canonical
from fabnet.records.body import Body
from fabnet.records.envelope import open_envelope, parse_envelope, seal_envelope
from fabnet.records.ids import (
    Incarnation,
    Kind,
    KindText,
    Moment,
    PeerId,
    PeerIdText,
    RecordId,
    RecordIdText,
)
from fabnet.records.keys import SigningKey

T = TypeVar("T")

PAYLOAD_TYPE: Final = b"/fabnet/record/1"
HEADER_BYTES_MAX: Final = 512
BODY_BYTES_MAX: Final = 48 * 1024
ENVELOPE_BYTES_MAX: Final = HEADER_BYTES_MAX + 256
"""A header, and the envelope's key, type and signature around it."""
NAMED_MAX: Final = 1_024
"""Envelopes whose id is remembered: news is told to one peer after another."""
NOTICE_PREFIX: Final = "notice."


class Header(Body):
    """What is signed of a record."""

    kind: KindText
    author: PeerIdText
    incarnation: Incarnation
    seq: Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
    prev: RecordIdText | None
    """The record before in the author's chain; nil in the first, and in notices."""
    moment_ms: Moment
    key: Annotated[str, msgspec.Meta(max_length=160)] | None
    """What the record is about, for finding it again; a notice is replaced by key."""
    body_hash: Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
    body_len: Annotated[int, msgspec.Meta(ge=0, le=BODY_BYTES_MAX)]


@dataclass(frozen=True, slots=True)
class Record:
    """One authentic record. Made only by `seal_record`, `open_record` and `stored`."""

    header: Header
    envelope: bytes
    body: bytes | None
    """Nil when it was pruned."""
    id: RecordId

    @property
    def kind(self) -> Kind:
        """The kind and version, such as `revision/1`."""
        return self.header.kind

    @property
    def author(self) -> PeerId:
        """The node key that signed it."""
        return self.header.author

    @property
    def is_notice(self) -> bool:
        """Whether it is soft state, outside the author's chain."""
        return self.kind.startswith(NOTICE_PREFIX)

    def read(self, of: type[T]) -> T:
        """Return the body as an `of`, or raise RemoteError naming the field."""
        if self.body is None:
            raise MalformedError(f"{self.kind}: its body was pruned")
        return canonical.decode(self.body, of, bytes_max=BODY_BYTES_MAX)


def domain_of(network: str) -> str:
    """Return the signing domain: what is said on one network is unsaid on another."""
    return f"fabnet:{network}"


def seal_record(
    key: SigningKey,
    *,
    network: str,
    kind: str,
    incarnation: Incarnation,
    seq: int,
    prev: RecordId | None,
    moment_ms: int,
    about: str | None,
    body: msgspec.Struct,
) -> Record:
    """Sign `body` as a record of `kind`; `about` becomes the header's key."""
    body_bytes = canonical.encode(body)
    if len(body_bytes) > BODY_BYTES_MAX:
        raise LimitError(
            f"{kind}: body of {len(body_bytes)} bytes; the most is {BODY_BYTES_MAX}"
        )
    header = Header(
        Kind(kind),
        key.public.peer,
        incarnation,
        seq,
        prev,
        moment_ms,
        about,
        hashlib.sha256(body_bytes).digest(),
        len(body_bytes),
    )
    payload = canonical.encode(header)
    envelope = seal_envelope(
        key, domain=domain_of(network), payload_type=PAYLOAD_TYPE, payload=payload
    )
    return Record(header, envelope, body_bytes, RecordId(of_raw(payload)))


def open_record(envelope: bytes, body: bytes | None, *, network: str) -> Record:
    """Return the authentic record in `envelope`; raise RemoteError otherwise."""
    if len(envelope) > ENVELOPE_BYTES_MAX:
        raise LimitError(
            f"envelope of {len(envelope)} bytes; the most is {ENVELOPE_BYTES_MAX}"
        )
    signer, payload = open_envelope(
        envelope, domain=domain_of(network), payload_type=PAYLOAD_TYPE
    )
    record = _read(envelope, payload, body)
    if record.author != signer.peer:
        raise MalformedError("header: author is not the signer")
    return record


def stored(envelope: bytes, body: bytes | None) -> Record:
    """Return a record whose signature was checked before it was stored."""
    _, payload, _ = parse_envelope(envelope, payload_type=PAYLOAD_TYPE)
    return _read(envelope, payload, body)


@functools.lru_cache(NAMED_MAX)
def id_of(envelope: bytes) -> RecordId:
    """Return the id of the record in an envelope that was checked before."""
    _, payload, _ = parse_envelope(envelope, payload_type=PAYLOAD_TYPE)
    return RecordId(of_raw(payload))


def _read(envelope: bytes, payload: bytes, body: bytes | None) -> Record:
    header = canonical.decode(payload, Header, bytes_max=HEADER_BYTES_MAX)
    if header.kind.startswith(NOTICE_PREFIX):
        if header.prev is not None:
            raise MalformedError("header: a notice has no prev")
        if header.key is None:
            raise MalformedError("header: a notice has a key")
    elif (header.seq == 1) != (header.prev is None):
        raise MalformedError("header: prev is nil in the first record, and only there")
    if body is not None:
        if len(body) != header.body_len:
            raise MalformedError(
                f"body_len: {header.body_len}, but the body has {len(body)}"
            )
        if hashlib.sha256(body).digest() != header.body_hash:
            raise MalformedError("body_hash: the body is another")
    return Record(header, envelope, body, RecordId(of_raw(payload)))
