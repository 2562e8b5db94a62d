"""`fabnet federate`: found a federation of cooperatives."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

import msgspec

from fabnet.cooperation.charter import DOCUMENT_KIND, Charter, lineage_of
from fabnet.errors import FabnetError, InputError
from fabnet.node import founding
from fabnet.node.cli.command import Command, add_json, show
from fabnet.node.cli.federation import papers
from fabnet.node.clock import SystemClock
from fabnet.records.civil import rfc3339
from fabnet.records.credential import open_credential
from fabnet.records.ids import CharterId
from fabnet.records.keys import PublicKey

SEATS_MIN = 2


class Federated(msgspec.Struct, frozen=True):
    """A federation's charter, which may need more signatures."""

    federation: str
    file: str
    lacks: int
    """How many stewards have yet to sign."""


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument("--name", required=True, help="of the federation")
    parser.add_argument(
        "--seat",
        metavar="CHARTER",
        type=Path,
        action="append",
        required=True,
        help="a founding cooperative's charter, whose steward sits in it; repeat",
    )
    parser.add_argument(
        "--quorum",
        type=int,
        required=True,
        help="how many of the stewards it takes to let a member in",
    )
    papers.add_keys(parser)
    add_json(parser)


def _run(args: Namespace) -> int:
    seats = [_seat(path) for path in args.seat]
    if len(dict(seats)) < len(seats) or len(seats) < SEATS_MIN:
        raise InputError("--seat", f"expected {SEATS_MIN} cooperatives or more")
    if not 1 <= args.quorum <= len(seats):
        raise InputError("--quorum", f"expected 1 to {len(seats)}, as there are seats")
    stewards = {key for _, key in seats}
    keys = papers.keys_of(args.key, stewards)
    moment_ms = SystemClock().now().moment_ms
    document = founding.begun_federation(
        args.name, seats, keys, membership_quorum=args.quorum, moment_ms=moment_ms
    )
    if args.document is not None:
        begun = papers.read("--document", args.document)
        _same(begun, document)
        document = papers.signed_too(begun, keys, rfc3339(moment_ms))
    founding.write(args.write, document)
    lacks = papers.lacks(document, stewards, len(seats))
    federation = lineage_of(document)
    assert federation is not None, "it was signed here"
    told = [f"federation   {federation}"]
    if lacks:
        told.append(f"{lacks} more of its stewards must sign: --document {args.write}")
    else:
        told.append(f"founded      {args.write}: each member carries it")
        told.append(f"             and trusts {federation}")
    answer = Federated(federation, str(args.write), lacks)
    return show(args, answer, "\n".join(told))


def _seat(path: Path) -> tuple[CharterId, PublicKey]:
    charter: Charter = papers.charter_at("--seat", [path])
    if charter.actor_kind != "cooperative":
        raise InputError("--seat", f"{path}: {charter.name} is no cooperative")
    if len(charter.steward_keys) != 1:
        many = len(charter.steward_keys)
        raise InputError("--seat", f"{path}: expected one steward, and it has {many}")
    return charter.id, next(iter(charter.steward_keys))


def _same(begun: bytes, meant: bytes) -> None:
    """Raise InputError unless what others began says what is meant here."""
    try:
        said = open_credential(begun, kind=DOCUMENT_KIND).subject
    except FabnetError as error:
        raise InputError("--document", f"is no charter: {error}") from error
    if said != open_credential(meant).subject:
        raise InputError("--document", "says something else than the words here")


COMMAND = Command(
    "federate",
    "found a federation of cooperatives, with their stewards",
    _configure,
    _run,
    "Write the charter of a federation in which each cooperative's steward sits.\n"
    "All of them sign it: where they are not in one place, each next one says the\n"
    "same words again, and takes what was written as --document.",
)
