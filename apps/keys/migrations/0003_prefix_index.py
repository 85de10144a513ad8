from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('keys', '0002_modes_rotation_and_try_out'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='apikey',
            index=models.Index(fields=['prefix'], name='api_key_prefix'),
        ),
    ]
