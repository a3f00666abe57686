"""Popular models, usage counts, and the tokens that may report usage."""

from django.db import models

from catalog.db.history import history
from catalog.db.revision import TrackedModel, TrackedQuerySet, track
from catalog.models import AIModel
from tokens.models import Token


class PopularModel(TrackedModel):
    """A model that the price list shows first."""

    revision_counter = "popularity"
    about_model = "model"

    model = models.OneToOneField(AIModel, on_delete=models.CASCADE, related_name="popularity")
    position = models.PositiveIntegerField(default=0, help_text="Models with a lower position come first.")

    objects = TrackedQuerySet["PopularModel"].as_manager()
    history = history()

    class Meta:
        verbose_name = "popular model"

    def __str__(self) -> str:
        return f"{self.position}. {self.model}"


class UsageCount(models.Model):
    """The usage of a model on a day (UTC) as one reporter counts it; a newer report replaces an older one.

    Not a tracked model: only past days determine popularity, and pricing/published/usage.py raises the revision
    when one of them changes.
    """

    model = models.ForeignKey(AIModel, on_delete=models.CASCADE, related_name="usage_counts")
    day = models.DateField()
    reporter = models.CharField(max_length=64, help_text="The key id of the reporter, or the name of a file's origin.")
    requests = models.PositiveBigIntegerField(default=0)
    tokens = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name = "usage count"
        indexes = [models.Index(fields=["day"], name="pricing_usage_day")]
        constraints = [models.UniqueConstraint(fields=["model", "day", "reporter"], name="pricing_usage_once_a_day")]

    def __str__(self) -> str:
        return f"{self.model} {self.day}: {self.requests}"


class UsageReporter(TrackedModel):
    """A token that may report usage, e.g. the gateway's; other tokens can only read."""

    revision_counter = "permissions"

    token = models.OneToOneField(Token, on_delete=models.CASCADE, related_name="usage_reporter")

    objects = TrackedQuerySet["UsageReporter"].as_manager()
    history = history()

    class Meta:
        verbose_name = "usage reporter"

    def __str__(self) -> str:
        return str(self.token)


track(PopularModel)
track(UsageReporter, counter="permissions")
