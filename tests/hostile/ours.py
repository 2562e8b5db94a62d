"""Tables of what we would have signed or sent ourselves: refused before it leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from fabnet.cooperation.policy import policy_subject
from fabnet.designs.documents.grant import grant_of
from fabnet.designs.okh.part import ManifestPart
from fabnet.errors import FabnetError
from fabnet.node import config
from fabnet.production.request import RequestClosed
from fabnet.records.civil import rfc3339
from fabnet.records.credential import add_proof, issue, open_credential
from fabnet.records.jose import enveloped
from fabnet.records.keys import SigningKey
from fabnet.records.message import seal_message
from fabnet.records.peer_record import seal_peer_record
from fabnet.records.record import seal_record
from tests.designs.samples import ADA, BEN, cid_of, revision
from tests.hostile.papers import NOON, PAPERS
from tests.hostile.rows import Table, rows
from tests.production.samples import MAKER, NOON_MS, OURS, charter_id, job, key

_HERE = Path(__file__)
_UNHEARD = revision("LicenseRef-Unheard")
_SIGNED = PAPERS["dispute"].signed(PAPERS["dispute"].subject, ADA)


def _closed(note: str) -> RequestClosed:
    return RequestClosed(job(), "expired", note)


def _record(note: str) -> object:
    return seal_record(
        key(1), network="test", kind="request-closed/1", incarnation=OURS, seq=1,
        prev=None, moment_ms=NOON_MS, about=None, body=_closed(note),
    )  # fmt: skip


def _message(note: str) -> object:
    return seal_message(
        key(1), network="test", kind="request-closed/1", recipient=MAKER, to=OURS,
        incarnation=OURS, seq=1, moment_ms=NOON_MS, body=_closed(note),
    )  # fmt: skip


def _issued(*keys: SigningKey) -> object:
    return issue(
        "FabnetCharter", issuer=ADA.public.did, subject={}, valid_from=NOON, keys=keys,
        created=NOON,
    )  # fmt: skip


def _load(most: int) -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(config, "CONFIG_BYTES_MAX", most)
        return config.load(_HERE)


WRITTEN = Table(
    "what we would say",
    lambda say: say(),
    lambda: _record(""),
    rows(
        ("a body too long", lambda: _record("a" * 50_000), "the most is 49152"),
        ("a message too long", lambda: _message("a" * 50_000), "the most is 49152"),
        ("a peer record of seq 0", lambda: seal_peer_record(key(1), 0, []), "seq: exp"),
        ("seq 2**63", lambda: seal_peer_record(key(1), 2**63, []),
         "seq: expected 1 to"),
        ("17 addresses", lambda: seal_peer_record(key(1), 1, [b"a"] * 17),
         "addresses: expected at most 16"),
        ("an address of no bytes", lambda: seal_peer_record(key(1), 1, [b""]),
         "addresses: expected 1 to 640 bytes each"),
        ("a moment before 1970", lambda: rfc3339(-1), "expected a moment from 1970"),
        ("a moment after 9999", lambda: rfc3339(2**53), "expected a moment from 1970"),
        ("a document that nobody signs", _issued, "keys: expected at least one"),
        ("one that a key signs twice", lambda: _issued(ADA, ADA), "to sign once"),
        ("a second proof of one key", lambda: add_proof(_SIGNED, ADA, NOON),
         "sign once"),
        ("another's document as a JWT",
         lambda: enveloped(open_credential(_SIGNED), BEN), "key: expected that of"),
        ("an opening to all the world",
         lambda: policy_subject({"openTo": ["world"]}, charter_id("c"), 1),
         "openTo: expected some of members, federation, strangers"),
        ("a policy key misspelt",
         lambda: policy_subject({"rounds": 5}, charter_id("c"), 1),
         "rounds: no such key; the nearest is roundS"),
        ("a policy table that is none",
         lambda: policy_subject({"minutes": 5}, charter_id("c"), 1),
         "minutes: expected a table of keys"),
        ("a grant of a licence without a text",
         lambda: grant_of(_UNHEARD, cid_of(_UNHEARD)), "licence-text-unknown"),
        ("a part that states nonsense",
         lambda: ManifestPart({"name": "Hook", "fabnet": {"quantity": "two"}}).stated,
         "part Hook: fabnet: Expected `int`"),
        ("a configuration that is not there",
         lambda: config.load(_HERE / "absent.toml"), "cannot be read: "),
        ("a configuration too long", lambda: _load(9), "expected at most 9 bytes"),
    ),
    FabnetError,
)  # fmt: skip

TABLES: tuple[Table, ...] = (WRITTEN,)
