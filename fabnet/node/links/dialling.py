"""Dialling out: log in at a peer by its id, and hold a link, again and again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

import aiohttp
import msgspec

from fabnet.errors import LimitError, MalformedError, RemoteError
from fabnet.node.clock import Clock
from fabnet.node.links.auth_http import Login, login, tls_name
from fabnet.node.links.frames import FRAME_BYTES_MAX
from fabnet.node.links.link import Link
from fabnet.node.links.links import Links
from fabnet.node.links.public import WELL_KNOWN, WS_PATH
from fabnet.protocol.address import Address, authority, base_url
from fabnet.protocol.voice import Identity

logger = logging.getLogger(__name__)

RETRY_S: Final = 1
"""The first wait after a link was lost or not got; doubled each time."""
RETRY_S_MAX: Final = 300
KNOWN_BYTES_MAX: Final = 16_384
"""Bytes that are read of the protocols that a peer speaks; ours are 800."""
DIAL_S_MAX: Final = 20
"""How long one attempt may take."""


class Dialler:
    """Keeps links to the peers that the operator named."""

    def __init__(
        self,
        identity: Identity,
        *,
        links: Links,
        session: aiohttp.ClientSession,
        clock: Clock,
    ) -> None:
        self._identity = identity
        self.links = links
        self._session = session
        self._clock = clock
        self._logins: dict[Address, Login] = {}

    async def keep(self, address: Address) -> None:
        """Hold a link to the peer at `address`; try again for ever."""
        wait_s = RETRY_S
        while True:
            peer = address.peer
            if peer is not None and self.links.is_linked(peer):
                # It dialled us; look again later, in case that link goes.
                wait_s = RETRY_S
            elif peer is not None and self.links.standing.why_not(peer) is not None:
                # Blocked or shut out: that may end.
                wait_s = RETRY_S_MAX
            elif await self.hold(address):
                wait_s = RETRY_S
            else:
                wait_s = min(wait_s * 2, RETRY_S_MAX)
            await asyncio.sleep(wait_s)

    async def log_in(self, address: Address) -> Login:
        """Return a login at `address` that still counts; may raise as `login` does."""
        held = self._logins.get(address)
        if held is not None and held.expires_ms > self._tick_ms():
            return held
        fresh = await login(
            self._session,
            base_url(address),
            authority(address),
            self._identity.key,
            address.peer,
            now_ms=self._tick_ms,
            token=self._clock.token,
        )
        self._logins[address] = fresh
        return fresh

    async def speaks(self, address: Address, protocol: str) -> bool:
        """Whether the peer at `address` says that it speaks `protocol`.

        Raise RemoteError, aiohttp.ClientError, TimeoutError or OSError when it does
        not say.
        """
        host = authority(address)
        asked = self._session.get(
            base_url(address) + WELL_KNOWN,
            headers={"Host": host},
            server_hostname=tls_name(host),
            allow_redirects=False,
        )
        raw = b""
        async with asyncio.timeout(DIAL_S_MAX), asked as response:
            if response.status != 200:
                raise MalformedError(f"{host}: {WELL_KNOWN}: {response.status}")
            async for piece in response.content.iter_any():
                raw += piece
                if len(raw) > KNOWN_BYTES_MAX:
                    raise LimitError(f"{host}: {WELL_KNOWN}: over {KNOWN_BYTES_MAX} B")
        try:
            return protocol in msgspec.json.decode(raw, type=dict[str, object])
        except msgspec.DecodeError as error:
            raise MalformedError(f"{host}: {WELL_KNOWN}: {error}") from error

    def forget(self, address: Address) -> None:
        """Log in anew next time: the peer no longer takes what we hold."""
        self._logins.pop(address, None)

    async def hold(
        self, address: Address, fits: Callable[[str], bool] | None = None
    ) -> bool:
        """Hold one link until it ends; false when there was none to be had.

        A peer that is blocked or shut out is not dialled. `fits` is asked about the
        IP address that was reached.
        """
        if address.peer and self.links.standing.why_not(address.peer) is not None:
            return False
        try:
            async with asyncio.timeout(DIAL_S_MAX):
                granted = await self.log_in(address)
                host = authority(address)
                socket = await self._session.ws_connect(
                    base_url(address) + WS_PATH,
                    headers={"Authorization": granted.bearer, "Host": host},
                    server_hostname=tls_name(host),
                    autoping=False,
                    max_msg_size=FRAME_BYTES_MAX,
                    compress=0,
                )
        except (aiohttp.ClientError, RemoteError, TimeoutError, OSError) as error:
            logger.info("no link at %s: %s", address.text, error)
            self.forget(address)
            return False
        reached = socket.get_extra_info("peername")
        if fits is not None and reached and not fits(str(reached[0])):
            logger.info("too many links lead to where %s is", address.text)
            await socket.close()
            return False
        await self.links.serve(
            Link(socket, peer=granted.peer, dialler=self._identity.peer)
        )
        return True

    def _tick_ms(self) -> int:
        return self._clock.now().tick_ms
