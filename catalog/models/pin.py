"""Field pin: a fact or price of a model that an operator has fixed, with a reason; imports do not change it."""

from typing import Any

from django.conf import settings
from django.db import models

from catalog.db.fields import ExactJSONField
from catalog.db.history import LONGEST_ACTOR, current_actor, history
from catalog.db.revision import TrackedModel, TrackedQuerySet
from catalog.models.aimodel import AIModel
from catalog.models.source import Source

FACTS = (
    "vendor", "status", "in_price_list", "listed", "display_name", "description", "series", "icon", "tags",
    "context_length", "max_input_tokens", "max_output_tokens", "input_modalities", "output_modalities", "capabilities",
    "reasoning_levels", "knowledge_cutoff", "open_weights", "supported_endpoint_types", "public_endpoint_types",
    "version", "default_parameters", "starts_at", "released_on", "deprecated_on", "retires_on",
    "successor", "forwards_to_successor",
)  # fmt: skip
# Prices are in other tables; they are named by their role.
PRICES = {"list_price": "List price", "sell_price": "Sell price", "cost_price": "Cost price"}


def price_field(role: str) -> str:
    """The name of a role's price in pins."""
    return f"{role}_price"


class FieldPinQuerySet(TrackedQuerySet["FieldPin"]):
    def mark(self, **upstream: Any) -> int:
        """Stores what a source states. This does not change the catalog, so the revision is unchanged."""
        return models.QuerySet.update(self, **upstream)


class FieldPin(TrackedModel):
    """Tracked although no customer sees it: import plans depend on it."""

    revision_counter = "number"
    about_model = "model"
    named_by = ("model__name", "field")

    FIELDS = [(name, name.replace("_", " ").capitalize()) for name in FACTS] + [*PRICES.items()]

    model = models.ForeignKey(AIModel, on_delete=models.CASCADE, related_name="pins")
    field = models.CharField(max_length=32, choices=FIELDS, help_text="The field that imports leave unchanged.")
    reason = models.CharField(max_length=255, help_text="Why the field is pinned, for other operators.")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )
    # It stays when the operator is deleted.
    author_name = models.CharField(
        "author", max_length=LONGEST_ACTOR, blank=True, editable=False, default=current_actor
    )
    created_at = models.DateTimeField("since", auto_now_add=True)
    # The latest different value of a source; None while all sources agree with the pinned value.
    upstream = ExactJSONField(null=True, blank=True, editable=False)
    upstream_source = models.ForeignKey(
        Source, null=True, blank=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )
    upstream_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = FieldPinQuerySet.as_manager()
    # Values of sources are not changes of the pin.
    history = history(excluded_fields=["upstream", "upstream_source", "upstream_at"])

    class Meta:
        verbose_name = "pinned field"
        constraints = [models.UniqueConstraint(fields=["model", "field"], name="catalog_pin_once_a_field")]

    def __str__(self) -> str:
        return f"{self.get_field_display()} of {self.model}"

    @property
    def has_moved(self) -> bool:
        """Whether a source now states another value."""
        return self.upstream_at is not None
