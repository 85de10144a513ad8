"""What the guards of several apps share: triggers that refuse to change what is written once and for all."""

from django.db import migrations

# Also for TRUNCATE, which fires no trigger of a row.
REFUSE = """
CREATE FUNCTION core_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""
DROP_REFUSE = "DROP FUNCTION core_refuse_change()"

# The columns that the trigger names may become NULL, as when the person that they refer to is deleted.
FORGET = """
CREATE FUNCTION core_refuse_but_forget() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before jsonb := to_jsonb(OLD) - TG_ARGV::text[];
    forgotten text;
BEGIN
    FOREACH forgotten IN ARRAY TG_ARGV::text[] LOOP
        IF to_jsonb(NEW) -> forgotten NOT IN ('null'::jsonb, to_jsonb(OLD) -> forgotten) THEN
            before := NULL;
        END IF;
    END LOOP;
    IF to_jsonb(NEW) - TG_ARGV::text[] IS DISTINCT FROM before THEN
        RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
"""
DROP_FORGET = "DROP FUNCTION core_refuse_but_forget()"


class Migration(migrations.Migration):
    dependencies = [("core", "0002_idempotentrequest")]

    operations = [
        migrations.RunSQL(REFUSE, DROP_REFUSE),
        migrations.RunSQL(FORGET, DROP_FORGET),
    ]
