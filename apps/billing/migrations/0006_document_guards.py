"""Credit notes are as final as invoices: what they take back is never more than there is, and their series have no gaps."""

from importlib import import_module

from django.db import migrations

BEFORE = import_module("apps.billing.migrations.0002_guards")
FINAL = import_module("apps.billing.migrations.0004_final_invoices")

INVOICES = """
CREATE OR REPLACE FUNCTION billing_guard_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
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
        IF NEW.status <> 'draft' AND ROW(NEW.subtotal_amount, NEW.tax_amount, NEW.credited_amount) IS DISTINCT FROM
                (SELECT ROW(sum(amount)::bigint, sum(tax_amount)::bigint, 0::bigint)
                 FROM billing_invoiceline WHERE invoice_id = NEW.id) THEN
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
        WHEN OLD.status = 'paid' AND OLD.refund_due_at IS NULL THEN ARRAY['refund_due_at', 'credited_amount']
        WHEN OLD.status = 'paid' THEN ARRAY['credited_amount']
        WHEN OLD.status = 'void' THEN ARRAY[]::text[]
        WHEN OLD.collected_at IS NULL THEN ARRAY['status', 'paid_at', 'voided_at', 'collected_at', 'credited_amount']
        ELSE ARRAY['status', 'paid_at', 'voided_at', 'credited_amount']
    END;
    IF to_jsonb(NEW) - may_change IS DISTINCT FROM to_jsonb(OLD) - may_change
            OR (NEW.voided_at IS NOT NULL AND NEW.status <> 'void') THEN
        RAISE EXCEPTION 'invoice % is issued and cannot be changed', OLD.number
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.credited_amount <> OLD.credited_amount AND NEW.credited_amount IS DISTINCT FROM
            (SELECT sum(total_amount) FROM billing_creditnote WHERE invoice_id = NEW.id) THEN
        RAISE EXCEPTION 'the credit notes of invoice % do not add up to what it says', OLD.number
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
"""
FINAL_INVOICES = FINAL.INVOICES.partition("CREATE TRIGGER")[0].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")

SERIES = """
CREATE OR REPLACE FUNCTION billing_guard_series() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.issuer, NEW.prefix, NEW.year, NEW.last_number)
            IS DISTINCT FROM (OLD.issuer, OLD.prefix, OLD.year, OLD.last_number + 1) THEN
        RAISE EXCEPTION 'the series % % % only counts on', OLD.issuer, OLD.prefix, OLD.year
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
"""
FINAL_SERIES = FINAL.SERIES.partition("CREATE TRIGGER")[0].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")

