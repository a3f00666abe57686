"""Popular models, the usage of models, and the tokens that may report usage."""

import datetime as dt

from django.db import models

from catalog.db.deletion import WRITTEN_BY_SOFTWARE
from catalog.db.fields import ExactDecimalField, ExactJSONField
from catalog.db.history import history
from catalog.db.revision import TrackedModel, TrackedQuerySet, track
from catalog.models import AIModel
from tokens.models import Token


class PopularModel(TrackedModel):
    """A model that the price list shows first."""

    revision_counter = "popularity"
    about_model = "model"
    named_by = ("model__name",)

    model = models.OneToOneField(AIModel, on_delete=models.CASCADE, related_name="popularity")
    position = models.PositiveIntegerField(default=0, help_text="Models with a lower position come first.")

    objects = TrackedQuerySet["PopularModel"].as_manager()
    history = history()

    class Meta:
        verbose_name = "popular model"

    def __str__(self) -> str:
        return f"{self.position}. {self.model}"


class UsageCountQuerySet(models.QuerySet["UsageCount"]):
    def undeletable(self, *, at: dt.datetime) -> "UsageCountQuerySet":
        return self


class UsageCount(models.Model):
    """The usage of a model on a day (UTC) as one source of a reporter counts it, under the name that it reports.

    A newer report replaces an older one of the same source. Single events are added up under the source EVENTS.
    Not a tracked model: only past days determine popularity, and pricing/usage/totals.py raises the revision when one
    of them changes.
    """

    # The source of the sums of single events; reports of daily totals cannot have it.
    EVENTS = "events"

    model = models.ForeignKey(
        AIModel,
        null=True,
        on_delete=models.CASCADE,
        related_name="usage_counts",
        help_text="The model that the name stands for. Empty if the catalog has none.",
    )
    name = models.CharField("reported name", max_length=255, help_text="The id or alias that was reported.")
    day = models.DateField()
    reporter = models.CharField(max_length=64, help_text="The key id of the reporter, or the name of a file's origin.")
    source = models.CharField(
        max_length=64,
        blank=True,
        default="",
        help_text="The part of the reporter that counted, e.g. a worker; events: the sum of single events.",
    )
    requests = models.PositiveBigIntegerField(default=0)
    tokens = models.PositiveBigIntegerField(default=0)

    why_undeletable = WRITTEN_BY_SOFTWARE
    objects = UsageCountQuerySet.as_manager()

    class Meta:
        verbose_name = "usage count"
        indexes = [
            models.Index(fields=["day"], name="pricing_usage_day"),
            models.Index(fields=["name"], condition=models.Q(model=None), name="pricing_usage_unknown"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["name", "day", "reporter", "source"], name="pricing_usage_once_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.name} on {self.day}"


class UsageEvent(models.Model):
    """One call of a model, as a reporter reports it, with what its group is charged for it.

    Not a tracked model: nothing that readers can see depends on it. `prune` removes old events; the sums of their
    costs stay.
    """

    reporter = models.ForeignKey(
        Token,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
        help_text="The token that reported the call.",
    )
    event_id = models.CharField(
        "event id", max_length=128, help_text="The reporter's own id of the call; each id counts once."
    )
    token = models.ForeignKey(
        Token,
        null=True,
        on_delete=models.SET_NULL,
        related_name="usage_events",
        db_index=False,
        help_text="The token that the call was made with. Empty if there is none with the key id.",
    )
    key_id = models.CharField("key id", max_length=64, help_text="The key id that was reported.")
    model = models.ForeignKey(
        AIModel,
        null=True,
        on_delete=models.SET_NULL,
        related_name="usage_events",
        db_index=False,
        help_text="The model that the name stands for. Empty if the catalog has none.",
    )
    name = models.CharField("reported name", max_length=255, help_text="The id or alias that was reported.")
    group = models.CharField(max_length=64, blank=True, help_text="The group whose price is charged. Empty if unknown.")
    at = models.DateTimeField("time", help_text="When the call was made.")
    usage = ExactJSONField(help_text="Meter -> quantity, or quantity and unit.")
    request = ExactJSONField(default=dict, blank=True, help_text="Facts of the request that can decide its price.")
    cost = ExactDecimalField(null=True, blank=True, help_text="What the group is charged. Empty if unknown.")
    currency = models.CharField(max_length=3, blank=True, help_text="The currency of the cost. Empty if unknown.")
    digest = models.CharField(max_length=32, editable=False, help_text="A digest of what was reported.")
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "usage event"
        indexes = [
            models.Index(fields=["at"], name="pricing_event_at"),
            models.Index(fields=["token", "at"], name="pricing_event_token"),
            models.Index(fields=["model", "at"], name="pricing_event_model"),
            models.Index(fields=["name"], condition=models.Q(cost=None), name="pricing_event_unpriced"),
        ]
        constraints = [models.UniqueConstraint(fields=["reporter", "event_id"], name="pricing_event_once")]

    def __str__(self) -> str:
        return f"{self.name} ({self.event_id})"


class UsageReporter(TrackedModel):
    """A token that may report usage, e.g. the gateway's; other tokens can only read."""

    revision_counter = "permissions"
    named_by = ("token__name", "token__key_id")

    token = models.OneToOneField(Token, on_delete=models.CASCADE, related_name="usage_reporter")

    objects = TrackedQuerySet["UsageReporter"].as_manager()
    history = history()

    class Meta:
        verbose_name = "usage reporter"

    def __str__(self) -> str:
        return str(self.token)


track(PopularModel)
track(UsageReporter, counter="permissions")
