"""The cooperatives that a cooperative vouches for in one year: a signed, growing list.

One list for each voucher, year and version of its charter, to which entries are only
added, so that of two honest copies one always begins like the other. Two that do not
are a proof that the voucher told two stories, and it then vouches for nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec

from fabnet.cooperation.charter import Charter, named_in
from fabnet.errors import MalformedError
from fabnet.records.body import Body
from fabnet.records.civil import moment_of
from fabnet.records.credential import Json, open_credential, quorum_met
from fabnet.records.ids import CharterId, CharterIdText, DocumentId
from fabnet.records.refusal import Refusal

KIND: Final = "vouches/1"
DOCUMENT_KIND: Final = "FabnetVouches"

VOUCHES_PER_YEAR_MAX: Final = 8
"""Cooperatives one may vouch for in a year: as many as people can know well."""
ENTRIES_MAX: Final = 2 * VOUCHES_PER_YEAR_MAX
"""Each of them, and each taken back; a place that is taken back stays used."""
VOUCHES_BYTES_MAX: Final = 24 * 1_024
"""Bytes of one list: sixteen entries and the proofs of 32 stewards are 14 KiB."""
GRACE_MS: Final = 90 * 86_400_000
"""How long a year's list counts after the year, so that nobody falls out in one night
because a neighbour was late to sign again."""
YEAR_MIN: Final = 2_026
YEAR_MAX: Final = 9_000

Act = Literal["vouch", "withdraw"]
Entry = tuple[Act, CharterId]


class VouchesBody(Body):
    """A list of vouches as a record carries it."""

    document: Annotated[bytes, msgspec.Meta(max_length=VOUCHES_BYTES_MAX)]


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    act: Act
    member: CharterIdText


class _Subject(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    voucher: CharterIdText
    charter_version: Annotated[int, msgspec.Meta(ge=1)]
    year: Annotated[int, msgspec.Meta(ge=YEAR_MIN, le=YEAR_MAX)]
    entries: Annotated[
        tuple[_Entry, ...], msgspec.Meta(min_length=1, max_length=ENTRIES_MAX)
    ]


@dataclass(frozen=True, slots=True)
class Vouches:
    """For whom a cooperative vouches in a year. Made only by `open_vouches`."""

    document: DocumentId
    raw: bytes
    voucher: CharterId
    charter_version: int
    year: int
    entries: tuple[Entry, ...]

    @property
    def from_ms(self) -> int:
        """When the list begins to count."""
        return _new_year(self.year)

    @property
    def until_ms(self) -> int:
        """When it ends to count."""
        return _new_year(self.year + 1) + GRACE_MS

    def members(self) -> frozenset[CharterId]:
        """Return whom it vouches for: named, and not taken back."""
        back = {member for act, member in self.entries if act == "withdraw"}
        return frozenset(member for _, member in self.entries if member not in back)

    def begins_like(self, other: Vouches) -> bool:
        """Whether one of the two is the other with entries added, or they are equal."""
        length = min(len(self.entries), len(other.entries))
        return self.entries[:length] == other.entries[:length]


def vouches_subject(
    *, voucher: CharterId, charter_version: int, year: int, entries: Sequence[Entry]
) -> dict[str, Json]:
    """Return the subject of a list that is ready to be signed."""
    return {
        "voucher": voucher,
        "charterVersion": charter_version,
        "year": year,
        "entries": [{"act": act, "member": member} for act, member in entries],
    }


def open_vouches(raw: bytes, voucher: Charter) -> Vouches | Refusal:
    """Return the list in `raw`, or why it is none; bad bytes raise RemoteError.

    `voucher` is the version of the charter that is held now: its stewards sign, in the
    quorum that admits members, and the list names that version.
    """
    credential = open_credential(raw, kind=DOCUMENT_KIND)
    try:
        subject = msgspec.convert(credential.subject, _Subject)
    except msgspec.ValidationError as error:
        raise MalformedError(f"vouches: {error}") from error
    entries = tuple((each.act, CharterId(each.member)) for each in subject.entries)
    _check_entries(entries, CharterId(subject.voucher))
    if subject.voucher != voucher.id:
        return Refusal("another-charter", (("charter", subject.voucher),))
    if subject.charter_version != voucher.version:
        args = (("version", subject.charter_version), ("held", voucher.version))
        return Refusal("vouches-of-another-version", args)
    needed = voucher.membership_quorum
    if not quorum_met(credential, voucher.steward_keys, needed):
        return Refusal("vouches-quorum-not-met", (("needed", needed),))
    return Vouches(
        credential.id,
        raw,
        CharterId(subject.voucher),
        subject.charter_version,
        subject.year,
        entries,
    )


def voucher_of(raw: bytes) -> CharterId | None:
    """Return the cooperative that `raw` claims to be signed by; nothing is verified."""
    return named_in(raw, "voucher")


def _check_entries(entries: tuple[Entry, ...], voucher: CharterId) -> None:
    """Raise MalformedError unless each is named once and taken back after that."""
    named: dict[CharterId, Act] = {}
    for act, member in entries:
        expected: Act | None = "vouch" if member not in named else "withdraw"
        if named.get(member) == "withdraw" or act != expected:
            raise MalformedError("vouches: each is vouched for once, then taken back")
        if member == voucher:
            raise MalformedError("vouches: nobody vouches for themselves")
        named[member] = act
    if len(named) > VOUCHES_PER_YEAR_MAX:
        raise MalformedError(f"vouches: more than {VOUCHES_PER_YEAR_MAX} in one year")


def _new_year(year: int) -> int:
    return moment_of(f"{year:04}-01-01T00:00:00Z")
