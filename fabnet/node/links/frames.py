"""What goes over a link: one frame, one canonical array, at most 64 KiB.

Whatever is in a frame is authentic once it is read here: `read` checks each signature,
which takes time, so links call it in a thread.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec

from fabnet.errors import MalformedError
from fabnet.protocol.effects import ENOUGH_MAX, PROOFS_MAX, Serve
from fabnet.protocol.events import (
    BatchHeard,
    GotHeard,
    KnownHeard,
    MessageHeard,
    ProbeHeard,
    ProofsHeard,
    ReconcileHeard,
    SubscribeHeard,
    SupplyHeard,
)
from fabnet.protocol.ranges.words import SUM_BYTES, Lack, Look, Ranges
from fabnet.protocol.release import KNOWN_MAX
from fabnet.records import canonical
from fabnet.records.body import Body
from fabnet.records.envelope import signer_of
from fabnet.records.ids import (
    CidText,
    Count,
    Incarnation,
    PeerId,
    PeerIdText,
    RecordId,
    RecordIdText,
)
from fabnet.records.message import MESSAGE_BYTES_MAX, open_message
from fabnet.records.proofs.fork import ForkPair, open_fork
from fabnet.records.record import (
    BODY_BYTES_MAX,
    ENVELOPE_BYTES_MAX,
    Record,
    id_of,
    open_record,
)

FRAME_BYTES_MAX: Final = 64 * 1024
"""The largest frame: one record with the largest body fits, with room to spare."""
BATCH_BYTES_MAX: Final = FRAME_BYTES_MAX - 2_048
"""Records in one batch, in bytes, less what the frame adds."""
BATCH_RECORDS_MAX: Final = 512
PEER_RECORD_BYTES_MAX: Final = 2_048
OPENED_MAX: Final = 256
"""Records remembered as opened, at most 12 MiB of them; most come over two links within
a second. Beyond it the longest unseen is verified again when it comes."""

CREDIT_MAX: Final = 64
"""Messages of others on their way to one node over one hub that it has not taken."""
CHUNK_BYTES_MAX: Final = 32 * 1_024
"""Bytes of a file in one frame: other frames fit between two of them."""

_Envelope = Annotated[bytes, msgspec.Meta(max_length=ENVELOPE_BYTES_MAX)]
_Body = Annotated[bytes, msgspec.Meta(max_length=BODY_BYTES_MAX)]


class Hello(Body):
    """First from both sides: the network, and where the speaker can be reached."""

    frame: Literal["hello"]
    network: Annotated[str, msgspec.Meta(max_length=60)]
    peer_record: Annotated[bytes, msgspec.Meta(max_length=PEER_RECORD_BYTES_MAX)]


class SubscribeFrame(Body):
    """Serve me what arrived after `cursor` of your `incarnation`.

    `brief` is 1 if ids go on to be enough of whom they were, and 0 if all comes whole;
    `sum` is of all that the subscriber has.
    """

    frame: Literal["subscribe"]
    incarnation: Incarnation | None
    cursor: Count
    brief: Annotated[int, msgspec.Meta(ge=0, le=1)]
    sum: Annotated[bytes, msgspec.Meta(max_length=SUM_BYTES)]


class Parcel(Body):
    """One record in a batch."""

    envelope: _Envelope
    body: _Body | None


class BatchFrame(Body):
    """Records in the order they arrived, and where that leaves the cursor.

    `ids` are of records that arrived meanwhile and that others should have brought.
    """

    frame: Literal["batch"]
    incarnation: Incarnation
    cursor: Count
    records: Annotated[tuple[Parcel, ...], msgspec.Meta(max_length=BATCH_RECORDS_MAX)]
    ids: Annotated[tuple[RecordIdText, ...], msgspec.Meta(max_length=BATCH_RECORDS_MAX)]


class SupplyFrame(Body):
    """Records that were asked for by places, all there are of the first `done`."""

    frame: Literal["supply"]
    step: Count
    done: Count
    records: Annotated[tuple[Parcel, ...], msgspec.Meta(max_length=BATCH_RECORDS_MAX)]


class ProofsFrame(Body):
    """Proofs of forks: each two envelopes that cannot both stand in one log."""

    frame: Literal["proofs"]
    proofs: Annotated[tuple[ForkPair, ...], msgspec.Meta(max_length=PROOFS_MAX)]


class GotFrame(Body):
    """The batch up to `cursor` is on my disk; of these authors ids are enough."""

    frame: Literal["got"]
    cursor: Count
    enough: Annotated[tuple[PeerIdText, ...], msgspec.Meta(max_length=ENOUGH_MAX)]


class MessageFrame(Body):
    """One signed message."""

    frame: Literal["message"]
    envelope: Annotated[bytes, msgspec.Meta(max_length=MESSAGE_BYTES_MAX + 256)]


class ProbeFrame(Body):
    """What do you have of mine?"""

    frame: Literal["probe"]


class KnownFrame(Body):
    """This I have of yours: envelopes, newest last."""

    frame: Literal["known"]
    records: Annotated[tuple[_Envelope, ...], msgspec.Meta(max_length=KNOWN_MAX)]


class CreditFrame(Body):
    """So many of the messages that you forwarded I took; as many more may come."""

    frame: Literal["credit"]
    messages: Annotated[int, msgspec.Meta(ge=1, le=CREDIT_MAX)]


class ReturnedFrame(Body):
    """Your message to `recipient` I neither forwarded nor keep."""

    frame: Literal["returned"]
    recipient: PeerIdText
    why: Annotated[str, msgspec.Meta(max_length=40)]


class WantFrame(Body):
    """Send me the next chunks of a file, from byte `offset` on."""

    frame: Literal["want"]
    cid: CidText
    offset: Count


class ChunkFrame(Body):
    """A chunk of a file of `size` bytes; no size where it is not here."""

    frame: Literal["chunk"]
    cid: CidText
    offset: Count
    size: Count | None
    data: Annotated[bytes, msgspec.Meta(max_length=CHUNK_BYTES_MAX)]


Frame = (
    Hello | ProbeFrame | KnownFrame | SubscribeFrame | BatchFrame | ProofsFrame
    | GotFrame | MessageFrame | CreditFrame | ReturnedFrame | WantFrame | ChunkFrame
    | Ranges | Look | Lack | SupplyFrame
)  # fmt: skip
Aside = CreditFrame | ReturnedFrame | WantFrame | ChunkFrame
"""What is between two shells, and no mind hears of."""
Heard = (
    ProbeHeard | KnownHeard | SubscribeHeard | BatchHeard | ProofsHeard | GotHeard
    | MessageHeard | ReconcileHeard | SupplyHeard
)  # fmt: skip

_FRAMES: Final[dict[str, type[Frame]]] = {
    "hello": Hello,
    "probe": ProbeFrame,
    "known": KnownFrame,
    "subscribe": SubscribeFrame,
    "batch": BatchFrame,
    "proofs": ProofsFrame,
    "got": GotFrame,
    "message": MessageFrame,
    "credit": CreditFrame,
    "returned": ReturnedFrame,
    "want": WantFrame,
    "chunk": ChunkFrame,
    "ranges": Ranges,
    "look": Look,
    "lack": Lack,
    "supply": SupplyFrame,
}

_BY_NAME: Final = {name.encode(): of for name, of in _FRAMES.items()}


def opener(network: str) -> Callable[[bytes, bytes | None], Record]:
    """Return what opens a node's records; what comes over two links, once."""

    @functools.lru_cache(maxsize=OPENED_MAX)
    def opened(envelope: bytes, body: bytes | None) -> Record:
        return open_record(envelope, body, network=network)

    return opened


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads one link's frames: whose they are, and on which network and node."""

    peer: PeerId
    network: str
    ours: Incarnation
    """Our own incarnation: a subscription that names none means this one."""
    opened: Callable[[bytes, bytes | None], Record]
    """Opens a record, or returns the same that was opened before."""

    def read(self, raw: bytes) -> Hello | Heard | Aside:  # noqa: PLR0911  # one for each frame
        """Return what a frame says, verified; raise RemoteError naming the fault."""
        frame = decode(raw)
        match frame:
            case ProbeFrame():
                return ProbeHeard(self.peer)
            case KnownFrame():
                known = tuple(self.opened(each, None) for each in frame.records)
                return KnownHeard(self.peer, known)
            case SubscribeFrame():
                incarnation = frame.incarnation or self.ours
                at = incarnation, frame.cursor
                return SubscribeHeard(self.peer, *at, frame.brief == 1, frame.sum)
            case BatchFrame():
                records = self._records(frame.records)
                at = frame.incarnation, frame.cursor
                return BatchHeard(self.peer, *at, records, frame.ids)
            case Ranges() | Look() | Lack():
                return ReconcileHeard(self.peer, frame)
            case SupplyFrame(_, step, done, parcels):
                return SupplyHeard(self.peer, step, done, self._records(parcels))
            case ProofsFrame():
                network = self.network
                proofs = (open_fork(each, network=network) for each in frame.proofs)
                return ProofsHeard(self.peer, tuple(proofs))
            case GotFrame():
                return GotHeard(self.peer, frame.cursor, frame.enough)
            case MessageFrame():
                return MessageHeard(open_message(frame.envelope, network=self.network))
            case _:
                return frame

    def _records(self, parcels: Iterable[Parcel]) -> tuple[Record, ...]:
        return tuple(self.opened(each.envelope, each.body) for each in parcels)


