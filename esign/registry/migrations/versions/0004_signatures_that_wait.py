"""Signatures over hashes wait for the client that may fetch them (CSC API).

Revision: 0004
Follows: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "held_signatures",
        sa.Column("sad_hmac", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("signer_id", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "length(sad_hmac) = 64 AND trim(sad_hmac, '0123456789abcdef') = ''",
            name=op.f("ck_held_signatures_sad_hmac"),
        ),
        sa.ForeignKeyConstraint(["client_id"], ["api_client.id"], name=op.f("fk_held_signatures_client_id_api_client")),
        sa.ForeignKeyConstraint(["signer_id"], ["signer.id"], name=op.f("fk_held_signatures_signer_id_signer")),
        sa.PrimaryKeyConstraint("sad_hmac", name=op.f("pk_held_signatures")),
    )
    with op.batch_alter_table("held_signatures") as table:
        table.create_index(op.f("ix_held_signatures_expires_at"), ["expires_at"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("a register is not migrated back: restore the backup")
