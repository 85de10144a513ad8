"""The books hold by themselves: nothing is changed or deleted, and every entry balances when it is committed."""

from django.db import migrations

REFUSE = """
CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER ledger_posting_immutable BEFORE UPDATE OR DELETE ON ledger_posting
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER ledger_entry_immutable BEFORE UPDATE OR DELETE ON ledger_journalentry
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER ledger_account_immutable BEFORE UPDATE OR DELETE ON ledger_ledgeraccount
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
"""
DROP_REFUSE = """
DROP TRIGGER ledger_posting_immutable ON ledger_posting;
DROP TRIGGER ledger_entry_immutable ON ledger_journalentry;
DROP TRIGGER ledger_account_immutable ON ledger_ledgeraccount;
DROP FUNCTION ledger_refuse_change();
"""

BALANCE = """
CREATE FUNCTION ledger_check_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    checked bigint;
BEGIN
    IF TG_TABLE_NAME = 'ledger_posting' THEN checked := NEW.entry_id; ELSE checked := NEW.id; END IF;
    IF (SELECT count(*) FROM ledger_posting WHERE entry_id = checked) < 2 THEN
        RAISE EXCEPTION 'journal entry % has fewer than two postings', checked
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF EXISTS (
        SELECT FROM ledger_posting p JOIN ledger_ledgeraccount a ON a.id = p.account_id
        WHERE p.entry_id = checked GROUP BY a.currency HAVING sum(p.amount) <> 0
    ) THEN
        RAISE EXCEPTION 'journal entry % does not balance', checked
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_posting_balances AFTER INSERT ON ledger_posting
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_check_balance();
CREATE CONSTRAINT TRIGGER ledger_entry_balances AFTER INSERT ON ledger_journalentry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_check_balance();
"""
DROP_BALANCE = """
DROP TRIGGER ledger_posting_balances ON ledger_posting;
DROP TRIGGER ledger_entry_balances ON ledger_journalentry;
DROP FUNCTION ledger_check_balance();
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]

    operations = [
        migrations.RunSQL(REFUSE, DROP_REFUSE),
        migrations.RunSQL(BALANCE, DROP_BALANCE),
    ]
