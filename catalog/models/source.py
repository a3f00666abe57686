"""Where imported facts come from: a source, the bytes it gave (snapshot), and what was done with them (import run)."""

import datetime as dt
import gzip
import zlib
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F

from catalog import source_trust
from catalog.db.bulk import update_with_history
from catalog.db.fields import ExactJSONField, NamesField
from catalog.db.history import history
from catalog.error_messages import InputError

# Ending and content type of the documents that are no JSON, by reader.
FORMS = {"csv": ("csv", "text/csv; charset=utf-8"), "yaml": ("yaml", "application/yaml")}


def readers() -> list[tuple[str, str]]:
    """The kinds of documents that can be read; asked for when a form shows them."""
    from catalog.sources import SOURCES

    return [(source.slug, source.name) for source in SOURCES.values()]


class SourceQuerySet(models.QuerySet["Source"]):
    def due(self, *, at: dt.datetime) -> "list[Source]":
        """Those that are to be fetched by now, the longest unseen first."""
        wanted = self.filter(sync=True).exclude(url="").order_by(F("checked_at").asc(nulls_first=True), "pk")
        return [source for source in wanted if source.is_due(at=at)]

    def set_sync(self, sync: bool) -> int:
        """Lets these sources be fetched regularly or not, with history; returns how many changed.

        Those without an address cannot be, and stay as they are.
        """
        rows = self.exclude(sync=sync)
        return update_with_history(rows.exclude(url="") if sync else rows, sync=sync)

    def failing(self) -> "SourceQuerySet":
        """Those that could not be fetched or read the last time."""
        return self.filter(sync=True).exclude(error="")


class Source(models.Model):
    class Kind(models.TextChoices):
        LIST = "list", "List prices of vendors"
        SELL = "sell", "A gateway's own price list"

    class Trust(models.IntegerChoices):
        BY_HAND = source_trust.BY_HAND, "Your own files"
        UPSTREAM = source_trust.UPSTREAM, "A channel's own upstream"
        FIRST_PARTY = source_trust.FIRST_PARTY, "What vendors say themselves"
        CURATED = source_trust.CURATED, "Kept by people with care"
        AGGREGATOR = source_trust.AGGREGATOR, "Collected from others"
        GUESS = source_trust.GUESS, "A starting point"

    class Policy(models.TextChoices):
        REVIEW = "review", "Leave every plan to review"
        APPLY_SAFE = "apply_safe", "Apply what no guard stops and nothing is suspicious in"

    slug = models.SlugField(max_length=64, unique=True, help_text="For commands, e.g. litellm or our-upstream.")
    name = models.CharField(max_length=128, help_text="For operators, e.g. LiteLLM's cost map.")
    kind = models.CharField(
        max_length=8,
        choices=Kind.choices,
        default=Kind.LIST,
        help_text="Whose prices it tells: vendors' or a gateway's.",
    )
    url = models.URLField("URL", blank=True, help_text="Where it is published, and fetched from unless told otherwise.")
    note = models.TextField(blank=True, help_text="For operators.")
    reader = models.CharField(
        "read as",
        max_length=64,
        blank=True,
        choices=readers,
        help_text="What kind of document it is. Empty: what its slug says.",
    )
    trust = models.PositiveSmallIntegerField(
        choices=Trust.choices,
        default=Trust.CURATED,
        help_text="Where two sources disagree, the one that is trusted more counts.",
    )

    sync = models.BooleanField("fetch regularly", default=False, help_text="By the command sync_sources.")
    every_hours = models.PositiveIntegerField(
        "every … hours", default=24, validators=[MinValueValidator(1)], help_text="24 for once a day; at least 1."
    )
    policy = models.CharField(
        max_length=16, choices=Policy.choices, default=Policy.REVIEW, help_text="What is done with a plan once fetched."
    )
    prices_as = models.CharField(
        max_length=8,
        blank=True,
        choices=[("list", "List prices"), ("sell", "Sell prices"), ("cost", "What we pay")],
        help_text="Empty: what such documents hold usually.",
    )
    channel = models.SlugField(max_length=64, blank=True, help_text="Offer its models on this channel. Empty: nowhere.")
    group = models.SlugField(max_length=64, blank=True, help_text="The group that reaches the channel.")
    only = NamesField(default=list, blank=True, help_text="Only ids like these, e.g. gpt-*, claude-*. Empty: all.")
    providers = NamesField(
        default=list, blank=True, help_text="Of a source that lists many providers, only these. Empty: the vendors."
    )
    publish = models.BooleanField(default=False, help_text="Publish its models; otherwise new ones are drafts.")

    checked_at = models.DateTimeField("last checked", null=True, blank=True, editable=False)
    error = models.CharField("last error", max_length=512, blank=True, editable=False)
    # Of the document that was last fetched from the URL and applied: by what to ask whether it has changed.
    etag = models.CharField("ETag", max_length=255, blank=True, editable=False)
    last_modified = models.CharField(max_length=64, blank=True, editable=False)
    last_sha256 = models.CharField(max_length=64, blank=True, editable=False)
    # Model id -> the day since when it is not in the documents any more; see catalog/imports/dropped_models.py.
    missing = ExactJSONField(default=dict, blank=True, editable=False)

    objects = SourceQuerySet.as_manager()
    # Without what every fetch writes: that is no decision of anybody's.
    history = history(excluded_fields=["checked_at", "error", "etag", "last_modified", "last_sha256", "missing"])

    class Meta:
        verbose_name = "source"

    def __str__(self) -> str:
        return self.name

    def is_due(self, *, at: dt.datetime) -> bool:
        return self.checked_at is None or self.checked_at + dt.timedelta(hours=self.every_hours) <= at

    def as_writer(self, providers: Sequence[str] = ()) -> source_trust.Writer:
        """The source as one whose word counts more or less than others'."""
        return source_trust.writer(self.slug, self.name, self.trust, providers=providers)

    def clean(self) -> None:
        super().clean()
        if not self.reader and self.slug not in dict(readers()):
            raise ValidationError({"reader": "Say what kind of document it is: its slug does not tell."})
        if self.sync and not self.url:
            raise ValidationError({"url": "Say where it is published, or do not fetch it regularly."})
        if self.group and not self.channel:
            raise ValidationError({"channel": "A group reaches models through a channel: name one."})

    @property
    def last_fetched(self) -> "Snapshot | None":
        """What was last fetched from the URL, where the host can be asked whether it has changed."""
        if not (self.etag or self.last_modified):
            return None
        return self.snapshots.filter(sha256=self.last_sha256).first()


