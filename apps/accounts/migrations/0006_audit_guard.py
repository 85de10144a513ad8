"""Audit events are only added to; who is deleted is forgotten in them."""

from django.db import migrations

GUARD = """
CREATE TRIGGER accounts_event_immutable BEFORE UPDATE ON accounts_auditevent
    FOR EACH ROW EXECUTE FUNCTION core_refuse_but_forget('organization_id', 'actor_id');
CREATE TRIGGER accounts_event_kept BEFORE DELETE ON accounts_auditevent
    FOR EACH ROW EXECUTE FUNCTION core_refuse_change();
CREATE TRIGGER accounts_event_not_emptied BEFORE TRUNCATE ON accounts_auditevent
    EXECUTE FUNCTION core_refuse_change();
"""
DROP_GUARD = """
DROP TRIGGER accounts_event_not_emptied ON accounts_auditevent;
DROP TRIGGER accounts_event_kept ON accounts_auditevent;
DROP TRIGGER accounts_event_immutable ON accounts_auditevent;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_names"), ("core", "0003_refuse_change")]

    operations = [migrations.RunSQL(GUARD, DROP_GUARD)]
