"""The shelves that a new marketplace begins with; staff change them as they like."""

from django.db import migrations

CATEGORIES = [
    ("ai", "AI and machine learning"),
    ("business", "Business"),
    ("commerce", "Commerce"),
    ("communication", "Communication"),
    ("data", "Data and analytics"),
    ("developer-tools", "Developer tools"),
    ("education", "Education and science"),
    ("finance", "Finance and payments"),
    ("health", "Health"),
    ("location", "Location and maps"),
    ("media", "Images, audio and video"),
    ("security", "Identity and security"),
    ("travel", "Travel and transport"),
    ("weather", "Weather and environment"),
]


def add(apps, schema_editor):
    category = apps.get_model("products", "Category")
    category.objects.bulk_create(
        [category(slug=slug, name=name, position=number) for number, (slug, name) in enumerate(CATEGORIES)],
        ignore_conflicts=True,  # those that staff made already stay as they are
    )


class Migration(migrations.Migration):

    dependencies = [("products", "0004_search_triggers")]

    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
