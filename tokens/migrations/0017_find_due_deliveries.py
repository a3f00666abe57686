"""Finds due deliveries by their time, however many wait."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("tokens", "0016_add_admin_keys")]

    operations: ClassVar = [
        migrations.RemoveIndex(model_name="delivery", name="tokens_delivery_state"),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(fields=["webhook", "state"], name="tokens_delivery_of_webhook"),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state", "dead")), fields=["webhook"], name="tokens_delivery_dead"
            ),
        ),
    ]
