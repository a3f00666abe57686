"""What is known of run_worker: which process works, when it was last seen, and what it does once a day."""

import datetime as dt
from typing import Self

from django.db import models

# A worker writes every 10 seconds. On SQLite it waits until a long import is stored.
SILENT = dt.timedelta(minutes=2)


class WorkerState(models.Model):
    """One row, written by the process that works."""

    process = models.CharField(max_length=200, help_text="The process that works, or worked last, and its machine.")
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True, blank=True, help_text="The last health check.")

    class Meta:
        verbose_name = "worker"

    def __str__(self) -> str:
        return self.process

    def is_silent(self, *, at: dt.datetime) -> bool:
        """Whether it was not seen for so long that it does not work any more."""
        return self.seen_at + SILENT < at

    @classmethod
    def load(cls) -> Self | None:
        """None if no worker has ever worked."""
        return cls.objects.filter(pk=1).first()

    @classmethod
    def start(cls, process: str, *, at: dt.datetime) -> None:
        """This process works from now on."""
        cls.objects.update_or_create(pk=1, defaults={"process": process, "started_at": at, "seen_at": at})
