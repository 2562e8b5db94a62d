"""What a cooperative signs to begin with, and the configuration of its first node."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import tomli_w

from fabnet.cooperation import charter as charters
from fabnet.cooperation import membership as memberships
from fabnet.cooperation import policy as policies
from fabnet.cooperation import vouches as vouching
from fabnet.cooperation.charter import Charter, charter_subject, lineage_of
from fabnet.cooperation.membership import ActorType, membership_subject
from fabnet.cooperation.policy import policy_subject
from fabnet.cooperation.vouches import Entry, vouches_subject
from fabnet.errors import StorageError
from fabnet.records.civil import rfc3339
from fabnet.records.credential import Json, issue
from fabnet.records.ids import CharterId, PeerId
from fabnet.records.keys import PublicKey, SigningKey

CONFIG_FILE: Final = "config.toml"
CHARTER_FILE: Final = "charter.json"
FEDERATION_FILE: Final = "federation.json"
MEMBERSHIP_FILE: Final = "membership.json"
POLICY_FILE: Final = "policy.json"
MEMBERSHIP_MS: Final = 366 * 86_400_000
"""A membership is for a year, so that a federation looks again."""

Toml = str | int | float | bool | list["Toml"] | dict[str, "Toml"]

_HEADER: Final = """\
# The whole configuration of one fabnet node. A key that fabnet does not know is an
# error at the start. Relative paths count from this file's folder.

"""
_MACHINE: Final = """
# Tell of each machine, or bench where people work:
#
# [[machine]]
# id = "printer-1"
# name = "The blue printer"
# model = "Prusa MK4"
# driver = "manual"              # or "simulated", which only pretends
# process = "3d-printing.fdm"
# materials = ["pla", "petg"]
# size_mm = [250, 210, 220]
# tolerance_mm = 0.2
# nozzles_mm = [0.4]
# power_w = 120
"""


def cooperative(
    name: str,
    *,
    nodes: Sequence[PeerId],
    steward: SigningKey,
    moment_ms: int,
    operators: Iterable[PublicKey] = (),
    designers: Iterable[PublicKey] = (),
) -> bytes:
    """Return the signed charter of a cooperative that has one steward."""
    subject = charter_subject(
        name=name,
        stewards=[steward.public],
        nodes=nodes,
        operators=operators,
        designers=designers,
    )
    return _signed(charters.DOCUMENT_KIND, subject, [steward], moment_ms)


def federation(
    name: str,
    seats: Sequence[tuple[CharterId, SigningKey]],
    *,
    membership_quorum: int,
    moment_ms: int,
) -> bytes:
    """Return the charter of a federation, signed by every steward of it."""
    return begun_federation(
        name,
        [(charter, key.public) for charter, key in seats],
        [key for _, key in seats],
        membership_quorum=membership_quorum,
        moment_ms=moment_ms,
    )


def begun_federation(
    name: str,
    seats: Sequence[tuple[CharterId, PublicKey]],
    signing: Sequence[SigningKey],
    *,
    membership_quorum: int,
    moment_ms: int,
) -> bytes:
    """Return the charter of a federation, signed by those of its stewards here."""
    subject = charter_subject(
        name=name,
        stewards=seats,
        nodes=[],
        actor_kind="federation",
        charter_quorum=len(seats),
        membership_quorum=membership_quorum,
        policy_quorum=membership_quorum,
    )
    return _signed(charters.DOCUMENT_KIND, subject, signing, moment_ms)


def membership(
    member: CharterId,
    of: CharterId,
    *,
    actor_type: ActorType,
    facts: Iterable[str],
    stewards: Sequence[SigningKey],
    moment_ms: int,
) -> bytes:
    """Return a membership for a year, signed by stewards of the federation."""
    subject = membership_subject(
        member=member, federation=of, actor_type=actor_type, facts=facts
    )
    until_ms = moment_ms + MEMBERSHIP_MS
    kind = memberships.DOCUMENT_KIND
    return _signed(kind, subject, stewards, moment_ms, until_ms=until_ms)


def vouches(
    voucher: Charter,
    entries: Sequence[Entry],
    *,
    year: int,
    stewards: Sequence[SigningKey],
    moment_ms: int,
) -> bytes:
    """Return the list of those a cooperative vouches for in a year."""
    subject = vouches_subject(
        voucher=voucher.id,
        charter_version=voucher.version,
        year=year,
        entries=entries,
    )
    return _signed(vouching.DOCUMENT_KIND, subject, stewards, moment_ms)


def policy(
    fields: Mapping[str, object],
    charter: CharterId,
    *,
    steward: SigningKey,
    moment_ms: int,
    version: int = 1,
) -> bytes:
    """Return a signed policy: the defaults, but for what `fields` names."""
    subject = policy_subject(fields, charter, version)
    return _signed(policies.DOCUMENT_KIND, subject, [steward], moment_ms)


def id_of(charter: bytes) -> CharterId:
    """Return the id of a charter that we have just signed."""
    found = lineage_of(charter)
    assert found is not None, "it was signed here"
    return found


def write(path: Path, content: bytes) -> None:
    """Write a file that anyone may read, or raise StorageError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise StorageError(f"{path}: cannot be written: {error}") from error


def config_toml(tables: Mapping[str, Toml]) -> bytes:
    """Return a configuration file; one without machines shows how to tell of them."""
    text = _HEADER + tomli_w.dumps(dict(tables))
    return (text if tables.get("machine") else text + _MACHINE).encode()


def _signed(
    kind: str,
    subject: Mapping[str, Json],
    signing: Sequence[SigningKey],
    moment_ms: int,
    *,
    until_ms: int | None = None,
) -> bytes:
    now = rfc3339(moment_ms)
    return issue(
        kind,
        issuer=signing[0].public.did,
        subject=subject,
        valid_from=now,
        keys=signing,
        created=now,
        valid_until=None if until_ms is None else rfc3339(until_ms),
    )