# A note is whole when its transaction ends, as a journal entry is. Who wrote and decided it may be forgotten.
NOTES = """
ALTER TABLE billing_creditnote ADD COLUMN written_in xid8;
CREATE FUNCTION billing_note_transaction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.written_in := pg_current_xact_id();
    RETURN NEW;
END $$;
CREATE TRIGGER billing_creditnote_written BEFORE INSERT ON billing_creditnote
    FOR EACH ROW EXECUTE FUNCTION billing_note_transaction();

CREATE TRIGGER billing_creditnote_kept BEFORE UPDATE ON billing_creditnote
    FOR EACH ROW EXECUTE FUNCTION core_refuse_but_forget('created_by_id');
CREATE TRIGGER billing_creditnote_not_deleted BEFORE DELETE ON billing_creditnote
    FOR EACH ROW EXECUTE FUNCTION core_refuse_change();

CREATE FUNCTION billing_guard_credit_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT written_in FROM billing_creditnote WHERE id = NEW.credit_note_id)
            IS DISTINCT FROM pg_current_xact_id() THEN
        RAISE EXCEPTION 'credit note % is closed: nothing is added to it', NEW.credit_note_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF (SELECT invoice_id FROM billing_creditnote WHERE id = NEW.credit_note_id)
            IS DISTINCT FROM (SELECT invoice_id FROM billing_invoiceline WHERE id = NEW.invoice_line_id) THEN
        RAISE EXCEPTION 'a credit note takes back lines of its own invoice'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER billing_credit_line_guarded BEFORE INSERT ON billing_creditnoteline
    FOR EACH ROW EXECUTE FUNCTION billing_guard_credit_line();
CREATE TRIGGER billing_credit_line_kept BEFORE UPDATE OR DELETE ON billing_creditnoteline
    FOR EACH ROW EXECUTE FUNCTION core_refuse_change();

CREATE FUNCTION billing_check_creditnote() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF ROW(NEW.subtotal_amount, NEW.tax_amount) IS DISTINCT FROM
            (SELECT ROW(sum(amount)::bigint, sum(tax_amount)::bigint)
             FROM billing_creditnoteline WHERE credit_note_id = NEW.id) THEN
        RAISE EXCEPTION 'the lines of credit note % do not add up to it', NEW.number
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF (SELECT sum(total_amount) FROM billing_creditnote WHERE invoice_id = NEW.invoice_id)
            IS DISTINCT FROM (SELECT credited_amount FROM billing_invoice WHERE id = NEW.invoice_id) THEN
        RAISE EXCEPTION 'the invoice does not know of credit note %', NEW.number
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER billing_creditnote_whole AFTER INSERT ON billing_creditnote
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION billing_check_creditnote();
"""
DROP_NOTES = """
DROP TRIGGER billing_creditnote_whole ON billing_creditnote;
DROP FUNCTION billing_check_creditnote();
DROP TRIGGER billing_credit_line_kept ON billing_creditnoteline;
DROP TRIGGER billing_credit_line_guarded ON billing_creditnoteline;
DROP FUNCTION billing_guard_credit_line();
DROP TRIGGER billing_creditnote_not_deleted ON billing_creditnote;
DROP TRIGGER billing_creditnote_kept ON billing_creditnote;
DROP TRIGGER billing_creditnote_written ON billing_creditnote;
DROP FUNCTION billing_note_transaction();
ALTER TABLE billing_creditnote DROP COLUMN written_in;
"""

CASES = """
CREATE FUNCTION billing_guard_case() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    people text[] := ARRAY['opened_by_id', 'closed_by_id'];
    answer text[] := ARRAY['status', 'answer', 'credit_note_id', 'closed_by_id', 'closed_at'];
BEGIN
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - people IS NOT DISTINCT FROM to_jsonb(OLD) - people THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.status = 'open'
            AND to_jsonb(NEW) - answer IS NOT DISTINCT FROM to_jsonb(OLD) - answer THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'case % is %: it is never changed or deleted', OLD.public_id, OLD.status
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER billing_case_guarded BEFORE UPDATE OR DELETE ON billing_usagecase
    FOR EACH ROW EXECUTE FUNCTION billing_guard_case();
"""
DROP_CASES = """
DROP TRIGGER billing_case_guarded ON billing_usagecase;
DROP FUNCTION billing_guard_case();
"""

TABLES = ["billing_creditnote", "billing_creditnoteline", "billing_usagecase"]
TRUNCATE = "".join(
    f"CREATE TRIGGER {table}_not_emptied BEFORE TRUNCATE ON {table} EXECUTE FUNCTION core_refuse_change();"
    for table in TABLES
)
DROP_TRUNCATE = "".join(f"DROP TRIGGER {table}_not_emptied ON {table};" for table in TABLES)


class Migration(migrations.Migration):
    dependencies = [("billing", "0005_documents")]

    operations = [
        migrations.RunSQL(INVOICES, FINAL_INVOICES),
        migrations.RunSQL(SERIES, FINAL_SERIES),
        migrations.RunSQL(NOTES, DROP_NOTES),
        migrations.RunSQL(CASES, DROP_CASES),
        migrations.RunSQL(TRUNCATE, DROP_TRUNCATE),
    ]
