"""What is issued stays as it is: money, number and names of an invoice, and its lines."""

from django.db import migrations

INVOICES = """
CREATE FUNCTION billing_guard_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    may_change text[] := ARRAY['status', 'paid_at', 'voided_at', 'collected_at'];
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
    IF to_jsonb(NEW) - may_change IS DISTINCT FROM to_jsonb(OLD) - may_change THEN
        RAISE EXCEPTION 'invoice % is issued and cannot be changed', OLD.number
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER billing_invoice_guarded BEFORE INSERT OR UPDATE OR DELETE ON billing_invoice
    FOR EACH ROW EXECUTE FUNCTION billing_guard_invoice();
"""
DROP_INVOICES = """
DROP TRIGGER billing_invoice_guarded ON billing_invoice;
DROP FUNCTION billing_guard_invoice();
"""

LINES = """
CREATE FUNCTION billing_guard_line() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    owner bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN owner := NEW.invoice_id; ELSE owner := OLD.invoice_id; END IF;
    IF EXISTS (SELECT FROM billing_invoice WHERE id = owner AND status <> 'draft') OR
            (TG_OP = 'UPDATE' AND NEW.invoice_id <> OLD.invoice_id) THEN
        RAISE EXCEPTION 'the lines of an issued invoice cannot be changed'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER billing_line_guarded BEFORE INSERT OR UPDATE OR DELETE ON billing_invoiceline
    FOR EACH ROW EXECUTE FUNCTION billing_guard_line();
"""
DROP_LINES = """
DROP TRIGGER billing_line_guarded ON billing_invoiceline;
DROP FUNCTION billing_guard_line();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]

    operations = [
        migrations.RunSQL(INVOICES, DROP_INVOICES),
        migrations.RunSQL(LINES, DROP_LINES),
    ]
