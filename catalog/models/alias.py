"""Alias: another id under which clients may ask for a model."""

from django.core.exceptions import ValidationError
from django.db import models

from catalog.db.history import history
from catalog.db.revision import TrackedModel, TrackedQuerySet
from catalog.models.aimodel import MODEL_NAME, AIModel


class ModelAlias(TrackedModel):
    name = models.CharField(
        "alias",
        max_length=255,
        unique=True,
        validators=[MODEL_NAME],
        help_text="e.g. claude-opus-latest. Asking for it answers with the model's own id; lists do not show it.",
    )
    model = models.ForeignKey(AIModel, on_delete=models.CASCADE, related_name="aliases")

    objects = TrackedQuerySet["ModelAlias"].as_manager()
    history = history()

    class Meta:
        verbose_name = "alias"
        verbose_name_plural = "aliases"

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        super().clean()
        if AIModel.objects.filter(name=self.name).exists():
            raise ValidationError({"name": "A model has this id already."})
