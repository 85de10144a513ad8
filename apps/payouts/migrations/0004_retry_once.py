"""A payout that came back is tried again once, and its guard keeps in whose place one is."""

import django.db.models.deletion
from django.db import migrations, models

GUARD = """
CREATE OR REPLACE FUNCTION payouts_guard_payout() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'payouts are never deleted' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF (NEW.public_id, NEW.organization_id, NEW.account_id, NEW.method, NEW.destination, NEW.amount, NEW.currency,
        NEW.approvals_needed, NEW.requested_by_id, NEW.scheduled_on{column}, NEW.created_at)
       IS DISTINCT FROM
       (OLD.public_id, OLD.organization_id, OLD.account_id, OLD.method, OLD.destination, OLD.amount, OLD.currency,
        OLD.approvals_needed, OLD.requested_by_id, OLD.scheduled_on{old_column}, OLD.created_at) THEN
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
"""


class Migration(migrations.Migration):
    dependencies = [("payouts", "0003_stripe")]

    operations = [
        migrations.AddField(
            model_name="payout",
            name="retry_of",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="retry",
                to="payouts.payout",
            ),
        ),
        migrations.RunSQL(
            GUARD.format(column=", NEW.retry_of_id", old_column=", OLD.retry_of_id"),
            GUARD.format(column="", old_column=""),
        ),
    ]
