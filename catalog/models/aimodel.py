"""AIModel: one model that clients can request, with its facts. It is called "model" on screen."""

import datetime as dt
import re
from collections.abc import Mapping
from typing import TypeVar

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q

from catalog.db.bulk import update_with_history
from catalog.db.fields import ExactJSONField, NamesField
from catalog.db.history import history
from catalog.db.revision import TrackedModel, TrackedQuerySet
from catalog.models.facts import WILDCARD, ModelFacts
from catalog.models.vendor import Vendor
from catalog.names.look_alikes import fault_of_name
from catalog.parameters import validate_parameters
from catalog.vocabulary import CUTOFF

# Real ids contain slashes, colons, at signs and spaces. Characters that break URLs, lists or logs are refused.
NAME_PATTERN = r"^[^\s,\x00-\x1f\x7f](?:[^,\x00-\x1f\x7f]*[^\s,\x00-\x1f\x7f])?$"
MODEL_NAME = RegexValidator(
    NAME_PATTERN,
    "This is not a valid model id: use no commas, line breaks or control characters, and no space at the start or end.",
)

LONGEST_NAME = 255

# The key or the id of a model.
K = TypeVar("K", int, str)


def wildcards_of(name: str) -> list[str]:
    """The ids of all wildcard models that can stand for this id, the longest first; none for an invalid id.

    They stand for no id with empty or dotted path segments: a gateway may read another model in such an address.
    """
    if re.fullmatch(NAME_PATTERN, name) is None or not {"", ".", ".."}.isdisjoint(name.split("/")):
        return []
    longest = min(len(name.partition(WILDCARD)[0]), LONGEST_NAME - len(WILDCARD))
    return [name[:length] + WILDCARD for length in range(longest, 0, -1)]


def successor_cycle(first: K, successors: Mapping[K, K | None]) -> list[K]:
    """The models that replace each other in a circle through the first one, beginning with it; empty if none do."""
    path: list[K] = []
    current: K | None = first
    while current is not None and current not in path:
        path.append(current)
        current = successors.get(current)
    return path if current == first else []


def circular_successors(new: Mapping[str, str | None], stored: Mapping[str, str | None]) -> dict[str, list[str]]:
    """Id -> the circle that its new successor would close; ids whose successor can be set are left out.

    All new successors count together, so that models can change places.
    """
    successors, circles, is_final = {**stored, **new}, dict[str, list[str]](), False
    while not is_final:
        is_final = True
        # The first one is set, if two exclude each other.
        for name in reversed([*new]):
            if name not in circles and (circle := successor_cycle(name, successors)):
                circles[name], successors[name], is_final = circle, stored.get(name), False
    return circles


class AIModelQuerySet(TrackedQuerySet["AIModel"]):
    def published(self) -> "AIModelQuerySet":
        return self.filter(status=AIModel.Status.PUBLISHED)

    def offered(self) -> "AIModelQuerySet":
        """Models that an enabled channel offers, so that a group can reach them."""
        return self.filter(
            pk__in=AIModel.objects.filter(offers__enabled=True, offers__channel__enabled=True).values("pk")
        )

    def not_retired(self, *, on: dt.date) -> "AIModelQuerySet":
        return self.filter(Q(retires_on=None) | Q(retires_on__gt=on))

    def set_status(self, status: str) -> int:
        """Sets the status of these models, with history; returns the number of changed models."""
        return update_with_history(self.exclude(status=status), status=status)

    def set_in_price_list(self, is_shown: bool) -> int:
        """Shows these models in the price list or hides them from it, with history; returns how many changed."""
        return update_with_history(self.exclude(in_price_list=is_shown), in_price_list=is_shown)

    def set_listed(self, is_listed: bool) -> int:
        """Shows these models in lists of models or leaves them out, with history; returns how many changed."""
        return update_with_history(self.exclude(listed=is_listed), listed=is_listed)


