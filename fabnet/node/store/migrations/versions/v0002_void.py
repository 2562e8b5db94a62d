"""Which records no view shows: past a fork, or past their author's revocation."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the mark; nothing kept before was ever void."""
    op.add_column(
        "record",
        sa.Column("void", sa.Integer, nullable=False, server_default=sa.text("0")),
    )


def downgrade() -> None:
    """Show everything again."""
    op.drop_column("record", "void")
