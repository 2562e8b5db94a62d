"""One good body of every kind: the bad ones are these, bent."""

from __future__ import annotations

from typing import Final

from fabnet.content.cid import of_raw
from fabnet.cooperation import benches, vouches
from fabnet.cooperation import charter as charters
from fabnet.cooperation import membership as memberships
from fabnet.cooperation import policy as policies
from fabnet.cooperation.benches import AttestationBody, WriteOffBody
from fabnet.cooperation.charter import CharterBody
from fabnet.cooperation.membership import MembershipBody
from fabnet.cooperation.policy import PolicyBody
from fabnet.cooperation.vouches import VouchesBody
from fabnet.designs import revision as revisions
from fabnet.designs.documents import dispute as disputes
from fabnet.designs.documents import grant as grants
from fabnet.designs.documents import withdrawal as withdrawals
from fabnet.designs.documents.dispute import DisputeBody
from fabnet.designs.documents.grant import GrantBody
from fabnet.designs.documents.withdrawal import WithdrawalBody
from fabnet.designs.revision import RevisionBody
from fabnet.node.links import frames
from fabnet.node.links.frames import BatchFrame, GotFrame, Hello, MessageFrame, Parcel
from fabnet.production import facility as facilities
from fabnet.production import handoff as said
from fabnet.production import machine as machines
from fabnet.production import offer as offers
from fabnet.production import receipt as receipts
from fabnet.production import request as requests
from fabnet.production.capability import Capability
from fabnet.production.facility import Facility
from fabnet.production.machine import Machine
from fabnet.production.offer import CapacityOffer, FreeWindow
from fabnet.production.place import place_at
from fabnet.production.receipt import Acceptance, LotClosed, LotOpened, Minutes
from fabnet.production.request import Item, Request, RequestClosed
from fabnet.protocol.community import NODE_KIND, REACH_KIND, NodeNotice, Reach
from fabnet.protocol.ranges import words
from fabnet.records.body import Body
from fabnet.records.ids import FacilityId, Kind
from fabnet.records.message import MessageHeader
from fabnet.records.proofs import checkpoint
from fabnet.records.proofs.checkpoint import CheckpointBody
from fabnet.records.record import Header
from tests.production.samples import (
    HOUR_MS,
    MACHINE,
    MAKER,
    NOON_MS,
    OURS,
    POLICY,
    REQUESTER,
    RESTORED,
    charter_id,
    job,
    lease_request,
    record_id,
)

_MILL: Final = FacilityId("mill")
_PRINTS: Final = Capability(
    "3d-printing.fdm", ("pla",), 200_000, 200_000, 200_000, 200, None, (400,), (), 120
)
_SPENT: Final = (Minutes("machine", 60),)

RECORDS: Final[dict[str, Body]] = {
    charters.KIND: CharterBody(b"{}"),
    memberships.KIND: MembershipBody(b"{}"),
    policies.KIND: PolicyBody(b"{}"),
    vouches.KIND: VouchesBody(b"{}"),
    revisions.KIND: RevisionBody(
        of_raw(b"manifest"), 900, of_raw(b"folder"), "Coat hook", None
    ),
    grants.KIND: GrantBody(b"{}"),
    disputes.KIND: DisputeBody(b"{}"),
    withdrawals.KIND: WithdrawalBody(b"{}"),
    requests.KIND: Request(
        (Item(of_raw(b"revision"), "bracket", 3),), NOON_MS, None, "livelihood",
        "make_for_peer_at_cost", ("cost_recovery_only",), ("pla",), 5_000,
        place_at(32.3, -90.2), charter_id("c"), "d" * 64,
    ),
    requests.CLOSED_KIND: RequestClosed(job(), "cancelled", "changed my mind"),
    receipts.LOT_OPENED: LotOpened(
        job(), 1, of_raw(b"revision"), "bracket", 3, MAKER, MACHINE, NOON_MS,
        NOON_MS + HOUR_MS, POLICY,
    ),
    receipts.LOT_CLOSED: LotClosed(
        job(), 1, REQUESTER, MACHINE, 3, 0, "made", _SPENT, 90, 12_000, POLICY, b"{}"
    ),
    benches.WRITE_OFF_KIND: WriteOffBody(job(), 1, 2, b"{}"),
    benches.ATTESTATION_KIND: AttestationBody(job(), 1, b"{}"),
    receipts.ACCEPTANCE: Acceptance(job(), 1, record_id("closed"), 3, _SPENT),
    checkpoint.KIND: CheckpointBody(4_096, 4_000, 900_000, bytes(range(32))),
}  # fmt: skip