class AIModel(ModelFacts, TrackedModel):
    about_model = "pk"

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        PUBLISHED = "published", "Published"

    name = models.CharField(
        "model id",
        max_length=LONGEST_NAME,
        unique=True,
        validators=[MODEL_NAME],
        help_text="The id that clients send as model, e.g. gpt-4o or anthropic/claude-sonnet-4-5. Case-sensitive. An "
        "id that ends in *, e.g. gpt-4-gizmo-*, stands for every id that begins with the rest and has no model or "
        "alias of its own.",
    )
    display_name = models.CharField(
        max_length=255, blank=True, help_text="The name on pages, e.g. Claude Opus 4.8. Leave empty to show the id."
    )
    vendor = models.ForeignKey(
        Vendor, on_delete=models.PROTECT, related_name="models", help_text="The company that made the model."
    )
    status = models.CharField(
        max_length=16,
        choices=Status.choices,
        default=Status.DRAFT,
        db_index=True,
        help_text="A draft is only visible in this admin, even if channels offer it.",
    )
    in_price_list = models.BooleanField(
        default=True,
        help_text="If off, the price list, the public pages and the exports leave the model out. Keys of its groups "
        "still list it, call it and get quotes.",
    )
    listed = models.BooleanField(
        default=True,
        help_text="If off, lists of models leave the model out: those of the API and of Codex, and the exports that "
        "programs read as lists. Keys of its groups still call it, and get it by its id.",
    )
    description = models.TextField(blank=True, help_text="Shown on the model's page. Leave empty for none.")
    series = models.CharField(max_length=64, blank=True, db_index=True, help_text="The model family, e.g. gpt-4o.")
    icon = models.CharField(
        max_length=128, blank=True, help_text="A lobe-icons name. Leave empty to use the vendor's icon."
    )
    tags = NamesField(default=list, blank=True, help_text="Separate tags with commas, e.g. Tools, 128K.")

    context_length = models.PositiveBigIntegerField(
        null=True,
        blank=True,
        help_text="The context window: input and output of one request together, in tokens. Leave empty if unknown.",
    )
    max_input_tokens = models.PositiveBigIntegerField(
        null=True,
        blank=True,
        help_text="The longest input in tokens, if it is shorter than the context window. Leave empty if the vendor "
        "states no limit of its own for the input.",
    )
    max_output_tokens = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="The longest output in tokens. Leave empty if unknown."
    )
    input_modalities = NamesField(
        default=list, blank=True, help_text="text, image, audio, video, pdf. Leave empty if unknown."
    )
    output_modalities = NamesField(
        default=list, blank=True, help_text="text, image, audio, video, embedding. Leave empty if unknown."
    )
    capabilities = NamesField(
        default=list, blank=True, help_text="For example tools, reasoning, vision, structured_outputs."
    )
    reasoning_levels = NamesField(
        default=list,
        blank=True,
        help_text="The reasoning efforts that a request may name, e.g. low, medium, high. Leave empty if unknown.",
    )

    knowledge_cutoff = models.CharField(
        max_length=10,
        blank=True,
        default="",
        db_default="",
        validators=[RegexValidator(rf"^{CUTOFF}$", "This is not a year, month or day such as 2026-01. Enter one.")],
        help_text="How recent the model's knowledge is: a day, month or year, e.g. 2026-01. Leave empty if unknown.",
    )
    open_weights = models.BooleanField(
        null=True, blank=True, help_text="Whether the weights can be downloaded. Choose “Unknown” if that is not known."
    )
    version = models.CharField(
        max_length=64,
        blank=True,
        help_text="The vendor's own version name, e.g. 001. Shown to Gemini clients.",
    )
    default_parameters = ExactJSONField(
        default=dict,
        blank=True,
        validators=[validate_parameters],
        help_text="Default values of temperature, top_p, top_k and max_temperature, e.g. "
        '{"temperature": 1, "top_p": 0.95}. Shown to Gemini and OpenAI clients. Leave empty if unknown.',
    )

    supported_endpoint_types = NamesField(
        default=list,
        blank=True,
        help_text="All endpoint types that can serve the model, the preferred one first, e.g. anthropic, openai.",
    )
    public_endpoint_types = NamesField(
        null=True,
        blank=True,
        help_text="The endpoint types that customers may call. Tick “same as supported” or enter any list.",
    )

    starts_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Before this time, the model does not exist for callers: no list has it, and no call is allowed. A "
        "release can state another start for a group. Leave empty to start at once.",
    )
    released_on = models.DateField(
        null=True,
        blank=True,
        help_text="Shown to clients as created. Leave empty if unknown: they then see the day on which the catalog "
        "learned of the model.",
    )
    deprecated_on = models.DateField(
        null=True, blank=True, help_text="From this day (UTC) on, new users should choose another model."
    )
    retires_on = models.DateField(
        null=True,
        blank=True,
        help_text="From this day (UTC) on, lists omit the model. Shown to clients as shutdown_date.",
    )
    successor = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="predecessors",
        help_text="The model that replaces this one.",
    )
    forwards_to_successor = models.BooleanField(
        default=False,
        db_default=False,
        help_text="From the retirement on, calls of this id go to the successor, at its prices, for keys that may call "
        "both. Lists omit the model all the same.",
    )

    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = AIModelQuerySet.as_manager()
    history = history()

    class Meta:
        verbose_name = "model"
        indexes = [
            models.Index(fields=["starts_at"], name="catalog_model_starts", condition=Q(starts_at__isnull=False)),
        ]
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

    def forwards(self, *, on: dt.date) -> bool:
        """Whether calls of the id go to the successor on a day; the successor may forward them again."""
        is_retired = self.retires_on is not None and self.retires_on <= on
        return is_retired and self.forwards_to_successor and self.successor_id is not None and not self.is_wildcard

    def validate_forwarding(self) -> None:
        """ValidationError if nobody knows to which model calls of the id would go."""
        if not self.forwards_to_successor:
            return
        problem = ""
        if self.successor is None:
            problem = "Choose a successor first: calls of a retired id can only go to one."
        elif self.is_wildcard or self.successor.is_wildcard:
            problem = (
                "An id that ends in * stands for many ids: their calls cannot go to one successor, or come from one."
            )
        if problem:
            raise ValidationError({"forwards_to_successor": problem})

    def clean(self) -> None:
        super().clean()
        from catalog.models.endpoint import EndpointType

        if self._state.adding and (fault := fault_of_name(self.name)):
            raise ValidationError({"name": fault})
        self._refuse_cycle()
        self.validate_forwarding()

        known = set(EndpointType.objects.values_list("name", flat=True))
        for field in ("supported_endpoint_types", "public_endpoint_types"):
            unknown = [name for name in getattr(self, field) or [] if name not in known]
            if unknown:
                raise ValidationError(
                    {field: f"Unknown endpoint types: {', '.join(unknown)}. Add them under endpoint types first."}
                )

    def _refuse_cycle(self) -> None:
        """ValidationError if the model would follow itself, directly or through others."""
        if self.successor_id is None or self.pk is None:
            return
        successors = dict(AIModel.objects.exclude(successor=None).values_list("pk", "successor"))
        if cycle := successor_cycle(self.pk, successors | {self.pk: self.successor_id}):
            names = dict(AIModel.objects.filter(pk__in=cycle).values_list("pk", "name"))
            path = " → ".join(names[key] for key in (*cycle, cycle[0]))
            raise ValidationError(
                {
                    "successor": "A model cannot replace itself."
                    if len(cycle) == 1
                    else f"These models would replace each other: {path}. Choose another successor."
                }
            )
