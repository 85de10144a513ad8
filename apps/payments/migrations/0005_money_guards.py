"""What refunds and disputes are of never changes and their outcome is final; so it is of what a provider told us, and
of the sandbox's books. A payment may wait for its cardholder.
"""

from django.db import migrations

PAYMENTS = """
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
PAYMENTS_BEFORE = """
CREATE OR REPLACE FUNCTION payments_guard_payment() RETURNS trigger LANGUAGE plpgsql AS $$
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
"""

REFUNDS = """
CREATE FUNCTION payments_guard_refund() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER payments_refund_guarded BEFORE UPDATE ON payments_refund
    FOR EACH ROW EXECUTE FUNCTION payments_guard_refund();
"""

# Of disputes, and of those in the sandbox's books, the decision is written once.
DISPUTES = """
CREATE FUNCTION payments_guard_dispute() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    may_change text[] := ARRAY[]::text[];
BEGIN
    IF OLD.closed_at IS NULL THEN
        may_change := ARRAY['status', 'closed_at'];
    END IF;
    IF to_jsonb(NEW) - may_change IS DISTINCT FROM to_jsonb(OLD) - may_change THEN
        RAISE EXCEPTION 'a row of % that is % cannot be changed so', TG_TABLE_NAME, OLD.status
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payments_dispute_guarded BEFORE UPDATE ON payments_dispute
    FOR EACH ROW EXECUTE FUNCTION payments_guard_dispute();
CREATE TRIGGER payments_sandboxdispute_guarded BEFORE UPDATE ON payments_sandboxdispute
    FOR EACH ROW EXECUTE FUNCTION payments_guard_dispute();
"""

EVENTS = """
CREATE FUNCTION payments_guard_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    may_change text[] := ARRAY[]::text[];
BEGIN
    IF OLD.processed_at IS NULL THEN
        may_change := ARRAY['processed_at', 'attempts', 'error', 'next_attempt_at'];
    END IF;
    IF to_jsonb(NEW) - may_change IS DISTINCT FROM to_jsonb(OLD) - may_change THEN
        RAISE EXCEPTION 'event % cannot be changed so', OLD.event_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payments_event_guarded BEFORE UPDATE ON payments_providerevent
    FOR EACH ROW EXECUTE FUNCTION payments_guard_event();
"""

_KEPT = ["refund", "dispute", "providerevent", "sandboxdispute"]
_IMMUTABLE = ["sandboxconfirmation", "sandboxmovement"]
KEEP = "".join(
    f"""
CREATE TRIGGER payments_{table}_kept BEFORE {what} ON payments_{table}
    FOR EACH ROW EXECUTE FUNCTION core_refuse_change();
CREATE TRIGGER payments_{table}_not_emptied BEFORE TRUNCATE ON payments_{table}
    EXECUTE FUNCTION core_refuse_change();
"""
    for tables, what in ((_KEPT, "DELETE"), (_IMMUTABLE, "UPDATE OR DELETE"))
    for table in tables
)
UNKEEP = "".join(
    f"""
DROP TRIGGER payments_{table}_kept ON payments_{table};
DROP TRIGGER payments_{table}_not_emptied ON payments_{table};
"""
    for table in [*_KEPT, *_IMMUTABLE]
)


class Migration(migrations.Migration):
    dependencies = [("payments", "0004_refunds_disputes_events"), ("core", "0003_refuse_change")]

    operations = [
        migrations.RunSQL(PAYMENTS, PAYMENTS_BEFORE),
        migrations.RunSQL(
            REFUNDS,
            "DROP TRIGGER payments_refund_guarded ON payments_refund; DROP FUNCTION payments_guard_refund();",
        ),
        migrations.RunSQL(
            DISPUTES,
            "DROP TRIGGER payments_sandboxdispute_guarded ON payments_sandboxdispute;"
            "DROP TRIGGER payments_dispute_guarded ON payments_dispute; DROP FUNCTION payments_guard_dispute();",
        ),
        migrations.RunSQL(
            EVENTS,
            "DROP TRIGGER payments_event_guarded ON payments_providerevent; DROP FUNCTION payments_guard_event();",
        ),
        migrations.RunSQL(KEEP, UNKEEP),
    ]
