"""Whether the node of an invitation answers, and is who it should be."""

from __future__ import annotations

from dataclasses import dataclass

import aiohttp

from fabnet.errors import RemoteError
from fabnet.node.clock import Clock
from fabnet.node.joining.invitation import Invitation
from fabnet.node.links.auth_http import login
from fabnet.node.links.guard import client_session
from fabnet.protocol import address as addresses
from fabnet.protocol.address import authority, base_url
from fabnet.records.keys import SigningKey


@dataclass(frozen=True, slots=True)
class Answered:
    """How it went at one address."""

    address: str
    why: str
    """Why there was no login; nothing where there was one."""


async def call_on(
    invitation: Invitation, key: SigningKey, clock: Clock, *, allow_private: bool
) -> list[Answered]:
    """Log in at each address until one answers; return how each went."""
    answers: list[Answered] = []
    async with client_session(allow_private) as session:
        for text in invitation.dials:
            why = await _why_not(session, text, key, clock)
            answers.append(Answered(text, why))
            if not why:
                break
    return answers


async def _why_not(
    session: aiohttp.ClientSession, text: str, key: SigningKey, clock: Clock
) -> str:
    address = addresses.parse(text)
    try:
        await login(
            session,
            base_url(address),
            authority(address),
            key,
            address.peer,
            now_ms=lambda: clock.now().tick_ms,
            token=clock.token,
        )
    except (aiohttp.ClientError, RemoteError, TimeoutError, OSError) as error:
        return str(error) or type(error).__name__
    return ""
