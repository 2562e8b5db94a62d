"""Who has a hub forward without end gets so far and no further; others go on."""

from __future__ import annotations

from pathlib import Path

import pytest

from fabnet.node.links.frames import MessageFrame
from fabnet.node.links.hub.exchange import FLOOD
from fabnet.node.links.limits import tolls
from fabnet.node.links.limits.bucket import Rate
from fabnet.node.links.limits.tolls import FORWARD_RATE, PEER_RATE
from tests.node.door import settled
from tests.node.hubs.village import Neighbour, letter, neighbour

HUB, FLOODS, MAKES, ASKS = 1, 2, 3, 4
MANY = 300
FEW = Rate(burst=40, per_s=10)


def flood(sender: Neighbour, hub: Neighbour, first: int, count: int) -> None:
    for seq in range(first, first + count):
        envelope = letter(FLOODS, MAKES, f"{seq}", seq).envelope
        sender.links.pass_on(hub.peer, MessageFrame("message", envelope))


@pytest.mark.asyncio
async def test_r12_a_flood_of_messages_comes_back_and_delays_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tolls, "FORWARD_RATE", FEW)
    caplog.set_level("INFO")
    async with (
        neighbour(tmp_path, HUB, is_public=True) as hub,
        neighbour(tmp_path, FLOODS) as floods,
        neighbour(tmp_path, MAKES) as makes,
        neighbour(tmp_path, ASKS) as asks,
    ):
        makes.attaches_to(hub)
        for each in (makes, floods, asks):
            await each.dials(hub)
        await asks.hears_where(makes, hub)

        flood(floods, hub, 1, MANY)
        for number in range(1, 11):
            asks.says(MAKES, f"lease {number}?", number)
        await settled(lambda: hub.exchange.counted["returned"] == MANY - FEW.burst)
        await settled(lambda: len(makes.words()) == FEW.burst + 10)

        theirs = [words for words in makes.words() if words.startswith("lease")]
        assert theirs == [f"lease {number}?" for number in range(1, 11)]
        assert len(hub.exchange.mailbox) == 0, "what comes back is held nowhere"
        told = f"not forwarded to {makes.peer}: {FLOOD}"
        await settled(lambda: caplog.text.count(told) == MANY - FEW.burst)

        # It is no lie, and a second later there is room for a few more.
        assert hub.links.is_linked(floods.peer)
        assert not hub.links.standing.faults
        hub.clock.advance(1_000)
        flood(floods, hub, MANY + 1, 20)
        await settled(lambda: len(makes.words()) == FEW.burst + 10 + FEW.per_s)
        await settled(lambda: hub.exchange.counted["returned"] == MANY - FEW.burst + 10)


def test_what_one_peer_may_have_forwarded_is_less_than_it_may_cost_in_all() -> None:
    """So a flood of messages ends before the link does, and the log goes on."""
    assert 3 * FORWARD_RATE.burst < PEER_RATE.burst
    assert 4 * 3 * FORWARD_RATE.per_s <= PEER_RATE.per_s
