"""Which blocks IPFS clients may ask for, and where their bytes are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; the node fills it from the blobs that it has."""
    op.create_table(
        "block",
        sa.Column("peer", sa.Text, nullable=False),
        sa.Column("cid", sa.Text, nullable=False),
        sa.Column("design", sa.Text, nullable=False),
        sa.Column("file", sa.Text),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("node", sa.LargeBinary),
        sa.PrimaryKeyConstraint("peer", "cid", "design", name="block_cid"),
    )


def downgrade() -> None:
    """Forget them; the blobs stay."""
    op.drop_table("block")
