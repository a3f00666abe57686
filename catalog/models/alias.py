"""Alias: another id with which clients may request a model."""

from django.core.exceptions import ValidationError
from django.db import models

from catalog.db.history import history
from catalog.db.revision import TrackedModel, TrackedQuerySet
from catalog.models.aimodel import MODEL_NAME, AIModel
from catalog.models.facts import WILDCARD
from catalog.names.look_alikes import fault_of_name


class ModelAlias(TrackedModel):
    about_model = "model"

    name = models.CharField(
        "alias",
        max_length=255,
        unique=True,
        validators=[MODEL_NAME],
        help_text="Another id for the model, e.g. claude-opus-latest. Other responses than lists have the model id.",
    )
    model = models.ForeignKey(AIModel, on_delete=models.CASCADE, related_name="aliases")
    listed = models.BooleanField(
        default=False,
        help_text="If on, lists of models have a row of its own with this id, and with everything else of the model.",
    )

    objects = TrackedQuerySet["ModelAlias"].as_manager()
    history = history()

    class Meta:
        verbose_name = "alias"
        verbose_name_plural = "aliases"

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        super().clean()
        if self._state.adding and (fault := fault_of_name(self.name)):
            raise ValidationError({"name": fault})
        if AIModel.objects.filter(name=self.name).exists():
            raise ValidationError({"name": "A model already has this id: choose another alias."})
        if self.name.endswith(WILDCARD):
            raise ValidationError({"name": "An alias is one id: remove the * at its end, or create a model with it."})
