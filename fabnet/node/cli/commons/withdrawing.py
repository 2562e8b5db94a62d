"""`fabnet withdraw | withdrawals`: call a design back, and see whom that touches."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from fabnet.content import cid as cids
from fabnet.content.cid import Cid
from fabnet.designs.documents.withdrawal import (
    CREDENTIAL,
    REASON_CHARS_MAX,
    SEVERITIES,
    WITHDRAWAL_BYTES_MAX,
    Severity,
    Withdrawal,
    subject_of,
    withdrawal_in,
)
from fabnet.errors import InputError, RemoteError
from fabnet.node.api.answers import (
    Created,
    Recipient,
    Recipients,
    WithdrawalAnswer,
    Withdrawals,
)
from fabnet.node.api.asks import NewWithdrawal
from fabnet.node.cli.command import Command, add_signing, add_token, call, columns, show
from fabnet.node.clock import SystemClock
from fabnet.node.founding import write
from fabnet.node.keyring import read_secret
from fabnet.node.web.sentences import moment, short
from fabnet.records.civil import rfc3339
from fabnet.records.credential import add_proof, issue, open_credential
from fabnet.records.keys import SigningKey

_SAID: Final = {
    "recall": "RECALL: make no more of it, and use no more of what was made",
    "stop": "STOP: make no more of it",
}


class Signed(msgspec.Struct, frozen=True):
    """A withdrawal that others have yet to sign."""

    revision: str
    file: str
    signed_by: list[str]


def sign(
    document: bytes | None,
    said: Withdrawal | None,
    signing: Sequence[SigningKey],
    moment_ms: int,
) -> bytes:
    """Return a withdrawal signed by each key: a new one, or one that others began.

    Raises FabnetError when what was begun says something else.
    """
    now = rfc3339(moment_ms)
    if document is None:
        if said is None:
            raise InputError("--reason", "expected what is wrong, and what to do")
        return issue(
            CREDENTIAL,
            issuer=signing[0].public.did,
            subject=subject_of(said),
            valid_from=now,
            keys=signing,
            created=now,
        )
    if said is not None and withdrawal_in(document) != said:
        raise InputError("--document", "says something else than the other words here")
    for key in signing:
        document = add_proof(document, key, now)
    return document


def _configure_withdraw(parser: ArgumentParser) -> None:
    parser.add_argument("revision", metavar="CID", help="the revision")
    parser.add_argument(
        "--reason", help=f"what is wrong, in {REASON_CHARS_MAX} letters at most"
    )
    parser.add_argument(
        "--severity",
        choices=SEVERITIES,
        help="recall: use no more of it (the default); stop: make no more of it",
    )
    parser.add_argument("--replacement", metavar="CID", help="what to make instead")
    add_signing(parser, "a rightsholder")


def _withdraw(args: Namespace) -> int:
    cid = _cid("CID", args.revision)
    begun = None if args.document is None else _read(args.document)
    if begun is not None and withdrawal_in(begun).revision != cid:
        raise InputError("--document", f"is of another revision than {cid}")
    signing = [SigningKey.from_pem(read_secret(path)) for path in args.key]
    said = None if args.reason is None else _said(args, cid)
    document = sign(begun, said, signing, SystemClock().now().moment_ms)
    if args.write is not None:
        write(args.write, document)
        by = sorted(key.did for key in open_credential(document).signers)
        told = f"written to {args.write}, signed by {len(by)}; nothing was sent"
        return show(args, Signed(cid, str(args.write), by), told)
    body = NewWithdrawal(document)
    created = call(args, lambda node: node.post("/v1/withdrawals", body, Created))
    return show(args, created, f"withdrawn: {cid}\nrecord {created.id}")


def _said(args: Namespace, cid: Cid) -> Withdrawal:
    if not 1 <= len(args.reason) <= REASON_CHARS_MAX:
        raise InputError("--reason", f"expected 1 to {REASON_CHARS_MAX} letters")
    severity: Severity = args.severity or "recall"
    instead = args.replacement and _cid("--replacement", args.replacement)
    if instead == cid:
        raise InputError("--replacement", "expected another revision")
    return Withdrawal(
        revision=cid, severity=severity, reason=args.reason, replacement=instead
    )


def _cid(field: str, text: str) -> Cid:
    try:
        return cids.parse(text)
    except RemoteError as error:
        raise InputError(field, str(error)) from error


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(WITHDRAWAL_BYTES_MAX + 1)
    except OSError as error:
        raise InputError(str(path), f"cannot be read: {error.strerror}") from error
    if len(raw) > WITHDRAWAL_BYTES_MAX:
        raise InputError(str(path), f"expected at most {WITHDRAWAL_BYTES_MAX} bytes")
    return raw


def _configure_list(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--recipients",
        metavar="CID",
        help="whom the jobs of this revision were for; takes an operator's token",
    )
    add_token(parser)


def _list(args: Namespace) -> int:
    if args.recipients is not None:
        path = f"/v1/withdrawals/{_cid('--recipients', args.recipients)}/recipients"
        found = call(args, lambda node: node.get(path, Recipients))
        return show(args, found, _people(found.recipients))
    known = call(args, lambda node: node.get("/v1/withdrawals", Withdrawals))
    told = [_told(each) for each in known.withdrawals]
    return show(args, known, "\n\n".join(told) or "no design was withdrawn")


def _told(found: WithdrawalAnswer) -> str:
    lines = [f"{found.title or 'a design'}  {found.revision}"]
    if not found.is_verified:
        lines.append("  not verified: the design is not here, so nothing makes it")
    else:
        lines.append(f"  {_SAID[found.severity]}")
        lines.append(f"  {found.reason}")
        signers = ", ".join(found.signed_by)
        lines.append(f"  signed by {signers}, {moment(found.valid_from_ms)}")
    if found.replacement is not None:
        lines.append(f"  make instead: {found.replacement}")
    rows: list[tuple[str, ...]] = [("  JOB", "HERE", "STATE", "GOOD", "ASKED BY")]
    for job in found.jobs:
        good, by = f"{job.good} of {job.pieces}", short(job.cooperative)
        rows.append((f"  {job.short_code}", job.side, job.state, good, by))
    lines.append(columns(rows, empty="  no job here used it"))
    if found.left_out:
        lines.append(f"  and {found.left_out} more")
    return "\n".join(lines)


def _people(recipients: list[Recipient]) -> str:
    rows: list[tuple[str, ...]] = [("JOB", "HERE", "GOOD", "FOR", "CONTACT")]
    for each in recipients:
        who = each.name or f"ask {short(each.cooperative)}"
        rows.append((each.short_code, each.side, str(each.good), who, each.contact))
    return columns(rows, empty="no job here used it")


COMMANDS = (
    Command(
        "withdraw",
        "call a design back, for safety",
        _configure_withdraw,
        _withdraw,
        "Sign, as its rightsholders, that a revision must not be made any more, and\n"
        "have a node carry it. Nothing takes that back: to have it made after all,\n"
        "publish a new revision. For a correction publish one, and withdraw nothing.\n"
        "\n"
        "Where several must sign and are not in one place, the first gives --write A,\n"
        "each next one --document A --write B, and the last one only --document B.",
    ),
    Command(
        "withdrawals",
        "list designs that were recalled, and the jobs here that used them",
        _configure_list,
        _list,
    ),
)