NOTICES: Final[dict[str, Body]] = {
    REACH_KIND: Reach(b"record", 3_600),
    NODE_KIND: NodeNotice(charter_id("c"), bytes(range(32)), 3_600),
    facilities.KIND: Facility(
        _MILL, "The Mill", charter_id("c"), place_at(32.3, -90.2), "Europe/Madrid",
        "Mo-Fr 09:00-18:00", 200, 3_600,
    ),
    machines.KIND: Machine(
        MACHINE, _MILL, "Prusa", "MK4", "idle", (_PRINTS,), 3_600
    ),
    offers.KIND: CapacityOffer(
        MACHINE, _MILL, _PRINTS, 1_000, 600, 120,
        (FreeWindow(NOON_MS, NOON_MS + HOUR_MS),), ("members",), 3_600,
    ),
}  # fmt: skip

MESSAGES: Final[dict[str, Body]] = {
    said.LEASE_REQUEST: lease_request(),
    said.LEASE: said.Lease(job(), 1, OURS, 600, POLICY, b"{}"),
    said.CONFIRM: said.Confirm(job(), 1, OURS, bytes(60)),
    said.CANCEL: said.Cancel(job(), 1, OURS),
    said.RECEIPT: said.Receipt(job(), 1, OURS, 2, 0, 1),
    said.FINAL: said.Final(job(), 1, OURS, 3, 0, "made", ""),
    said.ACK: said.Ack(OURS, 4),
    said.LOST: said.Lost(job(), 1, OURS, RESTORED),
    said.ATTEST: said.Attest(job(), 1, OURS, 2, 1, b"{}"),
    said.FENCE: said.Fence(RESTORED),
    said.STATUS: said.Status(RESTORED, OURS, (said.Counted(job(), 1, 2, 1),), 0),
}

FRAMES: Final[dict[str, Body]] = {
    "hello": Hello("hello", "test", b"record"),
    "subscribe": frames.SubscribeFrame("subscribe", OURS, 7, 0, bytes(16)),
    "batch": BatchFrame(
        "batch", OURS, 7, (Parcel(b"envelope", b"body"),), (record_id("first"),)
    ),
    "got": GotFrame("got", 7, (MAKER,)),
    "probe": frames.ProbeFrame("probe"),
    "known": frames.KnownFrame("known", (b"envelope",)),
    "message": MessageFrame("message", b"envelope"),
    "credit": frames.CreditFrame("credit", 7),
    "returned": frames.ReturnedFrame("returned", REQUESTER, "receiver-full"),
    "want": frames.WantFrame("want", of_raw(b"pie"), 7),
    "chunk": frames.ChunkFrame("chunk", of_raw(b"pie"), 7, 10, b"pie"),
    "ranges": words.Ranges(
        "ranges", 7, OURS, 9, (words.Span("a3", None, bytes(8) + b"\x05tag"),)
    ),
    "look": words.Look("look", 7, ("a3",), bytes(8) + b"\x05tag"),
    "lack": words.Lack("lack", 7, bytes(8) + b"\x05\x02"),
    "supply": frames.SupplyFrame("supply", 7, 1, (Parcel(b"envelope", b"body"),)),
}

HEADERS: Final[dict[str, Body]] = {
    "header": Header(
        Kind("talk/1"), MAKER, OURS, 2, record_id("first"), NOON_MS, "it", bytes(32), 0
    ),
    "message header": MessageHeader(
        Kind("talk/1"), MAKER, REQUESTER, OURS, OURS, 1, NOON_MS, b"body"
    ),
}
