"""Pages that follow the code: kinds, frames, tables, and the functions of a walk."""

from __future__ import annotations

import ast
import re

import pytest

from fabnet.cooperation import benches, charter, membership, policy, vouches
from fabnet.designs import revision
from fabnet.designs.documents import dispute, grant, withdrawal
from fabnet.node.bundle import framing
from fabnet.node.joining.invitation import InvitationBody
from fabnet.node.links import frames
from fabnet.production import facility, handoff, machine, offer, receipt, request
from fabnet.production.capability import Capability
from fabnet.production.lots import pages
from fabnet.production.place import Place
from fabnet.protocol import community
from fabnet.protocol.ranges import words
from fabnet.records.body import Body
from fabnet.records.message import MessageHeader
from fabnet.records.proofs import checkpoint
from fabnet.records.proofs.fork import ForkPair
from fabnet.records.record import Header
from tests.house.tree import PACKAGE, ROOT, parsed

PROTOCOL = (ROOT / "docs/PROTOCOL.md").read_text(encoding="utf-8")
WALK = (ROOT / "docs/WALK.md").read_text(encoding="utf-8")

KINDS: tuple[tuple[str, type[Body]], ...] = (
    (charter.KIND, charter.CharterBody),
    (membership.KIND, membership.MembershipBody),
    (vouches.KIND, vouches.VouchesBody),
    (policy.KIND, policy.PolicyBody),
    (revision.KIND, revision.RevisionBody),
    (grant.KIND, grant.GrantBody),
    (dispute.KIND, dispute.DisputeBody),
    (withdrawal.KIND, withdrawal.WithdrawalBody),
    (request.KIND, request.Request),
    (request.CLOSED_KIND, request.RequestClosed),
    (receipt.LOT_OPENED, receipt.LotOpened),
    (receipt.LOT_CLOSED, receipt.LotClosed),
    (receipt.ACCEPTANCE, receipt.Acceptance),
    (community.NODE_KIND, community.NodeNotice),
    (community.REACH_KIND, community.Reach),
    (facility.KIND, facility.Facility),
    (machine.KIND, machine.Machine),
    (offer.KIND, offer.CapacityOffer),
    (handoff.LEASE_REQUEST, handoff.LeaseRequest),
    (handoff.LEASE, handoff.Lease),
    (handoff.CONFIRM, handoff.Confirm),
    (handoff.CANCEL, handoff.Cancel),
    (handoff.RECEIPT, handoff.Receipt),
    (handoff.FINAL, handoff.Final),
    (handoff.LOST, handoff.Lost),
    (handoff.ATTEST, handoff.Attest),
    (handoff.FENCE, handoff.Fence),
    (handoff.STATUS, handoff.Status),
    (handoff.ACK, handoff.Ack),
    (benches.WRITE_OFF_KIND, benches.WriteOffBody),
    (benches.ATTESTATION_KIND, benches.AttestationBody),
    (checkpoint.KIND, checkpoint.CheckpointBody),
)
PARTS: tuple[tuple[str, type[Body]], ...] = (
    ("header", Header),
    ("message header", MessageHeader),
    ("item", request.Item),
    ("place", Place),
    ("minutes", receipt.Minutes),
    ("counted", handoff.Counted),
    ("capability", Capability),
    ("free window", offer.FreeWindow),
    ("`hello`", frames.Hello),
    ("`probe`", frames.ProbeFrame),
    ("`known`", frames.KnownFrame),
    ("`subscribe`", frames.SubscribeFrame),
    ("`batch`", frames.BatchFrame),
    ("`proofs`", frames.ProofsFrame),
    ("proof of a fork", ForkPair),
    ("`got`", frames.GotFrame),
    ("`message`", frames.MessageFrame),
    ("invitation", InvitationBody),
    ("`bundle`", framing.Head),
    ("`file`", framing.FileFrame),
    ("`piece`", framing.Piece),
    ("`end`", framing.End),
    ("`credit`", frames.CreditFrame),
    ("`returned`", frames.ReturnedFrame),
    ("`want`", frames.WantFrame),
    ("`chunk`", frames.ChunkFrame),
    ("`ranges`", words.Ranges),
    ("`look`", words.Look),
    ("`lack`", words.Lack),
    ("`supply`", frames.SupplyFrame),
    ("span", words.Span),
)

STEP = re.compile(r"`([a-z_]+(?:/[a-z_]+)*\.py)`((?:,? (?:and )?`[A-Za-z_.]+`)+)")
"""A file of the package, and the functions of it that the walk names after it."""


def fields_of(of: type[Body]) -> str:
    return ", ".join(of.__struct_fields__)


def test_the_tables_of_the_handoff_are_those_of_the_code() -> None:
    assert pages.table_markdown().strip() in PROTOCOL


@pytest.mark.parametrize(("kind", "of"), KINDS, ids=[kind for kind, _ in KINDS])
def test_every_kind_is_described_with_its_fields_in_order(
    kind: str, of: type[Body]
) -> None:
    rows = [row for row in PROTOCOL.splitlines() if row.startswith(f"| `{kind}` |")]

    assert len(rows) == 1
    assert rows[0].endswith(f"| {fields_of(of)} |"), fields_of(of)


@pytest.mark.parametrize(("name", "of"), PARTS, ids=[name for name, _ in PARTS])
def test_every_array_is_described_with_its_fields_in_order(
    name: str, of: type[Body]
) -> None:
    assert f"| {name} | {fields_of(of)} |" in PROTOCOL, fields_of(of)


def test_no_kind_is_described_that_the_code_does_not_have() -> None:
    told = set(re.findall(r"^\| `([a-z.-]+/[0-9]+)` \|", PROTOCOL, re.MULTILINE))

    assert told == {kind for kind, _ in KINDS}


def test_every_function_that_the_walk_names_is_there() -> None:
    steps = STEP.findall(WALK)
    missing = [
        f"{file}: {name}"
        for file, names in steps
        for name in re.findall(r"`([A-Za-z_.]+)`", names)
        if name not in names_in(file)
    ]

    assert len(steps) > 20
    assert not missing


def names_in(file: str) -> set[str]:
    """Return the functions, methods and classes of a file; methods by class too."""
    found: set[str] = set()
    definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    for node in parsed(PACKAGE / file).body:
        if isinstance(node, definition):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {
                f"{node.name}.{each.name}"
                for each in node.body
                if isinstance(each, definition)
            }
    return found
