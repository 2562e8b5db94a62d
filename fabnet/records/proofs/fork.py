"""A fork: two headers by one author that cannot both stand in one log.

Either both are at one (author, incarnation, seq); or one is at the place after the
other and names something else as `prev`, by which its author says that another record
stands there. Both headers are signed, so the pair proves itself to anyone, whoever
carries it, and no one but the author can make one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

import msgspec

from fabnet.errors import MalformedError
from fabnet.records.body import Body
from fabnet.records.ids import Incarnation, PeerId
from fabnet.records.record import ENVELOPE_BYTES_MAX, Record, open_record, stored

_Envelope = Annotated[bytes, msgspec.Meta(max_length=ENVELOPE_BYTES_MAX)]
PAIR_BYTES_MAX: Final = 2 * ENVELOPE_BYTES_MAX + 16
"""Bytes of a proof on the wire or on disk: two envelopes and their lengths."""


class ForkPair(Body):
    """The two envelopes, the lower (seq, record id) first."""

    one: _Envelope
    other: _Envelope


@dataclass(frozen=True, slots=True)
class Fork:
    """A proven fork. Made only by `fork_of`, `open_fork` and `stored_fork`."""

    author: PeerId
    incarnation: Incarnation
    seq: int
    """The lowest place of which the author said two things; its log ends below."""
    pair: ForkPair


def fork_of(one: Record, other: Record) -> Fork | None:
    """Return the fork that two authentic records prove, or nil if they prove none."""
    lower, upper = sorted(
        (one, other), key=lambda record: (record.header.seq, record.id)
    )
    first, second = lower.header, upper.header
    if lower.is_notice or upper.is_notice or lower.id == upper.id:
        return None
    if (first.author, first.incarnation) != (second.author, second.incarnation):
        return None
    strays = second.seq == first.seq + 1 and second.prev != lower.id
    if second.seq != first.seq and not strays:
        return None
    pair = ForkPair(lower.envelope, upper.envelope)
    return Fork(first.author, first.incarnation, first.seq, pair)


def open_fork(pair: ForkPair, *, network: str) -> Fork:
    """Return the fork that a pair of envelopes proves; raise RemoteError otherwise."""
    records = [
        open_record(raw, None, network=network) for raw in (pair.one, pair.other)
    ]
    return _proven(pair, fork_of(*records))


def stored_fork(pair: ForkPair) -> Fork:
    """Return a fork whose signatures were checked before it was stored."""
    return _proven(pair, fork_of(stored(pair.one, None), stored(pair.other, None)))


def _proven(pair: ForkPair, fork: Fork | None) -> Fork:
    if fork is None:
        raise MalformedError("fork: these two can both stand in one log")
    if fork.pair != pair:
        raise MalformedError("fork: the lower record comes first")
    return fork
