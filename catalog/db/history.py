"""Who changed what: every curated model keeps a history row a change, with the actor, the reason and the request id."""

from typing import Any

from django.db import models
from simple_history.models import HistoricalRecords

from catalog.db.import_context import current_run as current_run

# Migrations know the defaults by their names here.
from catalog.request_id import current_request_id as current_request_id


class ChangeRecord(models.Model):
    """What a history row says beside the old values: the request or command, and the import, that wrote it."""

    # Defaults and not signals: bulk writes send none.
    request_id = models.CharField(max_length=64, blank=True, default=current_request_id)
    run = models.ForeignKey(
        "catalog.ImportRun", null=True, blank=True, default=current_run, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        abstract = True


def history(**options: Any) -> HistoricalRecords:
    """The history of one model; `excluded_fields` keeps secrets and caches out of it."""
    return HistoricalRecords(
        bases=[ChangeRecord], history_change_reason_field=models.TextField(null=True, blank=True), **options
    )
