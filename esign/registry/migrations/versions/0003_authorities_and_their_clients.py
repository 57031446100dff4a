"""Authorities are chosen for agencies and signers, seals sign, and the API of BSrE's service has its clients.

Revision: 0003
Follows: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

REACHED = "level IN ('B-B', 'B-T', 'B-LT', 'B-LTA', 'PKCS7-B', 'PKCS7-T', 'PKCS7-LT')"


def upgrade() -> None:
    with op.batch_alter_table("agency") as table:
        table.add_column(sa.Column("authority", sa.Text(), nullable=True))
    with op.batch_alter_table("signer") as table:
        table.add_column(sa.Column("kind", sa.String(32), nullable=True))
        table.add_column(sa.Column("subscriber", sa.Text(), nullable=True))
        table.add_column(sa.Column("authority", sa.Text(), nullable=True))
    op.execute("UPDATE signer SET kind = 'person'")
    with op.batch_alter_table("signer") as table:
        table.alter_column("kind", existing_type=sa.String(32), nullable=False)
        table.alter_column("nik_sealed", existing_type=sa.LargeBinary(), nullable=True)
        table.alter_column("nik_hmac", existing_type=sa.Text(), nullable=True)
        table.create_unique_constraint(op.f("uq_signer_agency_id_subscriber"), ["agency_id", "subscriber"])
        table.create_check_constraint(op.f("ck_signer_kind"), "kind IN ('person', 'seal')")
        table.create_check_constraint(op.f("ck_signer_subscriber"), "length(trim(subscriber)) > 0")
        table.create_check_constraint(op.f("ck_signer_nik_whole"), "(nik_sealed IS NULL) = (nik_hmac IS NULL)")
        table.create_check_constraint(op.f("ck_signer_seal_without_nik"), "kind <> 'seal' OR nik_hmac IS NULL")
    with op.batch_alter_table("api_client") as table:
        table.add_column(sa.Column("username", sa.Text(), nullable=True))
        table.add_column(sa.Column("password_hash", sa.Text(), nullable=True))
        table.add_column(sa.Column("classification", sa.Text(), nullable=True))
        table.add_column(sa.Column("bsre", sa.JSON(none_as_null=True), nullable=True))
        table.create_unique_constraint(op.f("uq_api_client_username"), ["username"])
        table.create_check_constraint(op.f("ck_api_client_username"), "length(trim(username)) > 0")
        table.create_check_constraint(op.f("ck_api_client_classification"), "length(trim(classification)) > 0")
        table.create_check_constraint(op.f("ck_api_client_basic_whole"), "(username IS NULL) = (password_hash IS NULL)")
    with op.batch_alter_table("letter") as table:
        table.alter_column("number", existing_type=sa.Text(), nullable=True)
        table.alter_column("number_key", existing_type=sa.Text(), nullable=True)
        table.alter_column("subject", existing_type=sa.Text(), nullable=True)
        table.create_check_constraint(op.f("ck_letter_number_whole"), "(number IS NULL) = (number_key IS NULL)")
    with op.batch_alter_table("signature") as table:
        table.drop_constraint(op.f("ck_signature_level"), type_="check")
        table.drop_constraint(op.f("ck_signature_timestamp_by_level"), type_="check")
        table.create_check_constraint(op.f("ck_signature_level"), REACHED)
        table.create_check_constraint(
            op.f("ck_signature_timestamp_by_level"), "level IN ('B-B', 'PKCS7-B') OR timestamp_at IS NOT NULL"
        )
    op.create_table(
        "handout",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("letter_id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("length(id) = 32", name=op.f("ck_handout_id")),
        sa.CheckConstraint(
            "length(sha256) = 64 AND trim(sha256, '0123456789abcdef') = ''", name=op.f("ck_handout_sha256")
        ),
        sa.CheckConstraint("size > 0", name=op.f("ck_handout_size")),
        sa.ForeignKeyConstraint(["client_id"], ["api_client.id"], name=op.f("fk_handout_client_id_api_client")),
        sa.ForeignKeyConstraint(["letter_id"], ["letter.id"], name=op.f("fk_handout_letter_id_letter")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handout")),
    )
    with op.batch_alter_table("handout") as table:
        table.create_index(op.f("ix_handout_expires_at"), ["expires_at"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("a register is not migrated back: restore the backup")
