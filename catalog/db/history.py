"""The history of curated models: one row per change, with the actor, the reason and the request id."""

import getpass
import os
from typing import Any

from django.db import models
from simple_history.models import HistoricalRecords

from catalog.db.import_context import current_reason
from catalog.db.import_context import current_run as current_run

# Migrations refer to the defaults by these names.
from catalog.request_id import current_request_id as current_request_id


class ChangeRecord(models.Model):
    """Columns of a history row beside the old values: the request or command, and the import, that wrote it."""

    # Defaults, because bulk writes send no signals.
    request_id = models.CharField(max_length=64, blank=True, default=current_request_id)
    run = models.ForeignKey(
        "catalog.ImportRun", null=True, blank=True, default=current_run, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        abstract = True


class ReasonedRecords(HistoricalRecords):  # type: ignore[misc]  # the library has no types
    """History rows of saves, with the reason of the row or, without one, of the current block."""

    def get_change_reason_for_object(self, instance: Any, history_type: str, using: str) -> str | None:
        reason: str | None = super().get_change_reason_for_object(instance, history_type, using)
        return reason or current_reason() or None


def history(**options: Any) -> HistoricalRecords:
    """The history of one model; `excluded_fields` omits secrets and cached values."""
    return ReasonedRecords(
        bases=[ChangeRecord], history_change_reason_field=models.TextField(null=True, blank=True), **options
    )


def name_operator() -> str:
    """The person at the command line, for records of changes: the user of the operating system."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = f"user {os.getuid()}"
    return f"{name}, on the command line"
