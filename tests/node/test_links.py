"""The public port against a peer that logs in honestly and then does not behave."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import aiohttp
import pytest

from fabnet.node.links import frames
from fabnet.node.links.frames import Hello
from fabnet.node.links.limits.standing import FAULTS_MAX, SHUT_OUT_MS
from fabnet.node.links.public import WS_PATH
from fabnet.protocol.effects import Compare, SendProofs
from fabnet.protocol.events import BatchHeard, LinkDown, LinkUp, ProofsHeard
from fabnet.records.ids import PeerId
from tests.node.door import GUEST, batch, closed, door, hello, knock, said, settled
from tests.protocol.minds import Said, key, log, proof, talk

pytestmark = pytest.mark.asyncio


def lies() -> dict[str, bytes | str]:
    """Everything that a peer should know to be wrong."""
    true, other = said("good day"), said("good night")
    whole = batch(true.envelope, true.body)
    deep = b"\x93\xa5batch" + b"\x91" * 40 + b"\xc0" + b"\x01"
    # The same protobuf fields in another order, under the same signature.
    turned = true.envelope[38:] + true.envelope[:38]
    return {
        "truncated": whole[:-1],
        "oversized": whole + bytes(frames.FRAME_BYTES_MAX),
        "deep": deep,
        "not canonical": b"\xdc\x00\x05" + whole[1:],
        "no frame of ours": b"\x91\xa4sing",
        "text": "good day",
        "wrongly signed": batch(true.envelope[:-1] + b"\0", true.body),
        "another body": batch(true.envelope, other.body),
        "re-encoded": batch(turned, true.body),
        "another network": hello(network="elsewhere"),
        "another's address": hello(whose=key(8)),
    }


@pytest.mark.parametrize("name", lies())
async def test_a_lie_ends_the_link_lowers_its_teller_and_reaches_no_mind(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    lie = lies()[name]
    async with door(tmp_path) as ours, knock(ours) as socket:
        if isinstance(lie, str):
            await socket.send_str(lie)
        else:
            await socket.send_bytes(lie)
        await closed(socket)
        await settled(lambda: bool(ours.heard(LinkDown)))

    assert ours.told == [LinkDown(GUEST.public.peer)]
    assert "fault 1" in caplog.text


async def test_an_honest_peer_is_heard(tmp_path: Path) -> None:
    record = said("good day")
    async with door(tmp_path) as ours, knock(ours) as socket:
        await socket.send_bytes(hello())
        await socket.send_bytes(batch(record.envelope, record.body))
        await settled(lambda: len(ours.told) == 2)
        assert ours.links.peers() == [GUEST.public.peer]

    (up, heard) = ours.told[:2]
    assert up == LinkUp(GUEST.public.peer)
    assert isinstance(heard, BatchHeard)
    assert heard.records == (record,)


async def test_who_lies_too_often_is_shut_out_for_a_while_and_then_let_in(
    tmp_path: Path,
) -> None:
    peer: PeerId = GUEST.public.peer
    async with door(tmp_path) as ours:
        for count in range(1, FAULTS_MAX + 1):
            assert not ours.links.standing.is_shut_out(peer)
            async with knock(ours) as socket:
                await socket.send_bytes(b"\xc1")
                await closed(socket)
            await settled(partial(ours.has_heard, LinkDown, count))
        assert ours.links.standing.is_shut_out(peer)
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with knock(ours):
                pass
        assert refused.value.status == 403

        async with knock(ours, key(9)) as other:
            await other.send_bytes(hello(whose=key(9)))
            await settled(lambda: bool(ours.heard(LinkUp)))

        ours.clock.advance(SHUT_OUT_MS)
        async with knock(ours) as socket:
            await socket.send_bytes(hello())
            await settled(lambda: len(ours.heard(LinkUp)) == 2)


async def test_without_a_login_there_is_no_link(tmp_path: Path) -> None:
    async with door(tmp_path) as ours, aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(f"http://{ours.host}{WS_PATH}")

    assert refused.value.status == 401
    assert not ours.told


async def test_proofs_go_over_a_link_both_ways(tmp_path: Path) -> None:
    (one,), (other,) = talk(2, 1), log(2, ("talk/1", Said("otherwise")))
    fork = proof(one, other)
    async with door(tmp_path) as at, knock(at) as socket:
        await socket.send_bytes(hello())
        await socket.send_bytes(
            frames.encode(frames.ProofsFrame("proofs", (fork.pair,)))
        )
        await settled(lambda: at.has_heard(ProofsHeard, 1))
        assert at.heard(ProofsHeard) == [ProofsHeard(GUEST.public.peer, (fork,))]

        at.links.prove(SendProofs(GUEST.public.peer, (fork.pair,)))
        assert isinstance(frames.decode(await socket.receive_bytes()), Hello)
        told = frames.decode(await socket.receive_bytes())
        assert told == frames.ProofsFrame("proofs", (fork.pair,))

        compared = await at.links.compare(Compare((one,)))
        assert compared.found == ((one, None),), "nothing is kept here"
