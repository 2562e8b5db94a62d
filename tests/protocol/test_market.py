"""What is on offer counts for its time to live, and of those vouched for."""

from __future__ import annotations

from fabnet.production import facility as facilities
from fabnet.production import machine as machines
from fabnet.production import offer as offers
from fabnet.production.capability import Capability
from fabnet.production.facility import Facility
from fabnet.production.machine import Machine
from fabnet.production.offer import CapacityOffer, FreeWindow, offer_key
from fabnet.production.place import place_at
from fabnet.protocol.community import NodeNotice
from fabnet.protocol.effects import Keep, Lower, Note
from fabnet.protocol.events import BatchHeard
from fabnet.protocol.market import Market
from fabnet.protocol.peer import Peer
from fabnet.records.body import Body
from fabnet.records.ids import FacilityId, MachineId, Now
from fabnet.records.record import Record, seal_record
from tests.protocol.minds import (
    FIRST,
    HOUR_MS,
    LOOM_ID,
    NOON_MS,
    Said,
    at_the_mill,
    key,
    knowing,
    papers,
    turn,
)

TTL_S = 600
LOOM = FacilityId("loom")
SAW = MachineId("loom/saw")
CAN = Capability("laser-cutting", ("plywood",), 1, 1, 1, 1, None, (), (), 80)


def said(kind: str, about: str, body: Body, *, seq: int = 1, by: int = 2) -> Record:
    return seal_record(
        key(by), network="test", kind=kind, incarnation=FIRST, seq=seq, prev=None,
        moment_ms=NOON_MS, about=about, body=body,
    )  # fmt: skip


def facility(ttl_s: int = TTL_S) -> Record:
    body = Facility(LOOM, "Loom", LOOM_ID, place_at(0, 0), "UTC", "24/7", 100, ttl_s)
    return said(facilities.KIND, LOOM, body)


def machine() -> Record:
    return said(
        machines.KIND, SAW, Machine(SAW, LOOM, "Saw", "S1", "idle", (CAN,), TTL_S)
    )


def offer(*, seq: int = 1, setup_s: int = 60) -> Record:
    windows = (FreeWindow(NOON_MS, NOON_MS + HOUR_MS),)
    body = CapacityOffer(
        SAW, LOOM, CAN, 1_000, setup_s, 80, windows, ("federation",), TTL_S
    )
    return said(offers.KIND, offer_key(SAW, CAN.process), body, seq=seq)


def market(*, sealed: bool = True) -> Market:
    known = knowing()
    if sealed:
        known.learn_node(key(2).public.peer, NodeNotice(LOOM_ID, b"s" * 32, 60))
    return Market(known)


def listed(*records: Record, sealed: bool = True) -> Market:
    ours = market(sealed=sealed)
    for record in records:
        ours.hear(turn(), record)
    return ours


def test_an_offer_is_listed_with_its_machine_and_its_facility() -> None:
    (found,) = listed(facility(), machine(), offer()).offered(NOON_MS)

    assert (found.facility_name, found.machine_name) == ("Loom", "Saw")
    assert found.permitted


def test_an_offer_without_its_machine_or_its_facility_is_not() -> None:
    assert listed(facility(), offer()).offered(NOON_MS) == ()
    assert listed(machine(), offer()).offered(NOON_MS) == ()


def test_nobody_is_asked_whose_sealing_key_is_unknown() -> None:
    (found,) = listed(facility(), machine(), offer(), sealed=False).offered(NOON_MS)

    assert not found.permitted


def test_r9_a_silent_workshop_drops_out_after_its_time_to_live() -> None:
    ours = listed(facility(), machine(), offer())
    assert ours.due_tick() == TTL_S * 1_000

    ours.tick(turn(TTL_S * 1_000 - 1))
    assert ours.offered(NOON_MS)
    ours.tick(turn(TTL_S * 1_000))

    assert ours.offered(NOON_MS) == ()
    assert ours.due_tick() is None


def test_whoever_speaks_again_stays() -> None:
    ours = listed(facility(10_000), machine(), offer())
    again = turn(TTL_S * 500)
    ours.hear(again, machine())
    ours.hear(again, offer(seq=2))

    ours.tick(turn(TTL_S * 1_000))

    (found,) = ours.offered(NOON_MS)
    assert found.version == 2
    assert ours.due_tick() == TTL_S * 1_500


def test_only_what_says_something_new_is_a_change() -> None:
    ours = listed(facility(), machine(), offer())
    ours.changed = False

    ours.hear(turn(), offer(seq=2))
    assert not ours.changed
    ours.hear(turn(), offer(seq=3, setup_s=61))
    assert ours.changed


def test_only_the_version_that_stands_is_current() -> None:
    ours = listed(facility(), machine(), offer(seq=2))
    them = key(2).public.peer

    assert ours.is_current(them, SAW, 2)
    assert not ours.is_current(them, SAW, 1)
    assert not ours.is_current(key(3).public.peer, SAW, 2)


def test_a_notice_that_does_not_read_lowers_its_author_and_its_story_says_so() -> None:
    mind = Peer(at_the_mill())
    them, bad = key(2).public.peer, said(offers.KIND, "x", Said("no offer"))
    now = Now(NOON_MS, 0, "boot")

    effects = mind.handle(BatchHeard(them, FIRST, 9, (*papers(), bad)), now)

    assert bad in [it.record for it in effects if isinstance(it, Keep)]
    assert [it.peer for it in effects if isinstance(it, Lower)] == [them]
    (note,) = [it for it in effects if isinstance(it, Note) and it.subject == them]
    assert note.code == "unreadable"
    assert dict(note.args)["kind"] == offers.KIND
