"""The headers of Peer ID authentication: parameters, and the bytes signed for them.

Source: libp2p/specs http/peer-id-auth.md r1, and RFC 9110 §11 (auth-param).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Final

from fabnet.content.multibase import varint
from fabnet.errors import LimitError, MalformedError

SCHEME: Final = "libp2p-PeerID"
HEADER_BYTES_MAX: Final = 2_048
"""Bytes of one header value, as the specification suggests and go and js insist."""
CHALLENGE_CHARS_MIN: Final = 32
"""Characters, as in go-libp2p: a shorter one may repeat, and an old answer fit."""
_NAMES: Final = frozenset(
    {"bearer", "challenge-client", "challenge-server", "opaque", "public-key", "sig"}
)
_PARAM: Final = re.compile(r'([a-z][a-z-]*)=(?:"([ !#-\[\]-~]*)"|([A-Za-z0-9_-]+=*))')
_BETWEEN: Final = re.compile(r"[ \t,]*")
_BASE64URL: Final = re.compile(r"([A-Za-z0-9_-]*)={0,2}")


def signed_bytes(params: Mapping[str, str | bytes]) -> bytes:
    """Return what is signed for `params`: each by name, with its length."""
    out = SCHEME.encode()
    for name, value in sorted(params.items()):
        plain = value.encode() if isinstance(value, str) else value
        part = name.encode() + b"=" + plain
        out += varint(len(part)) + part
    return out


def is_ours(header: str) -> bool:
    """Whether a header speaks of Peer ID authentication, and not of Basic or Bearer."""
    scheme, _, _ = header[:HEADER_BYTES_MAX].partition(" ")
    return scheme.lower() == SCHEME.lower()


def read_params(header: str) -> dict[str, str]:
    """Return the parameters we know in a header value, or raise RemoteError.

    Commas may be missing between them, as in the specification's own examples. What
    stands twice is refused: two readers would see two different requests.
    """
    if len(header) > HEADER_BYTES_MAX:
        raise LimitError(f"authorization: more than {HEADER_BYTES_MAX} bytes")
    if not is_ours(header):
        raise MalformedError(f"authorization: expected the scheme {SCHEME}")
    params: dict[str, str] = {}
    at = _skipped(header, len(SCHEME))
    while at < len(header):
        found = _PARAM.match(header, at)
        if found is None:
            raise MalformedError(f"authorization: expected name=value at byte {at}")
        name, quoted, plain = found.groups()
        if name in params:
            raise MalformedError(f"authorization: {name} stands twice")
        params[name] = plain if quoted is None else quoted
        at = _skipped(header, found.end())
        if at == found.end() < len(header):
            raise MalformedError(f"authorization: expected a comma at byte {at}")
    return {name: value for name, value in params.items() if name in _NAMES}


def write_params(params: Mapping[str, str | None]) -> str:
    """Return a header value with the parameters that are not nil."""
    pairs = [f'{name}="{value}"' for name, value in params.items() if value is not None]
    return f"{SCHEME} {', '.join(pairs)}"


def param(params: Mapping[str, str], name: str) -> str:
    """Return a parameter, or raise MalformedError if it is missing or empty."""
    if not params.get(name):
        raise MalformedError(f"authorization: {name} is missing")
    return params[name]


def challenge_in(params: Mapping[str, str], name: str) -> str:
    """Return a challenge that is long enough, or raise MalformedError."""
    challenge = param(params, name)
    if len(challenge) < CHALLENGE_CHARS_MIN:
        raise MalformedError(
            f"authorization: {name}: expected {CHALLENGE_CHARS_MIN} characters or more"
        )
    return challenge


def to_base64(data: bytes) -> str:
    """Return base64url with its padding, which js-libp2p insists on."""
    return base64.urlsafe_b64encode(data).decode()


def from_base64(params: Mapping[str, str], name: str) -> bytes:
    """Return the bytes in a base64url parameter, padded or not."""
    found = _BASE64URL.fullmatch(param(params, name))
    if found is None or len(found[1]) % 4 == 1:
        raise MalformedError(f"authorization: {name}: expected base64url")
    return base64.urlsafe_b64decode(found[1] + "=" * (-len(found[1]) % 4))


def _skipped(header: str, at: int) -> int:
    between = _BETWEEN.match(header, at)
    return at if between is None else between.end()
