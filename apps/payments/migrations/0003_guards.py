"""What a payment is of never changes, and its outcome is final; nor does what the sandbox answered."""

from django.db import migrations

PAYMENTS = """
CREATE FUNCTION payments_guard_payment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    may_change text[] := ARRAY['created_by_id'];
BEGIN
    IF OLD.status = 'processing' THEN
        may_change := may_change || ARRAY['status', 'provider_reference', 'decline_code', 'settled_at', 'created_at'];
    END IF;
    IF to_jsonb(NEW) - may_change IS DISTINCT FROM to_jsonb(OLD) - may_change
            OR (NEW.created_by_id IS NOT NULL AND NEW.created_by_id IS DISTINCT FROM OLD.created_by_id) THEN
        RAISE EXCEPTION 'payment % is % and cannot be changed so', OLD.public_id, OLD.status
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payments_payment_guarded BEFORE UPDATE ON payments_payment
    FOR EACH ROW EXECUTE FUNCTION payments_guard_payment();
CREATE TRIGGER payments_payment_kept BEFORE DELETE ON payments_payment
    FOR EACH ROW EXECUTE FUNCTION core_refuse_change();
CREATE TRIGGER payments_payment_not_emptied BEFORE TRUNCATE ON payments_payment
    EXECUTE FUNCTION core_refuse_change();
"""
DROP_PAYMENTS = """
DROP TRIGGER payments_payment_not_emptied ON payments_payment;
DROP TRIGGER payments_payment_kept ON payments_payment;
DROP TRIGGER payments_payment_guarded ON payments_payment;
DROP FUNCTION payments_guard_payment();
"""

CHARGES = """
CREATE TRIGGER payments_charge_immutable BEFORE UPDATE OR DELETE ON payments_sandboxcharge
    FOR EACH ROW EXECUTE FUNCTION core_refuse_change();
CREATE TRIGGER payments_charge_not_emptied BEFORE TRUNCATE ON payments_sandboxcharge
    EXECUTE FUNCTION core_refuse_change();
"""
DROP_CHARGES = """
DROP TRIGGER payments_charge_not_emptied ON payments_sandboxcharge;
DROP TRIGGER payments_charge_immutable ON payments_sandboxcharge;
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0002_cards_and_payers"), ("core", "0003_refuse_change")]

    operations = [
        migrations.RunSQL(PAYMENTS, DROP_PAYMENTS),
        migrations.RunSQL(CHARGES, DROP_CHARGES),
    ]
