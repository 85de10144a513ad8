"""The history of a subscription is only added to; who is deleted is forgotten in it."""

from django.db import migrations

GUARD = """
CREATE TRIGGER subscriptions_change_immutable BEFORE UPDATE ON subscriptions_subscriptionchange
    FOR EACH ROW EXECUTE FUNCTION core_refuse_but_forget('actor_id');
CREATE TRIGGER subscriptions_change_kept BEFORE DELETE ON subscriptions_subscriptionchange
    FOR EACH ROW EXECUTE FUNCTION core_refuse_change();
CREATE TRIGGER subscriptions_change_not_emptied BEFORE TRUNCATE ON subscriptions_subscriptionchange
    EXECUTE FUNCTION core_refuse_change();
"""
DROP_GUARD = """
DROP TRIGGER subscriptions_change_not_emptied ON subscriptions_subscriptionchange;
DROP TRIGGER subscriptions_change_kept ON subscriptions_subscriptionchange;
DROP TRIGGER subscriptions_change_immutable ON subscriptions_subscriptionchange;
"""


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0003_running_periods"), ("core", "0003_refuse_change")]

    operations = [migrations.RunSQL(GUARD, DROP_GUARD)]
