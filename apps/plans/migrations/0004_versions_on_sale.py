"""A version that is or was on sale stays as its subscribers bought it: terms, quotas and rate limits."""

from django.db import migrations

# A version is published with its quotas in one transaction; from its commit on nothing is added or changed. Django
# need not know the column.
PLANS = """
ALTER TABLE plans_plan ADD COLUMN published_in xid8;
CREATE FUNCTION plans_guard_plan() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.published_at IS NOT NULL THEN
        NEW.published_in := OLD.published_in;
        IF OLD.published_in IS DISTINCT FROM pg_current_xact_id() AND (
            to_jsonb(NEW) - 'withdrawn_at' IS DISTINCT FROM to_jsonb(OLD) - 'withdrawn_at'
            OR (OLD.withdrawn_at IS NOT NULL AND NEW.withdrawn_at IS DISTINCT FROM OLD.withdrawn_at)
        ) THEN
            RAISE EXCEPTION 'version % of the plan % was on sale and cannot be changed', OLD.version, OLD.slug
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    ELSE
        NEW.published_in := CASE WHEN NEW.published_at IS NOT NULL THEN pg_current_xact_id() END;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER plans_plan_guarded BEFORE INSERT OR UPDATE ON plans_plan
    FOR EACH ROW EXECUTE FUNCTION plans_guard_plan();
CREATE TRIGGER plans_plan_kept BEFORE DELETE ON plans_plan
    FOR EACH ROW WHEN (OLD.published_at IS NOT NULL) EXECUTE FUNCTION core_refuse_change();
"""
DROP_PLANS = """
DROP TRIGGER plans_plan_kept ON plans_plan;
DROP TRIGGER plans_plan_guarded ON plans_plan;
DROP FUNCTION plans_guard_plan();
ALTER TABLE plans_plan DROP COLUMN published_in;
"""

TERMS = """
CREATE FUNCTION plans_guard_terms() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    owners bigint[];
BEGIN
    owners := CASE TG_OP
        WHEN 'INSERT' THEN ARRAY[NEW.plan_id]
        WHEN 'DELETE' THEN ARRAY[OLD.plan_id]
        ELSE ARRAY[OLD.plan_id, NEW.plan_id]
    END;
    IF EXISTS (
        SELECT FROM plans_plan WHERE id = ANY (owners) AND published_at IS NOT NULL
        AND published_in IS DISTINCT FROM pg_current_xact_id()
    ) THEN
        RAISE EXCEPTION 'the terms of a plan that was on sale cannot be changed'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER plans_quota_guarded BEFORE INSERT OR UPDATE OR DELETE ON plans_quota
    FOR EACH ROW EXECUTE FUNCTION plans_guard_terms();
CREATE TRIGGER plans_limit_guarded BEFORE INSERT OR UPDATE OR DELETE ON plans_ratelimit
    FOR EACH ROW EXECUTE FUNCTION plans_guard_terms();
"""
DROP_TERMS = """
DROP TRIGGER plans_limit_guarded ON plans_ratelimit;
DROP TRIGGER plans_quota_guarded ON plans_quota;
DROP FUNCTION plans_guard_terms();
"""

TABLES = ["plans_plan", "plans_quota", "plans_ratelimit"]
TRUNCATE = "".join(
    f"CREATE TRIGGER {table}_not_emptied BEFORE TRUNCATE ON {table} EXECUTE FUNCTION core_refuse_change();"
    for table in TABLES
)
DROP_TRUNCATE = "".join(f"DROP TRIGGER {table}_not_emptied ON {table};" for table in TABLES)


class Migration(migrations.Migration):
    dependencies = [("plans", "0003_one_quota_per_period"), ("core", "0003_refuse_change")]

    operations = [
        migrations.RunSQL(PLANS, DROP_PLANS),
        migrations.RunSQL(TERMS, DROP_TERMS),
        migrations.RunSQL(TRUNCATE, DROP_TRUNCATE),
    ]