class Snapshot(models.Model):
    """The bytes exactly as they were received, so that nothing a source said is ever lost."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="snapshots")
    sha256 = models.CharField("SHA-256", max_length=64)
    size = models.PositiveBigIntegerField(help_text="Bytes.")
    origin = models.CharField(max_length=255, blank=True, help_text="The file's name or the address it came from.")
    taken_at = models.DateTimeField(auto_now_add=True)
    packed = models.BinaryField(help_text="The bytes, compressed with gzip.")

    class Meta:
        verbose_name = "snapshot"
        constraints = [models.UniqueConstraint(fields=["source", "sha256"], name="catalog_snapshot_once_a_source")]

    def __str__(self) -> str:
        return f"{self.source} {self.sha256[:12]}"

    @property
    def content(self) -> bytes:
        """The bytes; InputError where they are not those any more."""
        try:
            content = gzip.decompress(bytes(self.packed))
        except (OSError, EOFError, zlib.error):
            content = b""
        if len(content) != self.size:
            raise InputError(f"The kept document {self} is damaged: it cannot be unpacked to what was received.")
        return content

    @property
    def file_name(self) -> str:
        """Of plain letters, whatever its origin was called."""
        return f"{self.source.slug}-{self.sha256[:12]}.{self._form[0]}"

    @property
    def content_type(self) -> str:
        return self._form[1]

    @property
    def _form(self) -> tuple[str, str]:
        return FORMS.get(self.source.reader or self.source.slug, ("json", "application/json"))

    @staticmethod
    def pack(content: bytes) -> bytes:
        return gzip.compress(content, mtime=0)


class ImportRunQuerySet(models.QuerySet["ImportRun"]):
    def waiting(self) -> "ImportRunQuerySet":
        """Those that somebody has to decide about."""
        return self.filter(status__in=[ImportRun.Status.PLANNED, ImportRun.Status.STOPPED])


class ImportRun(models.Model):
    class Status(models.TextChoices):
        PLANNED = "planned", "Waiting for review"
        STOPPED = "stopped", "Stopped by a guard"
        APPLIED = "applied", "Applied"
        DISCARDED = "discarded", "Discarded"
        ROLLED_BACK = "rolled_back", "Taken back"

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="runs")
    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="runs")
    status = models.CharField(max_length=16, choices=Status.choices, db_index=True)
    options = ExactJSONField(default=dict, help_text="How it was asked for.")
    report = ExactJSONField(default=dict, help_text="What was found and what was done.")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    applied_at = models.DateTimeField(null=True, blank=True)
    remark = models.TextField("what became of it", blank=True)

    objects = ImportRunQuerySet.as_manager()

    class Meta:
        verbose_name = "import run"

    def __str__(self) -> str:
        return f"{self.source} #{self.pk}"

    @property
    def is_waiting(self) -> bool:
        return self.status in (self.Status.PLANNED, self.Status.STOPPED)

    @property
    def counts(self) -> dict[str, Any]:
        """How many rows were new, changed, equal and so on."""
        return dict(self.report.get("counts", {}))
