"""The group that imports and new tokens use when none is named."""

from django.db import migrations
from django.utils import timezone


def remember(apps, row):
    """The first row of its history, so that the first change has something to be compared with."""
    record = apps.get_model(row._meta.app_label, f"Historical{row._meta.object_name}")
    values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    record.objects.create(
        **values, history_type="+", history_date=timezone.now(), history_change_reason="Made with the installation."
    )


def fill(apps, schema_editor):
    group = apps.get_model("tokens", "TokenGroup").objects.create(
        slug="default", label="Default", is_public=True, in_auto=True
    )
    remember(apps, group)


class Migration(migrations.Migration):
    dependencies = [("tokens", "0001_initial")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
