"""Endpoint type: a way to call a model, as clients know it by name."""

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import ProtectedError

from catalog.db.history import history
from catalog.db.revision import TrackedModel, TrackedQuerySet
from catalog.models.aimodel import AIModel

# `path` and `method` as names are a known slip of operators elsewhere, who typed the object in the name's place.
NAME = RegexValidator(
    r"^(?!path$|method$)[a-z0-9][a-z0-9-]*$", "Lower-case letters, digits and dashes, e.g. openai-response."
)


class EndpointType(TrackedModel):
    class Method(models.TextChoices):
        GET = "GET"
        POST = "POST"

    name = models.CharField(
        max_length=64,
        unique=True,
        validators=[NAME],
        help_text="The name that clients look for, e.g. openai or anthropic.",
    )
    path = models.CharField(
        max_length=255,
        validators=[RegexValidator(r"^/", "A path starts with a slash.")],
        help_text="Where the gateway serves it, e.g. /v1/chat/completions; {model} stands for the model's id.",
    )
    method = models.CharField(max_length=8, choices=Method.choices, default=Method.POST)
    label = models.CharField(max_length=128, blank=True, help_text="What it does, in a few words.")

    objects = TrackedQuerySet["EndpointType"].as_manager()
    history = history()

    class Meta:
        verbose_name = "endpoint type"

    def __str__(self) -> str:
        return self.name

    def models_using(self) -> models.QuerySet[AIModel]:
        """The models that name this type, supported or public."""
        quoted = f'"{self.name}"'  # as JSON has it: openai is not openai-response
        return AIModel.objects.filter(
            models.Q(supported_endpoint_types__icontains=quoted) | models.Q(public_endpoint_types__icontains=quoted)
        )

    def delete(self, *args: object, **kwargs: object) -> tuple[int, dict[str, int]]:
        users: set[models.Model] = set(self.models_using()[:20])
        if users:
            raise ProtectedError(f"Models still name the endpoint type {self.name}.", users)
        return super().delete(*args, **kwargs)
