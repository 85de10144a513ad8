"""What is final stays so: payouts, approvals, recoveries and write-offs, whoever writes."""

from django.db import migrations

# What a payout is of never changes, nor (but for `paid`, which can be reversed) where it ended.
PAYOUTS = """
CREATE FUNCTION payouts_guard_payout() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'payouts are never deleted' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF (NEW.public_id, NEW.organization_id, NEW.account_id, NEW.method, NEW.destination, NEW.amount, NEW.currency,
        NEW.approvals_needed, NEW.requested_by_id, NEW.scheduled_on, NEW.created_at)
       IS DISTINCT FROM
       (OLD.public_id, OLD.organization_id, OLD.account_id, OLD.method, OLD.destination, OLD.amount, OLD.currency,
        OLD.approvals_needed, OLD.requested_by_id, OLD.scheduled_on, OLD.created_at) THEN
        RAISE EXCEPTION 'what payout % is of never changes', OLD.public_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.status IN ('failed', 'canceled', 'reversed') OR (OLD.status = 'paid' AND NEW.status <> 'reversed') THEN
        RAISE EXCEPTION 'payout % is % for good', OLD.public_id, OLD.status
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.status IN ('approved', 'sending', 'paid') AND OLD.status = 'pending_approval'
       AND (SELECT count(*) FROM payouts_payoutapproval WHERE payout_id = NEW.id) < NEW.approvals_needed THEN
        RAISE EXCEPTION 'payout % lacks approvals', OLD.public_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payouts_payout_guarded BEFORE UPDATE OR DELETE ON payouts_payout
    FOR EACH ROW EXECUTE FUNCTION payouts_guard_payout();
"""
DROP_PAYOUTS = """
DROP TRIGGER payouts_payout_guarded ON payouts_payout;
DROP FUNCTION payouts_guard_payout();
"""

RECOVERIES = """
CREATE FUNCTION payouts_guard_recovery() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.status IN ('succeeded', 'settled', 'written_off') OR NEW.payout_id <> OLD.payout_id THEN
        RAISE EXCEPTION 'recovery % stays as it is', OLD.public_id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payouts_recovery_guarded BEFORE UPDATE OR DELETE ON payouts_recovery
    FOR EACH ROW EXECUTE FUNCTION payouts_guard_recovery();
"""
DROP_RECOVERIES = """
DROP TRIGGER payouts_recovery_guarded ON payouts_recovery;
DROP FUNCTION payouts_guard_recovery();
"""

IMMUTABLE = ["payouts_payoutapproval", "payouts_writeoff"]
REFUSE = "".join(
    f"CREATE TRIGGER {table}_immutable BEFORE UPDATE OR DELETE ON {table}"
    " FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();"
    for table in IMMUTABLE
)
DROP_REFUSE = "".join(f"DROP TRIGGER {table}_immutable ON {table};" for table in IMMUTABLE)

TABLES = ["payouts_payout", "payouts_payoutapproval", "payouts_recovery", "payouts_writeoff"]
TRUNCATE = "".join(
    f"CREATE TRIGGER {table}_not_emptied BEFORE TRUNCATE ON {table} EXECUTE FUNCTION ledger_refuse_change();"
    for table in TABLES
)
DROP_TRUNCATE = "".join(f"DROP TRIGGER {table}_not_emptied ON {table};" for table in TABLES)


class Migration(migrations.Migration):
    dependencies = [("payouts", "0001_initial"), ("ledger", "0005_seals_and_corrections")]

    operations = [
        migrations.RunSQL(PAYOUTS, DROP_PAYOUTS),
        migrations.RunSQL(RECOVERIES, DROP_RECOVERIES),
        migrations.RunSQL(REFUSE, DROP_REFUSE),
        migrations.RunSQL(TRUNCATE, DROP_TRUNCATE),
    ]
