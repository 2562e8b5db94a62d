"""The page of the credentials: every type with its fields, and what is refused."""

from __future__ import annotations

import msgspec
import pytest

from fabnet.cooperation import charter, membership, policy, vouches
from fabnet.designs.documents import acceptance, dispute, grant, passport
from fabnet.records import credential
from tests.house.tree import ROOT

PAGE = (ROOT / "docs/CREDENTIALS.md").read_text(encoding="utf-8")
TYPES: tuple[tuple[str, type[msgspec.Struct]], ...] = (
    (charter.DOCUMENT_KIND, charter._Subject),
    (membership.DOCUMENT_KIND, membership._Subject),
    (vouches.DOCUMENT_KIND, vouches._Subject),
    (policy.DOCUMENT_KIND, policy._Subject),
    (grant.CREDENTIAL, grant.Grant),
    (dispute.CREDENTIAL, dispute.Dispute),
    (acceptance.CREDENTIAL, acceptance.LicenceAcceptance),
    (passport.CREDENTIAL, passport.Passport),
)


@pytest.mark.parametrize(("kind", "of"), TYPES, ids=[kind for kind, _ in TYPES])
def test_every_type_is_described_with_its_fields_in_order(
    kind: str, of: type[msgspec.Struct]
) -> None:
    rows = [row for row in PAGE.splitlines() if row.startswith(f"| `{kind}` |")]
    fields = ", ".join(field.encode_name for field in msgspec.structs.fields(of))

    assert len(rows) == 1
    assert rows[0].endswith(f"| {fields} |"), fields


def test_the_page_names_contexts_and_limits_as_they_are() -> None:
    for context in credential.CONTEXTS:
        assert f'"{context}"' in PAGE
    size_kib = credential.DOCUMENT_BYTES_MAX // 1_024
    proofs, depth = credential.PROOFS_MAX, credential.DEPTH_MAX
    assert f"more than {size_kib} KiB, {proofs} proofs, or {depth} levels" in PAGE
