"""Endpoint type: an API through which a model can be called, under the name that clients know."""

from collections.abc import Collection

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import ProtectedError

from catalog.db.history import history
from catalog.db.revision import TrackedModel, TrackedQuerySet
from catalog.models.aimodel import AIModel

# Operators of other gateways have typed the object in place of the name, so that types were named path and method.
NAME = RegexValidator(
    r"^(?!path$|method$)[a-z0-9][a-z0-9-]*$",
    "This is not a valid name: use lower-case letters, digits and dashes, e.g. openai-response.",
)


class EndpointType(TrackedModel):
    class Method(models.TextChoices):
        GET = "GET"
        POST = "POST"

    name = models.CharField(
        max_length=64,
        unique=True,
        validators=[NAME],
        help_text="The name that clients use, e.g. openai or anthropic.",
    )
    path = models.CharField(
        max_length=255,
        validators=[RegexValidator(r"^/", "This is not a valid path: start it with a slash.")],
        help_text="The gateway's path for it, e.g. /v1/chat/completions. {model} is replaced by the model id.",
    )
    method = models.CharField(max_length=8, choices=Method.choices, default=Method.POST)
    label = models.CharField(max_length=128, blank=True, help_text="A short description.")

    objects = TrackedQuerySet["EndpointType"].as_manager()
    history = history()

    class Meta:
        verbose_name = "endpoint type"

    def __str__(self) -> str:
        return self.name

    def models_using(self) -> models.QuerySet[AIModel]:
        """Models that have this type, supported or public."""
        return models_using([self.name])

    def delete(self, *args: object, **kwargs: object) -> tuple[int, dict[str, int]]:
        users: set[models.Model] = set(self.models_using()[:20])
        if users:
            raise ProtectedError(f"Models still use the endpoint type {self.name}.", users)
        return super().delete(*args, **kwargs)


def models_using(endpoint_types: Collection[str]) -> models.QuerySet[AIModel]:
    """Models that have one of these endpoint types, supported or public."""
    uses = models.Q(pk__in=[])
    for name in endpoint_types:
        quoted = f'"{name}"'  # quoted as in JSON: openai is not openai-response
        uses |= models.Q(supported_endpoint_types__icontains=quoted)
        uses |= models.Q(public_endpoint_types__icontains=quoted)
    return AIModel.objects.filter(uses)
