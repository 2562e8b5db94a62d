"""Which records lost their body here, so that it does not come back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the mark; nothing was pruned before."""
    op.add_column(
        "record",
        sa.Column("pruned", sa.Integer, nullable=False, server_default=sa.text("0")),
    )


def downgrade() -> None:
    """Let bodies come back."""
    op.drop_column("record", "pruned")
