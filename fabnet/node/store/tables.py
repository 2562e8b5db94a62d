"""The tables of the first schema, as queries see them.

Every table is keyed by `peer`, so that one database can keep several. `migrations/`
makes the tables; a test holds the two to each other.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

SCHEMA: Final = "0005"
"""The newest migration; a database that says another is migrated when it is opened."""

metadata = MetaData()

record = Table(
    "record",
    metadata,
    Column("peer", Text, nullable=False),
    Column("arrival", BigInteger, nullable=False),
    Column("id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("inc_counter", BigInteger, nullable=False),
    Column("inc_random", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("key", Text),
    Column("moment_ms", BigInteger, nullable=False),
    Column("source", Text),
    Column("envelope", LargeBinary, nullable=False),
    Column("body", LargeBinary),
    Column("void", Integer, nullable=False, server_default=text("0")),
    Column("pruned", Integer, nullable=False, server_default=text("0")),
    PrimaryKeyConstraint("peer", "arrival", name="record_arrival"),
    Index("record_id", "peer", "id", unique=True),
    Index("record_kind", "peer", "kind", "arrival"),
    Index(
        "record_key",
        "peer",
        "key",
        "kind",
        "author",
        sqlite_where=text("key IS NOT NULL"),
    ),
    Index("record_author", "peer", "author", "inc_counter", "inc_random", "seq"),
)
"""Every record kept, in the order of arrival; of a notice only the newest. One that is
void stays as it was signed, but no view shows it and no peer is served it. Of one that
is pruned the body was deleted here; another that has none came without."""

state = Table(
    "state",
    metadata,
    Column("peer", Text, nullable=False),
    Column("table_name", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("row", LargeBinary, nullable=False),
    PrimaryKeyConstraint("peer", "table_name", "key", name="state_key"),
)
"""The peer's own rows, which only the peer can read."""

story = Table(
    "story",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("peer", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("moment_ms", BigInteger, nullable=False),
    Column("code", Text, nullable=False),
    Column("args", Text, nullable=False),
    Index("story_subject", "peer", "subject", "id"),
    sqlite_autoincrement=True,
)
"""What happened to each thing, line by line: reason codes with arguments in JSON."""

incarnation = Table(
    "incarnation",
    metadata,
    Column("peer", Text, primary_key=True),
    Column("counter", BigInteger, nullable=False),
    Column("random", BigInteger, nullable=False),
    Column("filed", Integer, nullable=False),
    Column("restored", Integer, nullable=False),
)
"""Which database this is; see `incarnation.py`."""

token = Table(
    "token",
    metadata,
    Column("peer", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("peer", "name", name="token_name"),
    Index("token_sha256", "peer", "sha256"),
)
"""Who may call the operator's API: only the hash of what they show."""

blob = Table(
    "blob",
    metadata,
    Column("peer", Text, nullable=False),
    Column("cid", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("pinned", Integer, nullable=False),
    PrimaryKeyConstraint("peer", "cid", name="blob_cid"),
)
"""Which blobs the peer keeps, and which of them it must not drop."""

block = Table(
    "block",
    metadata,
    Column("peer", Text, nullable=False),
    Column("cid", Text, nullable=False),
    Column("design", Text, nullable=False),
    Column("file", Text),
    Column("at", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("node", LargeBinary),
    PrimaryKeyConstraint("peer", "cid", "design", name="block_cid"),
)
"""What IPFS clients may ask for, by design: a stretch of a blob, or a node that holds
some together. Derived from the blobs; a row with neither says that a design has it."""
