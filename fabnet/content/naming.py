"""CIDs as strangers write them: any common base, either version, read into our form.

Only what these programs hold has a name here: raw or dag-pb, sha2-256. Any other CID is
sound and simply not ours. Source: multiformats/cid, multibase.
"""

from __future__ import annotations

import base64
from typing import Final

from fabnet.content.cid import Cid, from_bytes, from_digest
from fabnet.content.multibase import BASE58_MAX, from_base58, read_varint
from fabnet.errors import MalformedError

CID_CHARS_MAX: Final = 120
"""Characters of a CID's text: ours has 73 in base 16, and longer digests exist."""
PROBE: Final = "bafkqaaa"
"""The CID that holds its own bytes, none: asked for to see if anybody is there."""
_DAG_PB: Final = 0x70
_V0_CHARS: Final = 46
_V0_PREFIX: Final = b"\x12\x20"
_BASE36: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


def read(text: str) -> Cid | None:
    """Return the CID in `text` in our form; nil if it is one that we never hold.

    Raises MalformedError for what is no CID at all.
    """
    if not text.isascii() or not 2 <= len(text) <= CID_CHARS_MAX:
        raise MalformedError(f"cid: expected 2 to {CID_CHARS_MAX} letters and digits")
    if len(text) == _V0_CHARS and text.startswith("Qm"):
        binary = from_base58(text)
        if len(binary) != 34 or not binary.startswith(_V0_PREFIX):
            raise MalformedError("cid: not a sha2-256 multihash in base58")
        return from_digest(binary[2:], codec=_DAG_PB)
    binary = _binary(text[0], text[1:])
    version, at = read_varint(binary, 0)
    if version != 1:
        raise MalformedError(f"cid: version {version}")
    for _ in ("codec", "hash"):
        _, at = read_varint(binary, at)
    length, at = read_varint(binary, at)
    if len(binary) - at != length:
        raise MalformedError("cid: its digest is not as long as it says")
    try:
        return from_bytes(binary)
    except MalformedError:
        return None


def _binary(prefix: str, text: str) -> bytes:
    """Return the bytes behind a multibase prefix, or raise MalformedError."""
    try:
        match prefix:
            case "b" if text == text.lower():
                return base64.b32decode(text.upper() + "=" * (-len(text) % 8))
            case "B":
                return base64.b32decode(text + "=" * (-len(text) % 8))
            case "f":
                return bytes.fromhex(text)
            case "z" if len(text) <= BASE58_MAX:
                return from_base58(text)
            case "k" if set(text) <= set(_BASE36):
                zeros = len(text) - len(text.lstrip("0"))
                number = int(text, 36)
                length = (number.bit_length() + 7) // 8
                return bytes(zeros) + number.to_bytes(length)
            case "u":
                padded = text + "=" * (-len(text) % 4)
                return base64.b64decode(padded, altchars=b"-_", validate=True)
            case _:
                raise MalformedError(f"cid: no multibase {prefix!r}")
    except ValueError as error:
        raise MalformedError(f"cid: not multibase: {error}") from error
