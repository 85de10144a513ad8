"""An entry is whole when its transaction ends: no posting is added by a later one, and no table is emptied."""

from django.db import migrations

# Not `xmin`, which is that of a savepoint where the entry was written in one. Django need not know the column.
ENTRIES = """
ALTER TABLE ledger_journalentry ADD COLUMN written_in xid8;
CREATE FUNCTION ledger_note_transaction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.written_in := pg_current_xact_id();
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_entry_written BEFORE INSERT ON ledger_journalentry
    FOR EACH ROW EXECUTE FUNCTION ledger_note_transaction();
CREATE FUNCTION ledger_refuse_addition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT written_in FROM ledger_journalentry WHERE id = NEW.entry_id) IS DISTINCT FROM pg_current_xact_id() THEN
        RAISE EXCEPTION 'journal entry % is closed: nothing is added to it', NEW.entry_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_entry_closed BEFORE INSERT ON ledger_posting
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_addition();
"""
DROP_ENTRIES = """
DROP TRIGGER ledger_entry_closed ON ledger_posting;
DROP FUNCTION ledger_refuse_addition();
DROP TRIGGER ledger_entry_written ON ledger_journalentry;
DROP FUNCTION ledger_note_transaction();
ALTER TABLE ledger_journalentry DROP COLUMN written_in;
"""

TABLES = ["ledger_ledgeraccount", "ledger_journalentry", "ledger_posting"]
TRUNCATE = "".join(
    f"CREATE TRIGGER {table}_not_emptied BEFORE TRUNCATE ON {table} EXECUTE FUNCTION ledger_refuse_change();"
    for table in TABLES
)
DROP_TRUNCATE = "".join(f"DROP TRIGGER {table}_not_emptied ON {table};" for table in TABLES)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_guards")]

    operations = [
        migrations.RunSQL(ENTRIES, DROP_ENTRIES),
        migrations.RunSQL(TRUNCATE, DROP_TRUNCATE),
    ]
