"""`fabnet attest | write-off`: sign for what lies on a bench, or that nobody knows."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

import msgspec

from fabnet.cooperation.benches import (
    ATTESTATION,
    REASON_CHARS_MAX,
    WRITE_OFF,
    attestation_subject,
    write_off_subject,
)
from fabnet.errors import InputError
from fabnet.node.api.answers import Created, JobAnswer, LotAnswer, NodeAnswer
from fabnet.node.api.doubts.answers import (
    DoubtAnswer,
    Doubts,
    NewAttestation,
    NewWriteOff,
)
from fabnet.node.api.doubts.papers import EPOCH_DIGITS_MAX, LETTERS_MIN
from fabnet.node.cli.command import Command, add_signing, call, show
from fabnet.node.client import Client
from fabnet.node.clock import SystemClock
from fabnet.node.founding import write
from fabnet.node.keyring import read_secret
from fabnet.production.handoff import COUNT_BYTES_MAX
from fabnet.records.civil import rfc3339
from fabnet.records.credential import Json, add_proof, issue, open_credential
from fabnet.records.keys import SigningKey

Subject = Mapping[str, Json]


class Signed(msgspec.Struct, frozen=True):
    """A document that others have yet to sign."""

    job: str
    epoch: int
    file: str
    signed_by: list[str]


def sign(
    document: bytes | None, kind: str, subject: Subject, keys: Sequence[SigningKey]
) -> bytes:
    """Return a document signed by each key: a new one, or one that others began.

    Raises FabnetError when what was begun is no such document, or says something else.
    """
    now = rfc3339(SystemClock().now().moment_ms)
    if document is None:
        return issue(
            kind,
            issuer=keys[0].public.did,
            subject=dict(subject),
            valid_from=now,
            keys=keys,
            created=now,
        )
    said = open_credential(document, kind=kind).subject
    if said != subject:
        differs = sorted(name for name in said if said.get(name) != subject.get(name))
        told = ", ".join(f"{name} {said[name]}" for name in differs)
        raise InputError("--document", f"says something else: {told or 'more'}")
    for key in keys:
        document = add_proof(document, key, now)
    return document


# ------------------------------------------------------------------ attest


def _configure_attest(parser: ArgumentParser) -> None:
    parser.add_argument("lot", metavar="JOB/EPOCH", help="as `fabnet doubts` names it")
    parser.add_argument(
        "--good", type=int, required=True, help="good pieces of it that there are"
    )
    parser.add_argument(
        "--scrap", type=int, required=True, help="spoilt pieces of it that there are"
    )
    _configure_signing(parser)


def _attest(args: Namespace) -> int:
    doubts, node = call(args, _waiting)
    doubt = _the_doubt(doubts.doubts, args.lot)
    subject = attestation_subject(
        job=doubt.job,
        epoch=doubt.epoch,
        site=node.peer,
        good=_pieces("--good", args.good),
        scrap=_pieces("--scrap", args.scrap),
    )
    document = sign(_begun(args), ATTESTATION, subject, _keys(args))
    if args.write is not None:
        return _written(args, doubt.job, doubt.epoch, document)
    path = f"/v1/lots/{doubt.job}/{doubt.epoch}/attestation"
    body = NewAttestation(document)
    created = call(args, lambda node: node.post(path, body, Created))
    told = f"attested: {args.good} good, {args.scrap} scrap\nrecord {created.id}"
    return show(args, created, told)


async def _waiting(node: Client) -> tuple[Doubts, NodeAnswer]:
    return (
        await node.get("/v1/doubts", Doubts),
        await node.get("/v1/node", NodeAnswer),
    )


def _the_doubt(doubts: Sequence[DoubtAnswer], lot: str) -> DoubtAnswer:
    """Return the bench to be counted that JOB/EPOCH names."""
    job, epoch = _lot(lot)
    waiting = [it for it in doubts if it.kind == "bench-unknown" and it.epoch == epoch]
    found = [it for it in waiting if it.job == job or it.short_code.startswith(job)]
    if len(found) != 1:
        raise InputError("JOB/EPOCH", "names no bench that is to be counted here")
    return found[0]


# ------------------------------------------------------------------ write-off


def _configure_write_off(parser: ArgumentParser) -> None:
    parser.add_argument("lot", metavar="JOB/EPOCH", help="as `fabnet doubts` names it")
    parser.add_argument(
        "--reason",
        help=f"what happened, in {REASON_CHARS_MAX} letters at most; not needed with "
        "--document",
    )
    _configure_signing(parser)


def _write_off(args: Namespace) -> int:
    begun = _begun(args)
    name, epoch = _lot(args.lot)
    path = f"/v1/jobs/{quote(name, safe='')}"
    job = call(args, lambda node: node.get(path, JobAnswer))
    lot = _the_lot(job, epoch)
    subject = write_off_subject(
        job=lot.job,
        epoch=epoch,
        requester=lot.requester,
        missing=lot.pieces - lot.good,
        reason=_reason(args.reason, begun),
    )
    document = sign(begun, WRITE_OFF, subject, _keys(args))
    if args.write is not None:
        return _written(args, lot.job, epoch, document)
    body = NewWriteOff(document)
    there = f"/v1/lots/{lot.job}/{epoch}/write-off"
    created = call(args, lambda node: node.post(there, body, Created))
    told = f"written off: {lot.pieces - lot.good} pieces, owed again"
    return show(args, created, f"{told}\nrecord {created.id}")


def _the_lot(job: JobAnswer, epoch: int) -> LotAnswer:
    for lot in job.lots:
        if lot.epoch == epoch and lot.side == "requester":
            return lot
    raise InputError("JOB/EPOCH", "names no lot that was asked for here")


def _reason(given: str | None, begun: bytes | None) -> str:
    """Return why, as it is said here or in the document that others began."""
    if given is None and begun is not None:
        said = open_credential(begun, kind=WRITE_OFF).subject.get("reason")
        given = said if isinstance(said, str) else None
    if given is None or not 1 <= len(given) <= REASON_CHARS_MAX:
        told = f"expected what happened, in 1 to {REASON_CHARS_MAX} letters"
        raise InputError("--reason", told)
    return given


# ------------------------------------------------------------------ both


def _configure_signing(parser: ArgumentParser) -> None:
    add_signing(parser, "an operator or steward")


def _lot(text: str) -> tuple[str, int]:
    job, _, epoch = text.strip().rpartition("/")
    is_number = epoch.isascii() and epoch.isdecimal() and len(epoch) <= EPOCH_DIGITS_MAX
    if len(job) < LETTERS_MIN or not is_number:
        raise InputError("JOB/EPOCH", f"expected such as abcdefgh/1, got {text[:80]!r}")
    return job.lower(), int(epoch)


def _pieces(field: str, number: int) -> int:
    if number < 0:
        raise InputError(field, "expected 0 or more")
    return number


def _keys(args: Namespace) -> list[SigningKey]:
    return [SigningKey.from_pem(read_secret(path)) for path in args.key]


def _begun(args: Namespace) -> bytes | None:
    if args.document is None:
        return None
    path: Path = args.document
    try:
        with path.open("rb") as file:
            raw = file.read(COUNT_BYTES_MAX + 1)
    except OSError as error:
        raise InputError(str(path), f"cannot be read: {error.strerror}") from error
    if len(raw) > COUNT_BYTES_MAX:
        raise InputError(str(path), f"expected at most {COUNT_BYTES_MAX} bytes")
    return raw


def _written(args: Namespace, job: str, epoch: int, document: bytes) -> int:
    write(args.write, document)
    by = sorted(key.did for key in open_credential(document).signers)
    told = f"written to {args.write}, signed by {len(by)}; nothing was sent"
    return show(args, Signed(job, epoch, str(args.write), by), told)


_TOGETHER: Final = (
    "Where two must sign and are not in one place, the first gives --write A and the\n"
    "other --document A."
)
COMMANDS = (
    Command(
        "attest",
        "sign for what lies on the bench of a lot whose database was lost here",
        _configure_attest,
        _attest,
        "After a disk was lost only a person can say how many pieces of a lot there\n"
        "are. Count all of them, also those that were handed over, and sign as an\n"
        "operator or steward of the charter. It is sent to whoever asked for them;\n"
        "nothing takes it back.\n"
        "\n" + _TOGETHER,
    ),
    Command(
        "write-off",
        "sign that what a lot of ours lacks is given up, and owed again",
        _configure_write_off,
        _write_off,
        "The missing pieces of a lot are owed again, and may so be made twice: only\n"
        "for a workshop that is gone, or cannot say. As an operator or steward of the\n"
        "charter; for more than eight hours of machine time two must sign. What comes\n"
        "to light later is shown as surplus.\n"
        "\n" + _TOGETHER,
    ),
)
