"""`fabnet dispute`: say that a grant was not its signers' to give, or take it back."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from fabnet.content import cid as cids
from fabnet.designs.documents.dispute import (
    CREDENTIAL,
    KIND,
    Dispute,
    dispute_subject,
    open_dispute,
)
from fabnet.node.api.answers import Created
from fabnet.node.api.asks import NewDocument
from fabnet.node.cli.command import Command, add_token, call, show
from fabnet.node.clock import SystemClock
from fabnet.node.keyring import read_secret
from fabnet.records.civil import rfc3339
from fabnet.records.credential import document_id, issue, strict_loads
from fabnet.records.ids import CharterId, DocumentId
from fabnet.records.keys import SigningKey


class Raised(Created):
    """A dispute that is carried, or taken back."""

    document: str
    """Its id, by which it is taken back."""


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument("revision", metavar="REVISION", help="the design's CID")
    parser.add_argument("grant", metavar="GRANT", help="the grant's id: sha256:…")
    parser.add_argument("--reason", required=True, help="why, for everybody to read")
    parser.add_argument(
        "--key",
        type=Path,
        action="append",
        required=True,
        help="PEM key of a steward or rightsholder; repeat for a quorum",
    )
    parser.add_argument(
        "--charter", help="the cooperative that disputes; left out, a rightsholder does"
    )
    parser.add_argument("--retract", metavar="DISPUTE", help="take this one back")
    add_token(parser)


def _run(args: Namespace) -> int:
    dispute = Dispute(
        revision=cids.parse(args.revision),
        grant=DocumentId(args.grant),
        reason=args.reason,
        charter=None if args.charter is None else CharterId(args.charter),
        retracts=None if args.retract is None else DocumentId(args.retract),
    )
    keys = [SigningKey.from_pem(read_secret(path)) for path in args.key]
    now = rfc3339(SystemClock().now().moment_ms)
    signed = issue(
        CREDENTIAL,
        issuer=keys[0].public.did,
        subject=dispute_subject(dispute),
        valid_from=now,
        keys=keys,
        created=now,
    )
    open_dispute(signed)  # names the field that nobody could read
    body = NewDocument(KIND, signed)
    written = call(args, lambda node: node.post("/v1/documents", body, Created))
    raised = Raised(written.id, document_id(strict_loads(signed)))
    verb = "disputed" if dispute.retracts is None else "taken back"
    return show(args, raised, f"{verb}: {raised.document}")


COMMAND = Command(
    "dispute",
    "hold that a licence grant was not its signers' to give",
    _configure,
    _run,
    "Dispute a licence grant, as a quorum of a cooperative's stewards or as one of\n"
    "the design's rightsholders. Wherever this is heard the grant allows nothing by\n"
    "itself, until whoever disputed it takes that back with --retract.",
)
