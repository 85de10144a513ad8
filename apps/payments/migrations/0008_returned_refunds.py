"""A refund that had succeeded may fail after all, once: the cardholder's bank sends the money back."""

from django.db import migrations, models

GUARD = """
CREATE OR REPLACE FUNCTION payments_guard_refund() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    may_change text[] := ARRAY['created_by_id'];
BEGIN
    IF OLD.status = 'processing' THEN
        may_change := may_change || ARRAY['status', 'provider_reference', 'failure_code', 'settled_at', 'created_at'];
    ELSIF OLD.status = 'succeeded' AND NEW.status = 'failed' AND NEW.returned_at IS NOT NULL THEN
        may_change := may_change || ARRAY['status', 'failure_code', 'returned_at'];
    END IF;
    IF to_jsonb(NEW) - may_change IS DISTINCT FROM to_jsonb(OLD) - may_change
            OR (NEW.created_by_id IS NOT NULL AND NEW.created_by_id IS DISTINCT FROM OLD.created_by_id) THEN
        RAISE EXCEPTION 'refund % is % and cannot be changed so', OLD.public_id, OLD.status
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
"""
GUARD_BEFORE = """
CREATE OR REPLACE FUNCTION payments_guard_refund() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    may_change text[] := ARRAY['created_by_id'];
BEGIN
    IF OLD.status = 'processing' THEN
        may_change := may_change || ARRAY['status', 'provider_reference', 'failure_code', 'settled_at', 'created_at'];
    END IF;
    IF to_jsonb(NEW) - may_change IS DISTINCT FROM to_jsonb(OLD) - may_change
            OR (NEW.created_by_id IS NOT NULL AND NEW.created_by_id IS DISTINCT FROM OLD.created_by_id) THEN
        RAISE EXCEPTION 'refund % is % and cannot be changed so', OLD.public_id, OLD.status
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0007_hosted_payments")]

    operations = [
        migrations.AddField(
            model_name="refund", name="returned_at", field=models.DateTimeField(blank=True, null=True)
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.CheckConstraint(
                condition=models.Q(("returned_at__isnull", True), ("status", "failed"), _connector="OR"),
                name="refund_returned_is_failed",
            ),
        ),
        migrations.RunSQL(GUARD, GUARD_BEFORE),
    ]
