"""Removals of old data: what was removed, when, and by whom."""

from django.db import models
from django.utils import timezone

from catalog.db.fields import ExactJSONField


class Pruning(models.Model):
    """One removal of what is old and not needed; see pricing/retention/pruning.py."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    keep_from = models.DateTimeField("removed before", help_text="Newer data was left unchanged.")
    actor = models.CharField("removed by", max_length=128)
    removed = ExactJSONField(default=dict, help_text="What was removed: kind, number of rows, bytes.")

    class Meta:
        verbose_name = "pruning"

    def __str__(self) -> str:
        return f"Pruning of {self.at:%Y-%m-%d %H:%M}"
