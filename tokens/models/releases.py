"""Releases: when a model starts for one group, in place of the model's own start."""

from django.db import models

from catalog.db.history import history
from catalog.db.revision import TrackedModel, TrackedQuerySet, track
from catalog.models import AIModel
from tokens.models.groups import TokenGroup


class ModelRelease(TrackedModel):
    about_model = "model"
    named_by = ("model__name", "group__slug")

    model = models.ForeignKey(
        AIModel, on_delete=models.CASCADE, related_name="releases", help_text="The model that the group gets."
    )
    group = models.ForeignKey(
        TokenGroup,
        on_delete=models.CASCADE,
        related_name="releases",
        help_text="The group that gets the model at another time than others.",
    )
    starts_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Before this time, the model does not exist for the group, whatever the model's own start is. Leave "
        "empty to start at once.",
    )

    objects = TrackedQuerySet["ModelRelease"].as_manager()
    history = history()

    class Meta:
        verbose_name = "release"
        constraints = [models.UniqueConstraint(fields=["model", "group"], name="tokens_release_once_a_group")]

    def __str__(self) -> str:
        return f"{self.model} for group {self.group}"


track(ModelRelease)
