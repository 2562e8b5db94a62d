"""Who gets in: hosts, origins and bearer tokens, checked before a body is read.

The listener is on loopback, and yet any page in a browser on this computer can reach
it: by its address, or by a name of its own that resolves to it. So a request must name
a host that is ours, a write must not come from another origin, and every write needs a
token, which no browser sends by itself.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from fabnet.node.api.problem import Problem, problem
from fabnet.node.api.table import Role
from fabnet.node.store.reading import Token

TOKEN_CHARS_MAX: Final = 200
"""Letters of a bearer token; ours have 47."""
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_SAME: Final = frozenset({"same-origin", "none"})
"""What a browser says of a request that its own page, or its user, began."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever holds a token."""

    name: str
    role: str


def hosts_of(listener: str) -> frozenset[str]:
    """Return the names that a listener bound to the host `listener` answers for."""
    return _LOOPBACK | {f"[{listener.lower()}]" if ":" in listener else _host(listener)}


def check_host(headers: Mapping[str, str], hosts: frozenset[str]) -> Problem | None:
    """Refuse a request that was meant for another host: DNS rebinding."""
    host = headers.get("Host", "")
    if _host(host) in hosts:
        return None
    return problem(HTTPStatus.MISDIRECTED_REQUEST, "foreign-host", host=host[:80])


def check_origin(headers: Mapping[str, str]) -> Problem | None:
    """Refuse a write that a page of another origin began."""
    origin = headers.get("Origin")
    site = headers.get("Sec-Fetch-Site")
    host = headers.get("Host", "")
    is_ours = origin is None or origin in (f"http://{host}", f"https://{host}")
    if is_ours and (site is None or site in _SAME):
        return None
    told = (origin or site or "")[:80]
    return problem(HTTPStatus.FORBIDDEN, "foreign-origin", origin=told)


def bearer(headers: Mapping[str, str]) -> str | None:
    """Return the bearer token that a request shows, if it shows one."""
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not 1 <= len(token) <= TOKEN_CHARS_MAX:
        return None
    return token


def fingerprint(token: str) -> bytes:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode()).digest()


def admit(token: str | None, held: Iterable[Token], role: Role) -> Caller | Problem:
    """Return who shows `token` if they may do what takes `role`, or why not.

    All of `held` are compared, so the time taken tells nothing of which came close.
    """
    if token is None:
        return problem(HTTPStatus.UNAUTHORIZED, "no-token")
    shown = fingerprint(token)
    found: Token | None = None
    for each in held:
        if hmac.compare_digest(each.sha256, shown):
            found = each
    if found is None:
        return problem(HTTPStatus.UNAUTHORIZED, "unknown-token")
    if found.role not in (role, "operator"):
        return problem(
            HTTPStatus.FORBIDDEN,
            "wrong-role",
            needed=role,
            name=found.name,
            role=found.role,
        )
    return Caller(found.name, found.role)


def _host(address: str) -> str:
    """Return the host of `host`, `host:port` or `[v6]:port`, in lower case."""
    address = address.strip().lower()
    if address.startswith("["):
        return address.partition("]")[0] + "]"
    return address.partition(":")[0]
