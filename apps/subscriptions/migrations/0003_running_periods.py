from collections import Counter

from django.db import migrations, models
from django.utils import timezone

from apps.plans.periods import period_at


def fill(apps, schema_editor):
    """Until now a subscription had no billing period, and its epoch counted the resets of its history."""
    now = timezone.now()
    model = apps.get_model('subscriptions', 'Subscription')
    for row in model.objects.exclude(status='canceled').select_related('plan').iterator():
        row.current_period_start, row.current_period_end = period_at(
            row.plan.interval, 'subscription', row.anchored_at, max(now, row.anchored_at)
        )
        row.save(update_fields=['current_period_start', 'current_period_end'])
    epochs = Counter()
    for line in apps.get_model('subscriptions', 'SubscriptionChange').objects.order_by('pk').iterator():
        epochs[line.subscription_id] += line.kind == 'quota_reset'
        line.quota_epoch = epochs[line.subscription_id]
        line.save(update_fields=['quota_epoch'])


class Migration(migrations.Migration):

    dependencies = [
        ('subscriptions', '0002_billing_periods'),
    ]

    operations = [
        migrations.AddField(
            model_name='subscriptionchange',
            name='quota_epoch',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
