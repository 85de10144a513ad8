"""What is paid or void stays so to the last column; the series only counts on; what is rated is not rated again."""

from importlib import import_module

from django.db import migrations

BEFORE = import_module("apps.billing.migrations.0002_guards")

INVOICES = """
CREATE FUNCTION billing_guard_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    may_change text[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'draft' THEN
            RAISE EXCEPTION 'an invoice begins as a draft' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' THEN
        IF OLD.status <> 'draft' THEN
            RAISE EXCEPTION 'invoice % is issued and cannot be deleted', OLD.number
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN OLD;
    END IF;
    IF OLD.status = 'draft' THEN
        IF NEW.status <> 'draft' AND NEW.subtotal_amount IS DISTINCT FROM
                (SELECT sum(amount) FROM billing_invoiceline WHERE invoice_id = NEW.id) THEN
            RAISE EXCEPTION 'the lines of invoice % do not add up to it', NEW.number
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.status <> OLD.status AND (OLD.status IN ('paid', 'void') OR NEW.status = 'draft') THEN
        RAISE EXCEPTION 'invoice % is % and cannot become %', OLD.number, OLD.status, NEW.status
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    may_change := CASE
        WHEN OLD.status = 'paid' AND OLD.refund_due_at IS NULL THEN ARRAY['refund_due_at']
        WHEN OLD.status IN ('paid', 'void') THEN ARRAY[]::text[]
        WHEN OLD.collected_at IS NULL THEN ARRAY['status', 'paid_at', 'voided_at', 'collected_at']
        ELSE ARRAY['status', 'paid_at', 'voided_at']
    END;
    IF to_jsonb(NEW) - may_change IS DISTINCT FROM to_jsonb(OLD) - may_change
            OR (NEW.voided_at IS NOT NULL AND NEW.status <> 'void') THEN
        RAISE EXCEPTION 'invoice % is issued and cannot be changed', OLD.number
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER billing_invoice_guarded BEFORE INSERT OR UPDATE OR DELETE ON billing_invoice
    FOR EACH ROW EXECUTE FUNCTION billing_guard_invoice();
"""

SERIES = """
CREATE FUNCTION billing_guard_series() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.issuer, NEW.year, NEW.last_number) IS DISTINCT FROM (OLD.issuer, OLD.year, OLD.last_number + 1) THEN
        RAISE EXCEPTION 'the series % % only counts on', OLD.issuer, OLD.year
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER billing_series_guarded BEFORE UPDATE ON billing_numberseries
    FOR EACH ROW EXECUTE FUNCTION billing_guard_series();
CREATE TRIGGER billing_series_kept BEFORE DELETE ON billing_numberseries
    FOR EACH ROW EXECUTE FUNCTION core_refuse_change();
"""
DROP_SERIES = """
DROP TRIGGER billing_series_kept ON billing_numberseries;
DROP TRIGGER billing_series_guarded ON billing_numberseries;
DROP FUNCTION billing_guard_series();
"""

STRETCHES = """
CREATE TRIGGER billing_stretch_kept BEFORE UPDATE OR DELETE ON billing_usagestretch
    FOR EACH ROW WHEN (OLD.rated_at IS NOT NULL) EXECUTE FUNCTION core_refuse_change();
"""
DROP_STRETCHES = "DROP TRIGGER billing_stretch_kept ON billing_usagestretch"

TABLES = ["billing_invoice", "billing_invoiceline", "billing_numberseries", "billing_usagestretch"]
TRUNCATE = "".join(
    f"CREATE TRIGGER {table}_not_emptied BEFORE TRUNCATE ON {table} EXECUTE FUNCTION core_refuse_change();"
    for table in TABLES
)
DROP_TRUNCATE = "".join(f"DROP TRIGGER {table}_not_emptied ON {table};" for table in TABLES)


class Migration(migrations.Migration):
    dependencies = [("billing", "0003_refunds_owed"), ("core", "0003_refuse_change")]

    operations = [
        migrations.RunSQL(
            BEFORE.DROP_INVOICES + INVOICES,
            BEFORE.DROP_INVOICES + BEFORE.INVOICES,
        ),
        migrations.RunSQL(SERIES, DROP_SERIES),
        migrations.RunSQL(STRETCHES, DROP_STRETCHES),
        migrations.RunSQL(TRUNCATE, DROP_TRUNCATE),
    ]
