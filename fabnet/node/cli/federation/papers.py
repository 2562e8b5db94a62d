"""What stewards read, sign and write; no node is needed for any of it."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from fabnet.cooperation.charter import Charter, open_charter
from fabnet.errors import InputError, RemoteError
from fabnet.node.keyring import read_secret
from fabnet.node.web.sentences import reason
from fabnet.records.credential import add_proof, open_credential
from fabnet.records.keys import PublicKey, SigningKey
from fabnet.records.record import BODY_BYTES_MAX
from fabnet.records.refusal import Refusal


def add_keys(parser: ArgumentParser) -> None:
    """Add what is signed with, and where that is written."""
    parser.add_argument(
        "--key",
        type=Path,
        action="append",
        required=True,
        help="PEM key of a steward; repeat for each who is here",
    )
    parser.add_argument(
        "--document", type=Path, help="sign this one too, which others began"
    )
    parser.add_argument("--write", type=Path, required=True, help="where to write it")


def read(field: str, path: Path) -> bytes:
    """Return a document's bytes, or raise InputError; a record would carry them."""
    try:
        with path.open("rb") as file:
            raw = file.read(BODY_BYTES_MAX + 1)
    except OSError as error:
        raise InputError(field, f"{path} cannot be read: {error.strerror}") from error
    if len(raw) > BODY_BYTES_MAX:
        raise InputError(field, f"{path}: expected at most {BODY_BYTES_MAX} bytes")
    return raw


def charter_at(field: str, paths: Iterable[Path]) -> Charter:
    """Return a charter whose versions lie at `paths`, the first one first."""
    held: Charter | None = None
    for path in paths:
        try:
            found = open_charter(read(field, path), previous=held)
        except RemoteError as error:
            raise InputError(field, f"{path}: {error}") from error
        if isinstance(found, Refusal):
            told = reason(found.reason, dict(found.args))
            raise InputError(field, f"{path}: {told}")
        held = found
    assert held is not None, "the parser asked for one"
    return held


def keys_of(paths: Sequence[Path], stewards: Collection[PublicKey]) -> list[SigningKey]:
    """Return the keys at `paths`, or raise InputError for one that is no steward's."""
    keys = [SigningKey.from_pem(read_secret(path)) for path in paths]
    for path, key in zip(paths, keys, strict=True):
        if key.public not in stewards:
            raise InputError("--key", f"{path} is no steward's: {key.public.did}")
    return keys


def signed_too(raw: bytes, keys: Sequence[SigningKey], now: str) -> bytes:
    """Return a document that others began, with the proofs of `keys` beside theirs."""
    held = open_credential(raw).signers
    for key in keys:
        if key.public not in held:
            raw = add_proof(raw, key, now)
    return raw


def lacks(raw: bytes, stewards: Collection[PublicKey], needed: int) -> int:
    """Return how many stewards have yet to sign."""
    return max(0, needed - len(open_credential(raw).signers & frozenset(stewards)))
