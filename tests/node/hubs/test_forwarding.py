"""Messages to a node that nobody can dial, by way of its hubs."""

from __future__ import annotations

from pathlib import Path

import pytest

from fabnet.node.links import frames
from fabnet.node.links.frames import CREDIT_MAX, CreditFrame, MessageFrame
from fabnet.node.links.hub.exchange import NOT_ATTACHED, NOT_YOURS, STRANGER
from tests.node.door import settled
from tests.node.hubs.village import letter, neighbour

pytestmark = pytest.mark.asyncio

ASKS, HUB, OTHER_HUB, MAKES, STRANGER_NODE = 1, 2, 3, 4, 9


async def test_two_that_nobody_can_dial_speak_by_way_of_a_hub(tmp_path: Path) -> None:
    async with (
        neighbour(tmp_path, HUB, is_public=True) as hub,
        neighbour(tmp_path, ASKS) as asks,
        neighbour(tmp_path, MAKES) as makes,
    ):
        for each in (asks, makes):
            each.attaches_to(hub)
            await each.dials(hub)
        await asks.hears_where(makes, hub)
        await makes.hears_where(asks, hub)

        asks.says(MAKES, "lease?")
        await settled(lambda: makes.words() == ["lease?"])
        makes.says(ASKS, "lease")
        await settled(lambda: asks.words() == ["lease"])

        assert not hub.words(), "the hub takes nothing that is not its own"
        assert hub.exchange.counted == {"forwarded": 2}


async def test_when_a_hub_dies_the_repetition_goes_by_the_other(tmp_path: Path) -> None:
    async with (
        neighbour(tmp_path, HUB, is_public=True) as hub,
        neighbour(tmp_path, OTHER_HUB, is_public=True) as other,
        neighbour(tmp_path, ASKS) as asks,
        neighbour(tmp_path, MAKES) as makes,
    ):
        makes.attaches_to(hub, other)
        for each in (asks, makes):
            await each.dials(hub)
            await each.dials(other)
        await asks.hears_where(makes, hub, other)

        await hub.leaves()
        await settled(lambda: not asks.links.is_linked(hub.peer))
        asks.says(MAKES, "lease?")
        await settled(lambda: makes.words() == ["lease?"])


async def test_a_hub_that_forwards_to_nobody_costs_one_repetition(
    tmp_path: Path,
) -> None:
    async with (
        neighbour(tmp_path, HUB, is_public=True) as withholds,
        neighbour(tmp_path, OTHER_HUB, is_public=True) as other,
        neighbour(tmp_path, ASKS) as asks,
        neighbour(tmp_path, MAKES) as makes,
    ):
        await makes.dials(other)
        await asks.dials(other)
        await asks.dials(withholds)
        await asks.hears_where(makes, withholds, other)

        for _ in range(2):
            asks.says(MAKES, "lease?")
        await settled(lambda: makes.words() == ["lease?"])
        assert withholds.exchange.counted == {"returned": 1}


async def test_what_a_hub_does_not_forward_comes_back_with_a_reason(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    async with (
        neighbour(tmp_path, HUB, is_public=True) as hub,
        neighbour(tmp_path, ASKS) as asks,
        neighbour(tmp_path, STRANGER_NODE) as stranger,
    ):
        await asks.dials(hub)
        await stranger.dials(hub)
        for sender, author in ((asks, ASKS), (asks, MAKES), (stranger, STRANGER_NODE)):
            envelope = letter(author, OTHER_HUB, "lease?").envelope
            sender.links.pass_on(hub.peer, MessageFrame("message", envelope))
        await settled(lambda: hub.exchange.counted["returned"] == 3)
        await settled(lambda: caplog.text.count("not forwarded") == 3)

    for why in (NOT_ATTACHED, NOT_YOURS, STRANGER):
        assert caplog.text.count(f": {why}") == 1


async def test_a_peer_that_takes_nothing_fills_its_own_box_and_no_other(
    tmp_path: Path,
) -> None:
    async with (
        neighbour(tmp_path, HUB, is_public=True) as hub,
        neighbour(tmp_path, ASKS) as asks,
        neighbour(tmp_path, MAKES) as slow,
        neighbour(tmp_path, 5) as quick,
    ):
        slow.exchange.down(hub.peer)
        for each in (slow, quick):
            each.attaches_to(hub)
            await each.dials(hub)
            await asks.hears_where(each, hub)
        slow.exchange.down(hub.peer)  # it takes what comes, and gives no credit for it
        await asks.dials(hub)

        for seq in range(1, CREDIT_MAX + 6):
            asks.says(MAKES, f"{seq}", seq)
        asks.says(5, "lease?")
        await settled(lambda: quick.words() == ["lease?"])

        assert len(slow.words()) == CREDIT_MAX
        assert len(hub.exchange.mailbox) == 5
        slow.exchange.up(hub.peer)
        slow.links.pass_on(hub.peer, CreditFrame("credit", 10))
        await settled(lambda: len(slow.words()) == CREDIT_MAX + 5)
        assert slow.words() == [f"{seq}" for seq in range(1, CREDIT_MAX + 6)]


async def test_a_long_talk_goes_on_as_credit_is_given(tmp_path: Path) -> None:
    async with (
        neighbour(tmp_path, HUB, is_public=True) as hub,
        neighbour(tmp_path, ASKS) as asks,
        neighbour(tmp_path, MAKES) as makes,
    ):
        makes.attaches_to(hub)
        await makes.dials(hub)
        await asks.dials(hub)
        await asks.hears_where(makes, hub)

        said = [f"{seq}" for seq in range(1, 5 * CREDIT_MAX)]
        for seq, words in enumerate(said, start=1):
            asks.says(MAKES, words, seq)
        await settled(lambda: len(makes.words()) == len(said))

        assert makes.words() == said, "in the order they were said"
        await settled(lambda: len(hub.exchange.mailbox) == 0)


async def test_credit_for_what_was_never_sent_ends_the_link(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        neighbour(tmp_path, HUB, is_public=True) as hub,
        neighbour(tmp_path, MAKES) as liar,
    ):
        await liar.dials(hub)
        liar.links.pass_on(hub.peer, CreditFrame("credit", 1))
        await settled(lambda: not hub.links.is_linked(liar.peer))

    assert "credit: 1, of 0 sent" in caplog.text
    assert frames.encode(CreditFrame("credit", 1)) == b"\x92\xa6credit\x01"
