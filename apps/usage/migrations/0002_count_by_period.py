from django.db import migrations


def count_anew(apps, schema_editor):
    """Counters are named by their period alone from now on: let those of every shard be counted anew."""
    if apps.get_model('usage', 'UsageEvent').objects.exists():
        model = apps.get_model('usage', 'StaleCounter')
        model.objects.bulk_create(model(shard=shard) for shard in range(64))


class Migration(migrations.Migration):

    dependencies = [
        ('usage', '0001_initial'),
    ]

    operations = [
        migrations.RunPython(count_anew, migrations.RunPython.noop),
    ]
