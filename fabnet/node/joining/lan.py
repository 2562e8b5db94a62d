"""Neighbours on the LAN, found by mDNS as libp2p does it. The only door to zeroconf.

Who is found so is an address to dial, and no more: it logs in as the key it names, and
is a stranger until its cooperative is vouched for. Anyone on the LAN may announce
anything, so what is taken from there is bounded, and only ever an address of the LAN.

Source: libp2p/specs discovery/mdns.md: `_p2p._udp.local`, a `dnsaddr=` each address.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from fabnet.errors import InputError, RemoteError
from fabnet.node.links.guard import AddressForbiddenError, check
from fabnet.protocol import address as addresses
from fabnet.protocol.address import ADDRESS_CHARS_MAX, Address
from fabnet.records.ids import PeerId

logger = logging.getLogger(__name__)

SERVICE: Final = "_p2p._udp.local."
KEY: Final = b"dnsaddr="
ADDRESSES_MAX: Final = 8
"""Addresses read of one announcement, and dialled one after the other."""
WAITING_MAX: Final = 64
"""Announcements that wait to be looked at; one more is dropped, and comes again."""
LINKS_MAX: Final = 8
"""Links held or tried at once with whom was found so: a workshop's own machines."""
ANSWER_MS: Final = 3_000
"""How long an announcement's text is asked for."""
_PORT: Final = 4_001
"""In the SRV record, which libp2p asks nobody to read."""

Hold = Callable[[Address], Awaitable[bool]]


def texts_of(listed: Sequence[Address], peer: PeerId) -> bytes:
    """Return the TXT record that tells where a node is on its LAN."""
    said = [
        KEY + f"{each.text}/p2p/{peer}".encode()
        for each in listed[:ADDRESSES_MAX]
        if is_near(each)
    ]
    return b"".join(bytes((len(each),)) + each for each in said if len(each) < 256)


def addresses_in(record: bytes) -> list[Address]:
    """Return the near addresses in a TXT record that we could dial; bounded."""
    found: list[Address] = []
    at = 0
    while at < len(record) and len(found) < ADDRESSES_MAX:
        size = record[at]
        said = record[at + 1 : at + 1 + size]
        at += 1 + size
        if said.startswith(KEY) and len(said) <= len(KEY) + ADDRESS_CHARS_MAX:
            address = _readable(said.removeprefix(KEY))
            if address is not None and address.peer and is_near(address):
                found.append(address)
    return found


def is_near(address: Address) -> bool:
    """Whether an address is one of a LAN: a number, and not of the wide world."""
    if address.host_kind not in ("ip4", "ip6"):
        return False
    try:
        check(address.host, allow_private=True)
    except AddressForbiddenError:
        return False
    try:
        check(address.host, allow_private=False)
    except AddressForbiddenError:
        return True
    return False


def _readable(said: bytes) -> Address | None:
    try:
        return addresses.parse(said.decode("ascii"))
    except (UnicodeDecodeError, RemoteError):
        return None


class Lan:
    """Announces a node on its LAN, and dials whom it finds there."""

    def __init__(
        self, ours: PeerId, *, listed: Sequence[Address], hold: Hold, name: str
    ) -> None:
        self._ours = ours
        self._listed = [each for each in listed if is_near(each)]
        self._text = texts_of(self._listed, ours)
        self._hold = hold
        self._name = name
        self._heard: asyncio.Queue[str] = asyncio.Queue(WAITING_MAX)
        self._tried: set[PeerId] = set()
        """Whom a link is held with, or tried, now."""

    async def keep(self, interfaces: Sequence[str] | None = None) -> None:
        """Announce and look until cancelled; on all interfaces, unless some are named.

        Raises InputError where zeroconf is not installed.
        """
        try:
            from zeroconf import InterfaceChoice  # noqa: PLC0415  # an extra
            from zeroconf.asyncio import (  # noqa: PLC0415  # the same
                AsyncServiceBrowser,
                AsyncServiceInfo,
                AsyncZeroconf,
            )
        except ImportError as error:
            raise InputError("peers.lan", "needs `pip install fabnet[lan]`") from error
        zeroconf = AsyncZeroconf(
            interfaces=[*interfaces] if interfaces else InterfaceChoice.Default
        )
        try:
            if self._text:
                info = AsyncServiceInfo(
                    SERVICE, f"{self._name}.{SERVICE}", port=_PORT,
                    properties=self._text, server=f"{self._name}.local.",
                    parsed_addresses=[each.host for each in self._listed],
                )  # fmt: skip
                await zeroconf.async_register_service(info)
            browser = AsyncServiceBrowser(
                zeroconf.zeroconf, SERVICE, handlers=[self._hear]
            )
            try:
                async with asyncio.TaskGroup() as tasks:
                    while True:
                        told = AsyncServiceInfo(SERVICE, await self._heard.get())
                        await told.async_request(zeroconf.zeroconf, ANSWER_MS)
                        # Some tell no address of their own beside it: it will do.
                        self._meet(bytes(told.text or b""), tasks)
            finally:
                await browser.async_cancel()
        finally:
            await zeroconf.async_close()

    def _hear(self, *, name: str, **_told: object) -> None:
        if name == f"{self._name}.{SERVICE}":
            return
        try:
            self._heard.put_nowait(name)
        except asyncio.QueueFull:
            logger.info("the LAN announces more than is looked at")

    def _meet(self, text: bytes, tasks: asyncio.TaskGroup) -> None:
        found = addresses_in(text)
        peers = {each.peer for each in found if each.peer is not None}
        for peer in sorted(peers - self._tried - {self._ours}):
            if len(self._tried) >= LINKS_MAX:
                logger.info("more neighbours on the LAN than links for them")
                return
            self._tried.add(peer)
            ways = [each for each in found if each.peer == peer]
            tasks.create_task(self._dial(peer, ways), name=f"lan {peer}")

    async def _dial(self, peer: PeerId, ways: Sequence[Address]) -> None:
        try:
            for address in ways:
                logger.info("the LAN says that %s is at %s", peer, address.text)
                if await self._hold(address):
                    return
        finally:
            self._tried.discard(peer)
