"""What a hub holds for a node that is away, how much of it, and how long."""

from __future__ import annotations

from pathlib import Path

import pytest

from fabnet.node.clock import StillClock
from fabnet.node.links.frames import MessageFrame
from fabnet.node.links.hub import mailbox as mailboxes
from fabnet.node.links.hub.mailbox import (
    PER_RECEIVER_BYTES_MAX,
    PER_SENDER_BYTES_MAX,
    TABLE,
    TTL_MS,
    Mailbox,
)
from tests.node.door import settled
from tests.node.hubs.village import Neighbour, letter, neighbour, peer
from tests.node.storing import opened
from tests.protocol.minds import NOON_MS

pytestmark = pytest.mark.asyncio

ASKS, HUB, MAKES = 1, 2, 4
LONG = "x" * 30_000


async def attached_and_away(hub: Neighbour, makes: Neighbour) -> None:
    makes.attaches_to(hub)
    await makes.dials(hub)
    await makes.leaves()
    await settled(lambda: not hub.links.is_linked(makes.peer))


async def test_a_message_waits_until_its_recipient_comes_back(tmp_path: Path) -> None:
    async with neighbour(tmp_path, MAKES) as makes:
        async with (
            neighbour(tmp_path, HUB, is_public=True) as hub,
            neighbour(tmp_path, ASKS) as asks,
        ):
            await attached_and_away(hub, makes)
            await asks.dials(hub)
            await asks.hears_where(makes, hub)
            asks.says(MAKES, "lease?")
            await settled(lambda: len(hub.exchange.mailbox) == 1)
            asks.links.pass_on(hub.peer, again := MessageFrame("message", asks_said()))
            await settled(lambda: hub.exchange.counted["held"] == 2)
            assert len(hub.exchange.mailbox) == 1, "the same is not held twice"
            assert hub.exchange.mailbox.held_bytes == len(again.envelope)
            assert again.envelope in next(iter((await kept(hub)).values()))

        async with neighbour(tmp_path, HUB, is_public=True) as hub:
            assert len(hub.exchange.mailbox) == 1, "it outlived the hub's restart"
            await makes.dials(hub)
            await settled(lambda: makes.words() == ["lease?"])
            await settled(lambda: len(hub.exchange.mailbox) == 0)
            assert not await kept(hub)


def asks_said() -> bytes:
    return letter(ASKS, MAKES, "lease?").envelope


async def kept(hub: Neighbour) -> dict[str, bytes]:
    await hub.store.commit([], NOON_MS)
    return hub.store.rows().get(TABLE, {})


async def test_what_was_on_its_way_when_the_link_broke_is_sent_again(
    tmp_path: Path,
) -> None:
    async with (
        neighbour(tmp_path, HUB, is_public=True) as hub,
        neighbour(tmp_path, ASKS) as asks,
        neighbour(tmp_path, MAKES) as makes,
    ):
        await attached_and_away(hub, makes)
        await asks.dials(hub)
        await asks.hears_where(makes, hub)
        asks.says(MAKES, "lease?")
        await settled(lambda: len(hub.exchange.mailbox) == 1)

        await makes.dials(hub)
        await settled(lambda: makes.words() == ["lease?"])
        await makes.leaves()  # before it gave credit
        await settled(lambda: not hub.links.is_linked(makes.peer))
        assert len(hub.exchange.mailbox) == 1
        await makes.dials(hub)
        await settled(lambda: makes.words() == ["lease?", "lease?"])


async def test_quotas_and_time_bound_what_is_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = StillClock()
    async with opened(tmp_path) as store:
        mailbox = Mailbox(store, clock)

        async def fill(author: int, to: int) -> str | None:
            for seq in range(1, 100):
                why = await mailbox.put(letter(author, to, LONG, seq))
                if why is not None:
                    return why
            return None

        assert await fill(ASKS, MAKES) == "sender-full"
        assert mailbox.held_bytes <= PER_SENDER_BYTES_MAX
        assert await mailbox.put(letter(HUB, MAKES, "lease?")) is None
        assert await fill(HUB, MAKES) == "receiver-full"
        assert mailbox.held_bytes <= PER_RECEIVER_BYTES_MAX
        assert await mailbox.put(letter(5, 6, "to another")) is None
        monkeypatch.setattr(mailboxes, "HELD_BYTES_MAX", mailbox.held_bytes)
        assert await mailbox.put(letter(5, 3, "to a third")) == "mailbox-full"

        clock.moment_ms += TTL_MS - 1
        await mailbox.expire()
        assert mailbox.next(peer(MAKES)) is not None
        clock.moment_ms += 1
        await mailbox.expire()
        assert (len(mailbox), mailbox.held_bytes) == (0, 0)
        assert not store.rows().get(TABLE)
