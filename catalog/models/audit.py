"""The audit trail: one entry per history row and per event, each with the hash of the one before it."""

from typing import ClassVar

from django.apps import apps
from django.db import models
from django.utils import timezone

from catalog.db.fields import ExactJSONField
from catalog.db.history import LONGEST_ACTOR


def name_kind(kind: str) -> str:
    """The word on screen for a kind of object."""
    try:
        return str(apps.get_model(kind)._meta.verbose_name)
    except (LookupError, ValueError):
        return kind


class AuditEntry(models.Model):
    """Who did what to which object, when and why; catalog/db/audit.py writes it, and nothing changes it later.

    References to other rows are keys without constraints: an entry outlives what it is about.
    """

    class Stream(models.TextChoices):
        # Entries of history rows and of import runs, written under the lock of the revision.
        CHANGES = "changes", "Changes"
        # Everything else: sign-ins must not wait for an import.
        EVENTS = "events", "Events"

    stream = models.CharField("chain", max_length=8, choices=Stream.choices, help_text="The hash chain it is in.")
    number = models.PositiveBigIntegerField(help_text="Its place in the chain: 1, 2, 3, …")
    at = models.DateTimeField(default=timezone.now, db_index=True)
    actor = models.CharField("person", max_length=LONGEST_ACTOR, db_index=True, help_text="Who did it, as text.")
    actor_key = models.PositiveBigIntegerField(null=True, help_text="The key of the operator, if it was one.")
    action = models.CharField(max_length=32, help_text="What was done, e.g. changed, issued or signed in.")
    kind = models.CharField("kind of object", max_length=64, help_text="The table of the object, e.g. tokens.token.")
    object_key = models.CharField(max_length=64, help_text="The key of the object in its table.")
    name = models.CharField("object", max_length=255, help_text="The name of the object at that time.")
    reason = models.TextField(help_text="Why it was done, if somebody said so.")
    detail = models.TextField(help_text="What was done, in words, e.g. rotated with grace until a moment.")
    changes = ExactJSONField(default=dict, help_text="Old and new values, for entries without a history row.")
    request_id = models.CharField("request", max_length=64)
    address = models.CharField(max_length=64, help_text="The network address of the request.")
    run = models.PositiveBigIntegerField("import run", null=True)
    previous_key_id = models.CharField(max_length=64, help_text="The key id that was replaced or ended.")
    history = models.PositiveBigIntegerField(null=True, help_text="The key of its row in the history of the object.")
    # The columns that the digest covers, as a fingerprint; see AuditColumns.
    columns = models.BigIntegerField(null=True)
    # SHA-256 of the history row.
    digest = models.BinaryField(null=True)
    # SHA-256 of the hash before it in the chain, and of this entry.
    hash = models.BinaryField()

    class Meta:
        verbose_name = "audit entry"
        verbose_name_plural = "audit entries"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["kind", "history"], condition=models.Q(history__isnull=False), name="catalog_audit_once_a_row"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["kind", "object_key"], name="catalog_audit_object"),
            models.Index(fields=["request_id"], condition=~models.Q(request_id=""), name="catalog_audit_request"),
            models.Index(fields=["run"], condition=models.Q(run__isnull=False), name="catalog_audit_run"),
            models.Index(fields=["previous_key_id"], condition=~models.Q(previous_key_id=""), name="catalog_audit_key"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.actor}: {self.name} {self.action}"

    @property
    def kind_name(self) -> str:
        return name_kind(self.kind)


class AuditHead(models.Model):
    """The end of each chain: entries that are removed there leave no gap."""

    stream = models.CharField(max_length=8, primary_key=True, choices=AuditEntry.Stream.choices)
    number = models.PositiveBigIntegerField(default=0, help_text="How many entries the chain has.")
    hash = models.BinaryField(help_text="The hash of the last entry.")

    def __str__(self) -> str:
        return f"{self.stream} {self.number}"


class AuditColumns(models.Model):
    """The columns of a history table at some time: digests of that time cover these, whatever was added later."""

    id = models.BigIntegerField(primary_key=True, help_text="A fingerprint of the other columns.")
    kind = models.CharField(max_length=64)
    names = models.TextField(help_text="The names of the columns, separated by spaces, in the order of the digest.")

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"
