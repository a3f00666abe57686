"""Source: where facts are imported from; import run: what was done with one of its documents."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F

from catalog import source_trust
from catalog.db.bulk import update_with_history
from catalog.db.fields import ExactJSONField, GroupNameField, NamesField, PackedJSONField
from catalog.db.history import LONGEST_ACTOR, current_actor, history
from catalog.db.revision import LockedModel
from catalog.models.documents import NameList, Snapshot

# The fields that decide how a document of the source is imported.
IMPORT_FIELDS = ("url", "reader", "prices_as", "channel", "group", "only", "providers", "publish", "policy")


def readers() -> list[tuple[str, str]]:
    """The kinds of documents that can be read, as choices of a form."""
    from catalog.sources import SOURCES

    return [(source.slug, source.name) for source in SOURCES.values()]


class SourceQuerySet(models.QuerySet["Source"]):
    def due(self, *, at: dt.datetime) -> "list[Source]":
        """Sources to fetch now, the longest unchecked first."""
        synced = self.filter(sync=True).exclude(url="").order_by(F("checked_at").asc(nulls_first=True), "pk")
        return [source for source in synced if source.is_due(at=at)]

    def set_sync(self, sync: bool) -> int:
        """Turns regular fetching on or off, with history; returns the number of changed sources.

        Sources without a URL cannot be fetched and stay unchanged.
        """
        rows = self.exclude(sync=sync)
        return update_with_history(rows.exclude(url="") if sync else rows, sync=sync)

    def failing(self) -> "SourceQuerySet":
        """Sources whose latest fetch or import failed."""
        return self.filter(sync=True).exclude(error="")


class Source(LockedModel):
    class Kind(models.TextChoices):
        LIST = "list", "List prices of vendors"
        SELL = "sell", "A gateway's own price list"

    class Trust(models.IntegerChoices):
        BY_HAND = source_trust.BY_HAND, "Your own files"
        UPSTREAM = source_trust.UPSTREAM, "A channel's own upstream"
        FIRST_PARTY = source_trust.FIRST_PARTY, "Vendors' own data"
        CURATED = source_trust.CURATED, "Curated by people"
        AGGREGATOR = source_trust.AGGREGATOR, "Collected from others"
        GUESS = source_trust.GUESS, "A starting point"

    class Policy(models.TextChoices):
        REVIEW = "review", "Leave every plan to review"
        APPLY_SAFE = "apply_safe", "Apply changes that no guard stops and that are not suspicious"

    slug = models.SlugField(max_length=64, unique=True, help_text="The name in commands, e.g. litellm or our-upstream.")
    name = models.CharField(max_length=128, help_text="The name for operators, e.g. LiteLLM's cost map.")
    kind = models.CharField(
        max_length=8,
        choices=Kind.choices,
        default=Kind.LIST,
        help_text="Whether its prices are vendors' list prices or a gateway's.",
    )
    url = models.URLField("URL", blank=True, help_text="The address from which the document is fetched by default.")
    note = models.TextField(blank=True, help_text="A note for operators.")
    reader = models.CharField(
        "read as",
        max_length=64,
        blank=True,
        choices=readers,
        help_text="The format of the document. Leave empty if the slug is the name of a format.",
    )
    trust = models.PositiveSmallIntegerField(
        choices=Trust.choices,
        default=Trust.CURATED,
        help_text="If two sources disagree, the more trusted one wins.",
    )

    sync = models.BooleanField(
        "fetch regularly", default=False, help_text="Whether the command sync_sources fetches it."
    )
    every_hours = models.PositiveIntegerField(
        "every … hours",
        default=24,
        validators=[MinValueValidator(1)],
        help_text="Hours between two fetches: 24 for once a day, at least 1.",
    )
    policy = models.CharField(
        max_length=16,
        choices=Policy.choices,
        default=Policy.REVIEW,
        help_text="What happens with a plan after a fetch.",
    )
    prices_as = models.CharField(
        max_length=8,
        blank=True,
        choices=[("list", "List prices"), ("sell", "Sell prices"), ("cost", "What we pay")],
        help_text="The role of the prices. Leave empty for the usual role of this format.",
    )
    channel = models.SlugField(
        max_length=64,
        blank=True,
        help_text="The channel that offers its models. Leave empty to offer them on no channel.",
    )
    group = GroupNameField(
        blank=True, help_text="The group that reaches the channel. Leave empty for the default group."
    )
    only = NamesField(
        default=list,
        blank=True,
        help_text="Import only ids that match, e.g. gpt-*, claude-*. Leave empty to import all.",
    )
    providers = NamesField(
        default=list,
        blank=True,
        help_text="Import only these providers' offers. Leave empty to import the vendors' own offers.",
    )
    publish = models.BooleanField(default=False, help_text="Publish its models. If off, new models are drafts.")

    checked_at = models.DateTimeField("last checked", null=True, blank=True, editable=False)
    error = models.CharField("last error", max_length=512, blank=True, editable=False)
    # Validators of the document that was last fetched from the URL and applied, for conditional requests.
    etag = models.CharField("ETag", max_length=255, blank=True, editable=False)
    last_modified = models.CharField(max_length=64, blank=True, editable=False)
    last_sha256 = models.CharField(max_length=64, blank=True, editable=False)
    # Model id -> the day since which it is missing from the documents; see catalog/imports/dropped_models.py.
    missing = ExactJSONField(default=dict, blank=True, editable=False)

    objects = SourceQuerySet.as_manager()
    # Without the fields that every fetch writes: they are not edits.
    history = history(excluded_fields=["checked_at", "error", "etag", "last_modified", "last_sha256", "missing"])

    class Meta:
        verbose_name = "source"

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """With other import settings, the same document gives another plan, so it is fetched again."""
        if self.pk and kwargs.get("update_fields") is None:
            # Compared with the stored row: a restored version differs from that.
            stored = Source.objects.filter(pk=self.pk).first()
            if stored and any(getattr(stored, name) != getattr(self, name) for name in IMPORT_FIELDS):
                self.etag = self.last_modified = self.last_sha256 = ""
        super().save(*args, **kwargs)

    def is_due(self, *, at: dt.datetime) -> bool:
        return self.checked_at is None or self.checked_at + dt.timedelta(hours=self.every_hours) <= at

    def as_writer(self, providers: Sequence[str] = ()) -> source_trust.Writer:
        """The source as a writer with its trust."""
        return source_trust.writer(self.slug, self.name, self.trust, providers=providers)

    def clean(self) -> None:
        super().clean()
        if not self.reader and self.slug not in dict(readers()):
            raise ValidationError({"reader": "Choose a format: the slug is not the name of one."})
        if self.sync and not self.url:
            raise ValidationError({"url": "Enter the address, or turn regular fetching off."})
        if self.group and not self.channel:
            raise ValidationError({"channel": "A group reaches models through a channel: enter one."})

    @property
    def last_fetched(self) -> Snapshot | None:
        """The document that was last fetched from the URL; None if the host sent no ETag and no date to ask by."""
        if not (self.etag or self.last_modified):
            return None
        return self.snapshots.filter(sha256=self.last_sha256, packed__isnull=False).first()


class ImportRunQuerySet(models.QuerySet["ImportRun"]):
    def waiting(self) -> "ImportRunQuerySet":
        """Runs that wait for a decision."""
        return self.filter(status__in=[ImportRun.Status.PLANNED, ImportRun.Status.STOPPED])


class ImportRun(models.Model):
    class Status(models.TextChoices):
        PLANNED = "planned", "Waiting for review"
        STOPPED = "stopped", "Stopped by a guard"
        APPLIED = "applied", "Applied"
        DISCARDED = "discarded", "Discarded"
        ROLLED_BACK = "rolled_back", "Rolled back"

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="runs")
    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="runs")
    status = models.CharField(max_length=16, choices=Status.choices, db_index=True)
    options = ExactJSONField(default=dict, help_text="The options of the import.")
    report = PackedJSONField(default=dict, help_text="The findings and the changes.")
    names = models.ForeignKey(
        NameList,
        null=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="runs",
        help_text="All ids of the document. Empty if they were not recorded.",
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    # It stays when the operator is deleted.
    actor_name = models.CharField("actor", max_length=LONGEST_ACTOR, blank=True, default=current_actor)
    created_at = models.DateTimeField(auto_now_add=True)
    applied_at = models.DateTimeField(null=True, blank=True)
    remark = models.TextField("outcome", blank=True)
    pruned_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When the report and the ids were removed to save space."
    )

    objects = ImportRunQuerySet.as_manager()

    class Meta:
        verbose_name = "import run"

    def __str__(self) -> str:
        return f"{self.source} #{self.pk}"

    @property
    def is_waiting(self) -> bool:
        return self.status in (self.Status.PLANNED, self.Status.STOPPED)

    @property
    def why_pruned(self) -> str:
        """Why it cannot be rolled back any more; empty if it was not pruned."""
        if self.pruned_at is None:
            return ""
        return (
            f"{self} was pruned on {self.pruned_at:%Y-%m-%d}: its report is gone, so it can no longer be rolled back."
        )

    @property
    def listed(self) -> list[str] | None:
        """All ids of the document; None if they were not recorded, empty if a loss of models was not confirmed."""
        return None if self.names is None else self.names.names

    @property
    def counts(self) -> dict[str, Any]:
        """The numbers of new, changed and unchanged rows."""
        return dict(self.report.get("counts", {}))
