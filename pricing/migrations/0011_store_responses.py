"""Responses of the management API, which a repeat of a request gets again."""

import catalog.db.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pricing", "0010_find_spending_by_day")]

    operations = [
        migrations.CreateModel(
            name="StoredResponse",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("identity", models.CharField(max_length=64, unique=True)),
                ("fingerprint", models.CharField(max_length=64)),
                ("status", models.PositiveSmallIntegerField()),
                ("headers", catalog.db.fields.PackedJSONField()),
                ("body", catalog.db.fields.PackedJSONField()),
                ("created_at", models.DateTimeField(db_index=True)),
            ],
            options={"verbose_name": "stored response"},
        ),
    ]
