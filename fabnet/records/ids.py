"""The names of things, and the times they happen.

Ids travel as text, so that any msgpack tool shows them; `Meta` bounds them wherever a
body is read. `PeerId` is libp2p's own (base58 of the identity multihash of the key).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, NewType

import msgspec

from fabnet.content.cid import Cid
from fabnet.records.body import Body

PeerId = NewType("PeerId", str)
"""A node key's libp2p peer id, `12D3Koo…`. Who is speaking."""

RecordId = NewType("RecordId", str)
"""CIDv1 raw sha2-256 of a record's header. What was said."""

JobId = NewType("JobId", str)
"""The record id of the request that the job fulfils."""

DocumentId = NewType("DocumentId", str)
"""`sha256:` and the hex sha-256 of a credential's JCS form without proofs."""

CharterId = NewType("CharterId", str)
"""The document id of version 1 of a charter: a cooperative, or a federation."""

FacilityId = NewType("FacilityId", str)
"""A facility's short name, unique within its cooperative; notices key on it."""

MachineId = NewType("MachineId", str)
"""`<facility>/<machine>`, unique within the peer that speaks for it."""

Kind = NewType("Kind", str)
"""A record's or a message's kind and version, such as `revision/1`."""


def spelled(pattern: str) -> msgspec.Meta:
    """Return the bound that a text matches `pattern` from its first letter to its last.

    A bare `$` would let one line feed follow, and so give one thing two names.
    """
    return msgspec.Meta(pattern=rf"^{pattern}(?!\n)$")


PeerIdText = Annotated[PeerId, spelled("12D3Koo[1-9A-HJ-NP-Za-km-z]{45}")]
CidText = Annotated[Cid, spelled("baf[ky][a-z2-7]{55}")]
RecordIdText = Annotated[RecordId, spelled("bafkrei[a-z2-7]{52}")]
JobIdText = Annotated[JobId, spelled("bafkrei[a-z2-7]{52}")]
CharterIdText = Annotated[CharterId, spelled("sha256:[0-9a-f]{64}")]
DocumentIdText = Annotated[DocumentId, spelled("sha256:[0-9a-f]{64}")]
MachineIdText = Annotated[MachineId, spelled("[a-z0-9-]{1,40}/[a-z0-9-]{1,40}")]
FacilityIdText = Annotated[FacilityId, spelled("[a-z0-9-]{1,40}")]
KindText = Annotated[Kind, spelled("[a-z][a-z.-]{0,27}/[1-9][0-9]{0,2}")]

INT_MAX: Final = 2**53 - 1
"""The largest integer we sign: the largest that JSON readers agree about."""

Count = Annotated[int, msgspec.Meta(ge=0, le=INT_MAX)]
Moment = Annotated[int, msgspec.Meta(ge=0, le=INT_MAX)]
"""Wall-clock time in milliseconds since 1970, UTC."""
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
Text = Annotated[str, msgspec.Meta(max_length=2_000)]
Token = Annotated[str, spelled("[a-z0-9_.-]{1,60}")]
"""A machine-readable word: a process, a material, a reason."""


class Now(msgspec.Struct, frozen=True):
    """The time as the shell read it: the calendar's and the boot clock's.

    Holds, retries and expiries count `tick_ms`; `moment_ms` serves only what people
    agreed in calendars. Ticks of two boots cannot be compared.
    """

    moment_ms: int
    tick_ms: int
    boot_id: str


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of UTC time, `[start_ms, end_ms)`."""

    start_ms: int
    end_ms: int

    def holds(self, inner: Window) -> bool:
        """Whether `inner` lies wholly within this window."""
        return self.start_ms <= inner.start_ms and inner.end_ms <= self.end_ms

    def overlaps(self, other: Window) -> bool:
        """Whether the two share any time."""
        return self.start_ms < other.end_ms and other.start_ms < self.end_ms


class Incarnation(Body, order=True):
    """Which database is speaking: a counter, and random bits that tell twins apart."""

    counter: Annotated[int, msgspec.Meta(ge=1, le=2**32 - 1)]
    random: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
