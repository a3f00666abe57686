"""AIModel: one model that clients can name, with the facts about it. "Model" on screen."""

import datetime as dt

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q

from catalog.db.bulk import update_with_history
from catalog.db.fields import ExactJSONField, NamesField
from catalog.db.history import history
from catalog.db.revision import TrackedModel, TrackedQuerySet
from catalog.models.vendor import Vendor
from catalog.parameters import validate_parameters

# Ids of real gateways hold slashes, colons, at signs and spaces; what breaks URLs, lists and logs is kept out.
MODEL_NAME = RegexValidator(
    r"^[^\s,\x00-\x1f\x7f](?:[^,\x00-\x1f\x7f]*[^\s,\x00-\x1f\x7f])?$",
    "No commas, line breaks or control characters, and no space at either end.",
)


class AIModelQuerySet(TrackedQuerySet["AIModel"]):
    def published(self) -> "AIModelQuerySet":
        return self.filter(status=AIModel.Status.PUBLISHED)

    def offered(self) -> "AIModelQuerySet":
        """Those that an enabled channel offers: what some group may reach."""
        return self.filter(
            pk__in=AIModel.objects.filter(offers__enabled=True, offers__channel__enabled=True).values("pk")
        )

    def not_retired(self, *, on: dt.date) -> "AIModelQuerySet":
        return self.filter(Q(retires_on=None) | Q(retires_on__gt=on))

    def set_status(self, status: str) -> int:
        """Publishes these models or takes them back to drafts, with history; returns how many changed."""
        return update_with_history(self.exclude(status=status), status=status)


class AIModel(TrackedModel):
    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        PUBLISHED = "published", "Published"

    class Lifecycle(models.TextChoices):
        ACTIVE = "active"
        DEPRECATED = "deprecated"
        RETIRED = "retired"

    name = models.CharField(
        "model id",
        max_length=255,
        unique=True,
        validators=[MODEL_NAME],
        help_text="What clients send as model, e.g. gpt-4o or anthropic/claude-sonnet-4-5. Case matters.",
    )
    display_name = models.CharField(
        max_length=255, blank=True, help_text="For people, e.g. Claude Opus 4.8. Empty: the id."
    )
    vendor = models.ForeignKey(Vendor, on_delete=models.PROTECT, related_name="models", help_text="Who made it.")
    status = models.CharField(
        max_length=16,
        choices=Status.choices,
        default=Status.DRAFT,
        db_index=True,
        help_text="A draft is seen by nobody outside this admin, whatever channels offer it.",
    )
    description = models.TextField(blank=True)
    series = models.CharField(max_length=64, blank=True, db_index=True, help_text="The family, e.g. gpt-4o.")
    icon = models.CharField(max_length=128, blank=True, help_text="Empty: the vendor's.")
    tags = NamesField(default=list, blank=True, help_text="Separated by commas, e.g. Tools, 128K.")

    context_length = models.PositiveBigIntegerField(null=True, blank=True, help_text="Tokens. Empty: not known.")
    max_output_tokens = models.PositiveBigIntegerField(null=True, blank=True, help_text="Tokens. Empty: not known.")
    input_modalities = NamesField(
        default=list, blank=True, help_text="text, image, audio, video, pdf. Empty: not known."
    )
    output_modalities = NamesField(
        default=list, blank=True, help_text="text, image, audio, video, embedding. Empty: not known."
    )
    capabilities = NamesField(default=list, blank=True, help_text="e.g. tools, reasoning, vision, structured_outputs.")

    version = models.CharField(
        max_length=64,
        blank=True,
        help_text="The vendor's own name of this edition, e.g. 001. Told to Gemini's clients.",
    )
    default_parameters = ExactJSONField(
        default=dict,
        blank=True,
        validators=[validate_parameters],
        help_text="What it answers with where a caller says nothing: temperature, top_p, top_k, max_temperature, e.g. "
        '{"temperature": 1, "top_p": 0.95}. Told to Gemini\'s clients. Empty: not known.',
    )

    supported_endpoint_types = NamesField(
        default=list, blank=True, help_text="What can serve it, the preferred one first, e.g. anthropic, openai."
    )
    public_endpoint_types = NamesField(
        null=True,
        blank=True,
        help_text="What customers may call. Tick “same as supported” or curate a list; it need not be a subset.",
    )

    released_on = models.DateField(null=True, blank=True, help_text="Shown to clients as created. Empty: not known.")
    deprecated_on = models.DateField(
        null=True, blank=True, help_text="From this day (UTC) on, new users should look elsewhere."
    )
    retires_on = models.DateField(
        null=True, blank=True, help_text="From this day (UTC) on it is in no list; shown to clients as shutdown_date."
    )
    successor = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="predecessors",
        help_text="What replaces it.",
    )

    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = AIModelQuerySet.as_manager()
    history = history()

    class Meta:
        verbose_name = "model"
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="catalog_model_named"),
            models.CheckConstraint(
                condition=Q(deprecated_on=None) | Q(retires_on=None) | Q(retires_on__gte=F("deprecated_on")),
                name="catalog_model_retires_after_deprecation",
                violation_error_message="A model cannot retire before it is deprecated.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def title(self) -> str:
        """The name for people."""
        return self.display_name or self.name

    @property
    def created(self) -> int:
        """The release date as Unix seconds, 0 when it is not known."""
        if self.released_on is None:
            return 0
        return int(dt.datetime.combine(self.released_on, dt.time(), tzinfo=dt.UTC).timestamp())

    def selectors(self) -> dict[str, list[str]]:
        """What patterns of tokens may name beside the id; reads the vendor."""
        inputs, outputs = self.input_modalities, self.output_modalities
        return {
            "vendor": [self.vendor.slug, self.vendor.name],
            "series": [self.series],
            "tag": self.tags,
            "endpoint": self.callable_endpoint_types,
            "modality": [
                *inputs,
                *outputs,
                *(f"input-{name}" for name in inputs),
                *(f"output-{name}" for name in outputs),
            ],
        }

    def lifecycle(self, *, on: dt.date) -> str:
        """The stage on a day; a date of retirement alone, which may be years away, deprecates nothing."""
        if self.retires_on is not None and self.retires_on <= on:
            return self.Lifecycle.RETIRED
        is_deprecated = self.deprecated_on is not None and self.deprecated_on <= on
        return self.Lifecycle.DEPRECATED if is_deprecated else self.Lifecycle.ACTIVE

    @property
    def callable_endpoint_types(self) -> list[str]:
        """What customers may call: the curated list, or all that is supported where nobody curated one."""
        curated: list[str] | None = self.public_endpoint_types
        return list(self.supported_endpoint_types) if curated is None else curated

    def clean(self) -> None:
        super().clean()
        from catalog.models.endpoint import EndpointType

        known = set(EndpointType.objects.values_list("name", flat=True))
        for field in ("supported_endpoint_types", "public_endpoint_types"):
            unknown = [name for name in getattr(self, field) or [] if name not in known]
            if unknown:
                raise ValidationError({field: f"Not in the registry of endpoint types: {', '.join(unknown)}."})
