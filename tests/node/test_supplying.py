"""What a peer asks for by its places comes out of the real store, over a real link."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fabnet.node.links import frames
from fabnet.node.links.frames import Hello, Parcel, SupplyFrame
from fabnet.protocol.effects import Keep, Place, Reconcile, Supply, Void
from fabnet.protocol.events import ReconcileHeard, SupplyHeard
from fabnet.protocol.ranges.words import Look
from fabnet.records.ids import Incarnation, PeerId
from fabnet.records.record import Record
from tests.node.door import GUEST, door, hello, knock, settled
from tests.node.storing import ME, THEN, chain, keeps, notice, opened
from tests.protocol.minds import talk

AT = Incarnation(1, 2**63 - 1)
ALL = 100


def log_after(seq: int, most: int = ALL) -> Place:
    return Place(ME, AT, seq, most)


def told(records: list[Record]) -> list[tuple[bytes, bytes | None]]:
    return [(each.envelope, each.body) for each in records]


@pytest.mark.asyncio
async def test_a_log_goes_on_where_a_place_ends_and_as_far_as_is_wanted(
    tmp_path: Path,
) -> None:
    log = chain(6)
    async with opened(tmp_path) as store:
        # Kept in another order than it was said in, and beside something else.
        await store.commit(keeps([*log[3:], *log[:3], notice(1)]), THEN)

        places = [log_after(4), log_after(1, 2), Place(PeerId(""), None, 0, 1)]
        found = await store.supply(places, ALL, bytes_max=10**6)
        assert found == (3, told([log[4], log[5], log[1], log[2]]))


@pytest.mark.asyncio
async def test_an_answer_is_bounded_and_says_how_far_it_came(tmp_path: Path) -> None:
    log = chain(6)
    async with opened(tmp_path) as store:
        await store.commit(keeps(log), THEN)
        places = [log_after(4), log_after(0, 2)]

        assert await store.supply(places, 3, bytes_max=10**6) == (
            1, told([*log[4:], log[0]]),
        )  # fmt: skip
        assert await store.supply(places, 2, bytes_max=10**6) == (1, told(log[4:]))
        # One record goes always, however large: else nothing ever would.
        assert await store.supply(places, ALL, bytes_max=1) == (0, told(log[4:5]))


@pytest.mark.asyncio
async def test_of_notices_all_come_the_newest_last(tmp_path: Path) -> None:
    said = [notice(1, "press"), notice(1, "anvil"), notice(1, "lathe")]
    again = notice(2, "press")
    async with opened(tmp_path) as store:
        await store.commit([*keeps(said), Keep(again, 4, None)], THEN)

        kept = [*said[1:], again]
        for after in range(4):
            place = Place(ME, None, after, 3)
            done, found = await store.supply([place], ALL, bytes_max=10**6)
            assert (done, found) == (1, told(kept[after:]))


@pytest.mark.asyncio
async def test_what_does_not_count_is_not_sent(tmp_path: Path) -> None:
    log = chain(4)
    async with opened(tmp_path) as store:
        await store.commit([*keeps(log), Void(ME, AT, 2, onward=False)], THEN)

        assert await store.supply([log_after(0)], ALL, bytes_max=10**6) == (
            1, told(log[:2]),
        )  # fmt: skip


@pytest.mark.asyncio
async def test_a_body_is_sent_where_it_is_and_nothing_where_it_is_not(
    tmp_path: Path,
) -> None:
    whole, bare, other = chain(3)
    bare = replace(bare, body=None)
    async with opened(tmp_path) as store:
        await store.commit(keeps([whole, bare, other]), THEN)

        places = [log_after(0, 0), log_after(1, 0), log_after(2, 0)]
        found = await store.supply(places, ALL, bytes_max=10**6)
        assert found == (3, told([whole, other]))


@pytest.mark.asyncio
async def test_two_reconcile_over_a_link(tmp_path: Path) -> None:
    guest, log = GUEST.public.peer, talk(2, 3)
    look = Look("look", 7, ("a3",), b"")
    async with door(tmp_path) as at, knock(at) as socket:
        await socket.send_bytes(hello())
        await socket.send_bytes(frames.encode(look))
        parcels = tuple(Parcel(*each) for each in told(log))
        supply = SupplyFrame("supply", 9, 1, parcels)
        await socket.send_bytes(frames.encode(supply))
        await settled(lambda: at.has_heard(SupplyHeard, 1))
        assert at.heard(ReconcileHeard) == [ReconcileHeard(guest, look)]
        assert at.heard(SupplyHeard) == [SupplyHeard(guest, 9, 1, tuple(log))]

        await at.links.reconcile(Reconcile(guest, look))
        await at.links.supply(Supply(guest, 9, (log_after(0),)))
        assert isinstance(frames.decode(await socket.receive_bytes()), Hello)
        assert frames.decode(await socket.receive_bytes()) == look
        nothing = SupplyFrame("supply", 9, 1, ())
        assert frames.decode(await socket.receive_bytes()) == nothing
