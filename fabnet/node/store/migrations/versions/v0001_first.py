"""The first schema: records, state, story, incarnation, tokens, blobs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    _create_records()
    _create_peer_state()
    _create_shell_tables()


def downgrade() -> None:
    """Drop the tables."""
    for name in ("blob", "token", "incarnation", "story", "state", "record"):
        op.drop_table(name)


def _create_records() -> None:
    op.create_table(
        "record",
        sa.Column("peer", sa.Text, nullable=False),
        sa.Column("arrival", sa.BigInteger, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("inc_counter", sa.BigInteger, nullable=False),
        sa.Column("inc_random", sa.BigInteger, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("key", sa.Text),
        sa.Column("moment_ms", sa.BigInteger, nullable=False),
        sa.Column("source", sa.Text),
        sa.Column("envelope", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.LargeBinary),
        sa.PrimaryKeyConstraint("peer", "arrival", name="record_arrival"),
    )
    op.create_index("record_id", "record", ["peer", "id"], unique=True)
    op.create_index("record_kind", "record", ["peer", "kind", "arrival"])
    op.create_index(
        "record_key",
        "record",
        ["peer", "key", "kind", "author"],
        sqlite_where=sa.text("key IS NOT NULL"),
    )
    op.create_index(
        "record_author",
        "record",
        ["peer", "author", "inc_counter", "inc_random", "seq"],
    )


def _create_peer_state() -> None:
    op.create_table(
        "state",
        sa.Column("peer", sa.Text, nullable=False),
        sa.Column("table_name", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("row", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("peer", "table_name", "key", name="state_key"),
    )
    op.create_table(
        "story",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("peer", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("moment_ms", sa.BigInteger, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("args", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("story_subject", "story", ["peer", "subject", "id"])


def _create_shell_tables() -> None:
    op.create_table(
        "incarnation",
        sa.Column("peer", sa.Text, primary_key=True),
        sa.Column("counter", sa.BigInteger, nullable=False),
        sa.Column("random", sa.BigInteger, nullable=False),
        sa.Column("filed", sa.Integer, nullable=False),
        sa.Column("restored", sa.Integer, nullable=False),
    )
    op.create_table(
        "token",
        sa.Column("peer", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("sha256", sa.LargeBinary, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("peer", "name", name="token_name"),
    )
    op.create_index("token_sha256", "token", ["peer", "sha256"])
    op.create_table(
        "blob",
        sa.Column("peer", sa.Text, nullable=False),
        sa.Column("cid", sa.Text, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("pinned", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("peer", "cid", name="blob_cid"),
    )
