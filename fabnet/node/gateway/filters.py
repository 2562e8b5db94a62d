"""The filters of Delegated Routing: which addresses and protocols a client can use.

Source: IPIP-484. A name is kept where it is listed, dropped where it is listed with a
`!` before it, and `unknown` keeps peers that say nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import msgspec

from fabnet.node.gateway.providers import PeerAnswer

NAMES_MAX: Final = 64
"""Names read of one filter; there are some forty protocols in all."""
_UNKNOWN: Final = "unknown"
_VALUED: Final = frozenset({"ip4", "ip6", "dns", "dns4", "dns6", "tcp", "sni", "p2p"})


@dataclass(frozen=True, slots=True)
class Filter:
    """One parameter, read."""

    kept: frozenset[str]
    dropped: frozenset[str]

    def fits(self, names: Iterable[str]) -> bool:
        """Whether something of these protocols is wanted."""
        found = frozenset(names)
        if found & self.dropped:
            return False
        return bool(found & self.kept) or not self.kept


def read_filter(text: str | None) -> Filter | None:
    """Return a filter, or nil where none is given."""
    names = [name.strip().lower() for name in (text or "").split(",")][:NAMES_MAX]
    wanted = [name for name in names if name.strip("!")]
    if not wanted:
        return None
    dropped = frozenset(name[1:] for name in wanted if name.startswith("!"))
    kept = frozenset(name for name in wanted if not name.startswith("!"))
    return Filter(kept, dropped)


def filtered(
    answers: Iterable[PeerAnswer], addrs: Filter | None, protocols: Filter | None
) -> list[PeerAnswer]:
    """Return the peers that fit, each with the addresses that do."""
    found: list[PeerAnswer] = []
    for answer in answers:
        if protocols is not None and not protocols.fits(answer.protocols or [_UNKNOWN]):
            continue
        if addrs is None:
            found.append(answer)
            continue
        fit = tuple(each for each in answer.addrs if addrs.fits(names_in(each)))
        if fit or (not answer.addrs and addrs.fits([_UNKNOWN])):
            found.append(msgspec.structs.replace(answer, addrs=fit))
    return found


def names_in(address: str) -> list[str]:
    """Return the protocols in a multiaddr of the forms we use, without their values."""
    found: list[str] = []
    words = iter(address.split("/")[1:])
    for word in words:
        found.append(word)
        if word in _VALUED:
            next(words, None)
    return found