def batch(
    serve: Serve,
    incarnation: Incarnation,
    cursor: int,
    found: Iterable[tuple[bytes, bytes | None]],
) -> BatchFrame:
    """Return the batch that serves a peer what was `found` for it."""
    parcels: list[Parcel] = []
    ids: list[RecordId] = []
    for envelope, body in found:
        # An id says that the body can be had here.
        is_brief = bool(serve.brief) and body is not None
        if is_brief and signer_of(envelope).peer in serve.brief:
            ids.append(id_of(envelope))
        else:
            parcels.append(Parcel(envelope, body))
    return BatchFrame("batch", incarnation, cursor, tuple(parcels), tuple(ids))


def encode(frame: Frame) -> bytes:
    """Return the bytes of a frame."""
    raw = canonical.pack(frame)
    assert len(raw) <= FRAME_BYTES_MAX, "whoever makes a frame keeps it in bounds"
    return raw


def decode(raw: bytes) -> Frame:
    """Return the frame in `raw`, its signatures unchecked; raise RemoteError."""
    return canonical.decode(raw, _named(raw), bytes_max=FRAME_BYTES_MAX)


def _named(raw: bytes) -> type[Frame]:
    """Return the type of a frame by its name, which stands after two bytes."""
    of = _BY_NAME.get(raw[2 : 2 + (raw[1] & 0x1F)] if len(raw) > 2 else b"")
    if of is not None:
        return of
    value = canonical.decode_plain(raw, bytes_max=FRAME_BYTES_MAX)
    if not isinstance(value, list) or not value or not isinstance(value[0], str):
        raise MalformedError("frame: expected an array that begins with its name")
    of = _FRAMES.get(value[0])
    if of is None:
        raise MalformedError(f"frame: {value[0][:40]!r} is not one we know")
    return of  # too long an array to begin as all of ours do
