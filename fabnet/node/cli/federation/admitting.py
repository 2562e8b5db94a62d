"""`fabnet admit`: sign that a cooperative is a member of a federation."""

from __future__ import annotations

import re
from argparse import ArgumentParser, Namespace
from difflib import get_close_matches
from pathlib import Path
from typing import Final, get_args

import msgspec

from fabnet.cooperation.charter import Charter, lineage_of, named_in
from fabnet.cooperation.membership import (
    DOCUMENT_KIND,
    FACTS_MAX,
    ActorType,
    open_membership,
)
from fabnet.designs.licence.terms import table
from fabnet.errors import FabnetError, InputError
from fabnet.node import founding
from fabnet.node.cli.command import Command, add_json, show
from fabnet.node.cli.federation import papers
from fabnet.node.clock import SystemClock
from fabnet.node.web.sentences import moment
from fabnet.records.civil import rfc3339
from fabnet.records.credential import open_credential
from fabnet.records.ids import CharterId
from fabnet.records.refusal import Refusal

_CHARTER: Final = re.compile(r"sha256:[0-9a-f]{64}")


class Signed(msgspec.Struct, frozen=True):
    """A membership, which may need more signatures."""

    member: str
    federation: str
    actor_type: str
    facts: list[str]
    file: str
    lacks: int
    """How many stewards have yet to sign."""


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument(
        "member",
        metavar="MEMBER",
        help="who is let in: the charter id that its `join` said, or the file of it",
    )
    parser.add_argument(
        "--federation",
        type=Path,
        action="append",
        required=True,
        help="the federation's charter; repeat for each version, the first one first",
    )
    parser.add_argument(
        "--actor-type", choices=get_args(ActorType), help="what it is to licences"
    )
    parser.add_argument(
        "--fact",
        action="append",
        default=[],
        help="what holds of it, such as worker_owned; repeat for each",
    )
    papers.add_keys(parser)
    add_json(parser)


def _run(args: Namespace) -> int:
    federation = papers.charter_at("--federation", args.federation)
    if federation.actor_kind != "federation":
        raise InputError("--federation", f"{federation.name} is no federation")
    member = _member(args.member)
    keys = papers.keys_of(args.key, federation.steward_keys)
    moment_ms = SystemClock().now().moment_ms
    if args.document is None:
        if args.actor_type is None:
            raise InputError("--actor-type", "is needed to begin a membership")
        document = founding.membership(
            member,
            federation.id,
            actor_type=args.actor_type,
            facts=_facts(args.fact),
            stewards=keys,
            moment_ms=moment_ms,
        )
    else:
        begun = papers.read("--document", args.document)
        _same(begun, member, federation, args)
        document = papers.signed_too(begun, keys, rfc3339(moment_ms))
    founding.write(args.write, document)
    return _tell(args, document, member, federation)


def _tell(
    args: Namespace, document: bytes, member: CharterId, federation: Charter
) -> int:
    needed = federation.membership_quorum
    lacks = papers.lacks(document, federation.steward_keys, needed)
    said = open_credential(document)
    actor, facts = said.subject["actorType"], said.subject["facts"]
    assert isinstance(facts, list)
    listed = [str(fact) for fact in facts]
    until_ms = said.valid_until_ms
    assert until_ms is not None, "every membership ends"
    told = [
        f"member       {member}",
        f"federation   {federation.name}, {federation.id}",
        f"is           {', '.join([str(actor), *listed])}",
        f"until        {moment(until_ms)}",
    ]
    if lacks:
        told.append(f"{lacks} more of its stewards must sign: --document {args.write}")
    else:
        assert not isinstance(open_membership(document, federation), Refusal)
        told.append(
            f"signed       give {args.write} to the member, for its memberships"
        )
    answer = Signed(member, federation.id, str(actor), listed, str(args.write), lacks)
    return show(args, answer, "\n".join(told))


def _member(text: str) -> CharterId:
    """Return the charter that a word names: its id, or the file it lies in."""
    if _CHARTER.fullmatch(text):
        return CharterId(text)
    path = Path(text)
    found = lineage_of(papers.read("MEMBER", path)) if path.is_file() else None
    if found is None:
        expected = "expected a charter id, sha256: and 64 hex, or a charter's file"
        raise InputError("MEMBER", f"{expected}, got {text[:80]!r}")
    return found


def _facts(given: list[str]) -> list[str]:
    """Return facts that licences ask for, each once; or raise InputError."""
    known = table().predicates
    for fact in given:
        if fact not in known:
            near = get_close_matches(fact, known, n=1, cutoff=0)
            raise InputError(
                "--fact", f"{fact[:60]}: no licence asks for it; {near[0]}?"
            )
    facts = sorted(set(given))
    if len(facts) > FACTS_MAX:
        raise InputError("--fact", f"expected at most {FACTS_MAX}")
    return facts


def _same(
    begun: bytes, member: CharterId, federation: Charter, args: Namespace
) -> None:
    """Raise InputError unless what others began says what is meant here."""
    try:
        said = open_credential(begun, kind=DOCUMENT_KIND).subject
    except FabnetError as error:
        raise InputError("--document", f"is no membership: {error}") from error
    if named_in(begun, "federation") != federation.id:
        raise InputError("--document", "is of another federation")
    if said.get("member") != member:
        raise InputError("--document", f"is of another member, {said.get('member')}")
    meant = {"actorType": args.actor_type, "facts": _facts(args.fact) or None}
    for name, value in meant.items():
        if value is not None and said.get(name) != value:
            raise InputError("--document", f"says something else: {name} {said[name]}")


COMMAND = Command(
    "admit",
    "sign that a cooperative is a member of your federation",
    _configure,
    _run,
    "Write a membership for a year, signed by stewards of the federation. Whoever\n"
    "trusts the federation then works with the member; sign it again before it ends.\n"
    "\n"
    "Where several must sign and are not in one place, each next one takes what was\n"
    "written as --document. What is signed cannot be taken back before its end.",
)
