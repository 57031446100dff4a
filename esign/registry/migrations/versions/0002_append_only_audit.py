"""The audit trail takes new events at its end, and nothing else.

Revision: 0002
Follows: 0001
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SQLITE = (
    """
    CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON audit_event
    BEGIN SELECT RAISE(ABORT, 'audit_event is append-only'); END
    """,
    """
    CREATE TRIGGER audit_event_no_delete BEFORE DELETE ON audit_event
    BEGIN SELECT RAISE(ABORT, 'audit_event is append-only'); END
    """,
    # Before a conflict is resolved: INSERT OR REPLACE fires no DELETE trigger.
    """
    CREATE TRIGGER audit_event_at_end BEFORE INSERT ON audit_event
    WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM audit_event)
      OR NEW.previous_hash IS NOT coalesce(
           (SELECT hash FROM audit_event ORDER BY seq DESC LIMIT 1), printf('%064d', 0))
    BEGIN SELECT RAISE(ABORT, 'an event does not follow the one before'); END
    """,
)

POSTGRESQL = (
    """
    CREATE FUNCTION audit_event_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'audit_event is append-only' USING ERRCODE = 'restrict_violation'; END $$
    """,
    """
    CREATE FUNCTION audit_event_follows() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE newest record;
    BEGIN
      SELECT seq, hash INTO newest FROM audit_event ORDER BY seq DESC LIMIT 1;
      IF NEW.seq <> coalesce(newest.seq, 0) + 1 OR NEW.previous_hash <> coalesce(newest.hash, repeat('0', 64)) THEN
        RAISE EXCEPTION 'an event does not follow the one before' USING ERRCODE = 'restrict_violation';
      END IF;
      RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER audit_event_no_change BEFORE UPDATE OR DELETE ON audit_event
    FOR EACH ROW EXECUTE FUNCTION audit_event_refuse()
    """,
    """
    CREATE TRIGGER audit_event_no_truncate BEFORE TRUNCATE ON audit_event
    FOR EACH STATEMENT EXECUTE FUNCTION audit_event_refuse()
    """,
    """
    CREATE TRIGGER audit_event_at_end BEFORE INSERT ON audit_event
    FOR EACH ROW EXECUTE FUNCTION audit_event_follows()
    """,
)


def upgrade() -> None:
    connection = op.get_bind()
    for statement in SQLITE if connection.dialect.name == "sqlite" else POSTGRESQL:
        connection.exec_driver_sql(statement)


def downgrade() -> None:
    raise NotImplementedError("a register is not migrated back: restore the backup")
