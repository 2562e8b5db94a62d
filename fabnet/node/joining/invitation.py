"""An invitation: where a node is, who must answer there, and which federation is meant.

One line, in the letters that a QR code packs best and a telephone can read out:

    FABNET1:  base32 without padding of  (canonical array · 4 bytes of its SHA-256)

It is no key and no membership. Whoever has it knows where to dial, and nothing else;
who is let in is decided by those whom the federation's charter names.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import Annotated, Final

import msgspec

from fabnet.errors import MalformedError
from fabnet.protocol import address as addresses
from fabnet.protocol.address import ADDRESS_BYTES_MAX, Address
from fabnet.records import canonical, keys
from fabnet.records.body import Body
from fabnet.records.ids import CharterId, PeerId

PREFIX: Final = "FABNET1:"
ADDRESSES_MAX: Final = 4
"""Ways to one node: its name, and what it has beside on its LAN."""
FEDERATIONS_MAX: Final = 4
LINE_CHARS_MAX: Final = 2_000
"""Characters: four long addresses and four federations, with room to spare."""
CHECK_BYTES: Final = 4
"""A slip of the pen goes unnoticed once in four thousand million times."""
_BYTES_MAX: Final = 1_200
_CHARTER: Final = "sha256:"
_LETTERS: Final = re.compile(r"[A-Z2-7]+")

_Key = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
_Where = Annotated[bytes, msgspec.Meta(min_length=1, max_length=ADDRESS_BYTES_MAX)]
_Charter = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]


class InvitationBody(Body):
    """What the line holds."""

    network: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]{1,40}(?!\n)$")]
    key: _Key
    """The node's public key: its peer id in other letters."""
    addresses: Annotated[
        tuple[_Where, ...], msgspec.Meta(min_length=1, max_length=ADDRESSES_MAX)
    ]
    """Binary multiaddrs, without the peer id."""
    federations: Annotated[
        tuple[_Charter, ...], msgspec.Meta(max_length=FEDERATIONS_MAX)
    ]
    """What follows `sha256:` in the id of each charter, as bytes."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """Where a node is, who must answer, and whose memberships it goes by."""

    network: str
    peer: PeerId
    addresses: tuple[Address, ...]
    federations: tuple[CharterId, ...]

    @property
    def dials(self) -> tuple[str, ...]:
        """Each address with the peer that must answer there, as `peers.dial` has it."""
        return tuple(f"{each.text}/p2p/{self.peer}" for each in self.addresses)


def write_line(invitation: Invitation) -> str:
    """Return the line that stands for an invitation."""
    body = InvitationBody(
        invitation.network,
        keys.from_peer(invitation.peer).raw,
        tuple(addresses.to_bytes(each) for each in invitation.addresses),
        tuple(
            bytes.fromhex(each.removeprefix(_CHARTER))
            for each in invitation.federations
        ),
    )
    raw = canonical.encode(body)
    packed = raw + hashlib.sha256(raw).digest()[:CHECK_BYTES]
    return PREFIX + base64.b32encode(packed).decode().rstrip("=")


def read_line(line: str) -> Invitation:
    """Return the invitation in a line, however it was typed; or raise RemoteError.

    Small letters, spaces and line breaks are taken as whoever copied it meant them.
    """
    if len(line) > LINE_CHARS_MAX:
        raise MalformedError(f"invitation: longer than {LINE_CHARS_MAX} characters")
    text = "".join(line.split()).upper()
    if not text.startswith(PREFIX):
        raise MalformedError(f"invitation: it does not begin with {PREFIX}")
    letters = text.removeprefix(PREFIX)
    if not _LETTERS.fullmatch(letters):
        raise MalformedError("invitation: it has letters that no invitation has")
    try:
        packed = base64.b32decode(letters + "=" * (-len(letters) % 8))
    except ValueError:
        packed = b""
    raw, check = packed[:-CHECK_BYTES], packed[-CHECK_BYTES:]
    good = hashlib.sha256(raw).digest()[:CHECK_BYTES] == check
    # Base32 leaves spare bits in its last letter: only our own spelling counts.
    if not good or base64.b32encode(packed).decode().rstrip("=") != letters:
        raise MalformedError("invitation: a letter is wrong, missing or too many")
    body = canonical.decode(raw, InvitationBody, bytes_max=_BYTES_MAX)
    found = tuple(addresses.from_bytes(each) for each in body.addresses)
    if any(each.peer is not None for each in found):
        raise MalformedError("invitation: an address that names another peer")
    return Invitation(
        body.network,
        keys.PublicKey(body.key).peer,
        found,
        tuple(CharterId(_CHARTER + each.hex()) for each in body.federations),
    )
