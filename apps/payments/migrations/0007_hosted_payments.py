"""A payment may begin without a card, which is typed at the provider: then its provider stands on the payment itself,
and the card is written once, when it is known.
"""

import django.db.models.deletion
from django.db import migrations, models

GUARD = """
CREATE OR REPLACE FUNCTION payments_guard_payment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    may_change text[] := ARRAY['created_by_id'];
BEGIN
    IF OLD.status IN ('processing', 'requires_action') THEN
        may_change := may_change || ARRAY[
            'status', 'provider_reference', 'decline_code', 'action_url', 'settled_at', 'created_at'];
        IF OLD.method_id IS NULL THEN
            may_change := may_change || ARRAY['method_id'];
        END IF;
    END IF;
    IF to_jsonb(NEW) - may_change IS DISTINCT FROM to_jsonb(OLD) - may_change
            OR (NEW.created_by_id IS NOT NULL AND NEW.created_by_id IS DISTINCT FROM OLD.created_by_id) THEN
        RAISE EXCEPTION 'payment % is % and cannot be changed so', OLD.public_id, OLD.status
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
"""
GUARD_BEFORE = """
CREATE OR REPLACE FUNCTION payments_guard_payment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    may_change text[] := ARRAY['created_by_id'];
BEGIN
    IF OLD.status IN ('processing', 'requires_action') THEN
        may_change := may_change || ARRAY[
            'status', 'provider_reference', 'decline_code', 'action_url', 'settled_at', 'created_at'];
    END IF;
    IF to_jsonb(NEW) - may_change IS DISTINCT FROM to_jsonb(OLD) - may_change
            OR (NEW.created_by_id IS NOT NULL AND NEW.created_by_id IS DISTINCT FROM OLD.created_by_id) THEN
        RAISE EXCEPTION 'payment % is % and cannot be changed so', OLD.public_id, OLD.status
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
"""
# The guard refuses to write the provider of a payment that is settled, so it is away meanwhile.
FILL = """
DROP TRIGGER payments_payment_guarded ON payments_payment;
UPDATE payments_payment SET provider = payments_paymentmethod.provider FROM payments_paymentmethod
    WHERE payments_paymentmethod.id = method_id AND payments_paymentmethod.provider <> payments_payment.provider;
CREATE TRIGGER payments_payment_guarded BEFORE UPDATE ON payments_payment
    FOR EACH ROW EXECUTE FUNCTION payments_guard_payment();
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0006_stripe")]

    operations = [
        migrations.AddField(
            model_name="payment",
            name="provider",
            field=models.CharField(choices=[("sandbox", "Sandbox"), ("stripe", "Stripe")], default="sandbox", max_length=20),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="payment",
            name="method",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="payments",
                to="payments.paymentmethod",
            ),
        ),
        migrations.AlterField(
            model_name="payment",
            name="action_url",
            field=models.URLField(blank=True, max_length=2000),
        ),
        migrations.RunSQL(GUARD, GUARD_BEFORE),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
