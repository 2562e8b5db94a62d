"""Whom the node finds on its own LAN, and dials."""

from __future__ import annotations

from fabnet.node.config import Config
from fabnet.node.joining.lan import Lan
from fabnet.node.links.dialling import Dialler
from fabnet.node.links.links import Links
from fabnet.node.shell import Shell
from fabnet.protocol import address as addresses


async def keep_near(
    config: Config, shell: Shell, links: Links, dialler: Dialler
) -> None:
    """Announce the node on its LAN and dial whom it finds, until cancelled."""
    listed = [addresses.parse(text) for text in config.listen.addresses]
    name = shell.clock.token(16).hex()  # tells nobody who or what this is

    async def hold(address: addresses.Address) -> bool:
        # It may have dialled us; one link is enough.
        is_linked = address.peer is not None and links.is_linked(address.peer)
        return is_linked or await dialler.hold(address)

    await Lan(shell.identity.peer, listed=listed, hold=hold, name=name).keep()
