"""The admin of models, with their offers, aliases and pins."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from catalog.admin.base import (
    VERBATIM,
    BooleanRadioFilter,
    ChoicesDropdownFilter,
    ModelForm,
    RelatedDropdownFilter,
    StackedInline,
    StateFilter,
    Textarea,
    UntitledInline,
    display,
    figures_of,
)
from catalog.admin.forms import (
    AbsentOrNamesField,
    ConfirmedNames,
    LevelsField,
    NamedForm,
    NamesPicker,
    VerbatimField,
)
from catalog.admin.links import linked
from catalog.admin.lists.bulk_edit import BulkEditAdmin
from catalog.admin.lists.model_search import FindsModels
from catalog.db.fields import NamesFormField
from catalog.db.history import current_operator
from catalog.imports.dropped_models import describe_sources, dropped_models
from catalog.models import (
    AIModel,
    CodexProfile,
    EndpointType,
    FieldPin,
    ModelAlias,
    Offer,
    Source,
)
from catalog.models.aimodel import AIModelQuerySet
from catalog.models.pin import PRICES
from catalog.operators.permissions import may_see_prices, may_view
from catalog.vocabulary import CAPABILITIES, INPUT_MODALITIES, OUTPUT_MODALITIES, REASONING_LEVELS

SCHEDULED = "Scheduled"
NOT_LISTED = "Not listed"
NOT_IN_PRICE_LIST = "Not in price list"


def endpoint_names() -> QuerySet[EndpointType, str]:
    return EndpointType.objects.order_by("name").values_list("name", flat=True)


class OfferInline(UntitledInline):
    model = Offer
    fields = ["channel", "enabled", "upstream_name"]
    autocomplete_fields = ["channel"]


class AliasForm(ConfirmedNames, ModelForm):
    """An alias of the model on whose page it is."""


class AliasInline(UntitledInline):
    model = ModelAlias
    form = AliasForm
    fields = ["name", "listed"]


class CodexProfileForm(ModelForm):
    instructions = VerbatimField(
        widget=Textarea(attrs={**VERBATIM, "rows": 12}),
        help_text="The system prompt. Codex sends it unchanged in place of its own, so enter it in full. "
        "Codex can only call models with the endpoint type openai-response.",
    )
    reasoning_levels = LevelsField(
        required=False,
        widget=Textarea(attrs={**VERBATIM, "rows": 4, "placeholder": "low: Fast answers\nhigh: Thorough answers"}),
        help_text="The levels that users can choose, one per line: the effort, a colon, a description. Leave empty if "
        "the model has none: Codex then sends no reasoning effort.",
    )


class CodexProfileInline(StackedInline):
    model = CodexProfile
    form = CodexProfileForm
    verbose_name_plural = "Codex profile"
    fields = [
        "instructions",
        "reasoning_levels",
        ("default_reasoning_level", "default_verbosity"),
        ("patch_tool", "parallel_tool_calls"),
    ]


class PinInline(UntitledInline):
    """The fields that imports leave unchanged, with a mark if a source now has another value."""

    model = FieldPin
    fields = ["field", "reason", "pinned", "moved"]
    readonly_fields = ["pinned", "moved"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("upstream_source")

    @display(description="Pinned")
    def pinned(self, pin: FieldPin) -> str:
        return (
            ""
            if pin.pk is None
            else f"{pin.created_at:%Y-%m-%d}" + (f" by {pin.author_name}" if pin.author_name else "")
        )

    @display(description="Changed upstream since", label="warning")
    def moved(self, pin: FieldPin) -> str | None:
        if not pin.has_moved or (pin.field in PRICES and not may_see_prices(current_operator())):
            return None
        value = pin.upstream
        if isinstance(value, dict):
            value = " · ".join(f"{name} {part}" for name, part in value.items())
        return f"{pin.upstream_source}: {', '.join(value) if isinstance(value, list) else value}"


class AIModelForm(NamedForm):
    supported_endpoint_types = NamesFormField(
        required=False,
        widget=NamesPicker(endpoint_names),
        help_text="The endpoint types that can serve it, the preferred one first.",
    )
    input_modalities = NamesFormField(
        label="Input types",
        required=False,
        widget=NamesPicker(lambda: INPUT_MODALITIES),
        help_text="The types of input it accepts. Leave empty if not known.",
    )
    output_modalities = NamesFormField(
        label="Output types",
        required=False,
        widget=NamesPicker(lambda: OUTPUT_MODALITIES),
        help_text="The types of output it creates. Leave empty if not known.",
    )
    capabilities = NamesFormField(
        required=False,
        widget=NamesPicker(lambda: CAPABILITIES),
        help_text="Features that it supports. Clients see the words in the menu. Leave empty if not known.",
    )
    reasoning_levels = NamesFormField(
        required=False,
        widget=NamesPicker(lambda: REASONING_LEVELS),
        help_text="The reasoning efforts that a request may name. Leave empty if not known.",
    )
    public_endpoint_types = AbsentOrNamesField(
        absent="The supported endpoint types",
        listed="Only these, in this order (an empty list: the model is listed but cannot be called)",
        known=endpoint_names,
        help_text="The endpoint types that customers may call. They can differ from the supported ones.",
    )

    def clean_default_parameters(self) -> dict[str, Any]:
        return self.cleaned_data["default_parameters"] or {}


@figures_of("catalog.source")
class MissingFilter(StateFilter):
    title = "sources"
    parameter_name = "sources"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("missing", "No longer listed by a source")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(name__in=list(dropped_models())) if self.value() == "missing" else queryset


class StartFilter(StateFilter):
    title = "start"
    parameter_name = "start"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("scheduled", "Starts later")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(starts_at__gt=timezone.now()) if self.value() == "scheduled" else queryset


def _is_scheduled(model: AIModel) -> bool:
    return model.starts_at is not None and model.starts_at > timezone.now()


@admin.register(AIModel)
class AIModelAdmin(FindsModels, BulkEditAdmin):
    form = AIModelForm
    model_field = "pk"
    list_display = ["title_and_id", "vendor", "state", "endpoint_types", "released", "channels_listed"]
    list_filter = [
        ("status", ChoicesDropdownFilter),
        StartFilter,
        ("listed", BooleanRadioFilter),
        ("in_price_list", BooleanRadioFilter),
        ("vendor", RelatedDropdownFilter),
        ("offers__channel", RelatedDropdownFilter),
        MissingFilter,
    ]
    list_select_related = ["vendor"]
    search_fields = ["name", "display_name", "series", "vendor__name", "tags", "aliases__name"]
    ordering = ["name"]
    autocomplete_fields = ["vendor", "successor"]
    actions = [
        "bulk_edit",
        "publish",
        "back_to_draft",
        "list_models",
        "unlist_models",
        "show_in_price_list",
        "hide_from_price_list",
    ]
    inlines = [OfferInline, AliasInline, CodexProfileInline, PinInline]
    fieldsets = [
        (None, {"fields": ["name", "display_name", "vendor", "status", ("listed", "in_price_list")]}),
        ("Endpoints", {"fields": ["supported_endpoint_types", "public_endpoint_types"]}),
        (
            "Capabilities",
            {
                "fields": [
                    "context_length",
                    ("max_input_tokens", "max_output_tokens"),
                    ("input_modalities", "output_modalities"),
                    "capabilities",
                    "reasoning_levels",
                    ("knowledge_cutoff", "open_weights"),
                    ("version", "default_parameters"),
                ]
            },
        ),
        ("Presentation", {"fields": ["description", ("series", "icon"), "tags"]}),
        (
            "Lifecycle",
            {
                "fields": [
                    "starts_at",
                    "released_on",
                    "deprecated_on",
                    "retires_on",
                    ("successor", "forwards_to_successor"),
                    "sources_missing",
                ]
            },
        ),
    ]
    readonly_fields = ["sources_missing"]

    def merge(self, queryset: Any, rows: Any, of_models: Q) -> Any:
        """Only what the index finds, which has all columns: parts of words would find too much."""
        return queryset.filter(of_models)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(offer_count=Count("offers", distinct=True))

    def save_model(self, request: HttpRequest, obj: AIModel, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        for problem in obj.unreadable_facts():
            self.message_user(request, f"{problem[0].upper()}{problem[1:]}.", messages.WARNING)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        for row in formset.forms:
            if isinstance(row.instance, FieldPin) and row.instance.pk is None:
                row.instance.author = request.user
        super().save_formset(request, form, formset, change)

    def prepare_rows(self, rows: Iterable[Any], request: HttpRequest) -> None:
        missing = dropped_models() if may_view(request.user, Source) else {}
        for model in rows:
            model.missing = missing.get(model.name, [])

    @display(description="Model", ordering="name", header=True)
    def title_and_id(self, model: Any) -> list[str]:
        name = model.name if model.name != model.title else ""
        start = f"starts on {model.starts_at:%Y-%m-%d %H:%M:%S} UTC" if _is_scheduled(model) else ""
        return [model.title, " · ".join(part for part in (name, start, describe_sources(model.missing)) if part)]

    @figures_of("catalog.source")
    @display(description="Sources")
    def sources_missing(self, model: AIModel) -> str:
        return describe_sources(dropped_models().get(model.name, [])) or "All sources still list it."

    @display(
        description="Status",
        ordering="status",
        label={
            "Published": "success",
            "Draft": "warning",
            SCHEDULED: "info",
            NOT_LISTED: "info",
            NOT_IN_PRICE_LIST: "info",
        },
    )
    def state(self, model: AIModel) -> str:
        if model.status != AIModel.Status.PUBLISHED:
            return model.get_status_display()
        if _is_scheduled(model):
            return SCHEDULED
        if not model.listed:
            return NOT_LISTED
        return model.get_status_display() if model.in_price_list else NOT_IN_PRICE_LIST

    @display(description="Endpoint types")
    def endpoint_types(self, model: AIModel) -> str:
        return ", ".join(model.callable_endpoint_types)

    @display(description="Released", ordering="released_on")
    def released(self, model: AIModel) -> str:
        return "" if model.released_on is None else model.released_on.isoformat()

    @figures_of("catalog.offer")
    @display(description="Channels", ordering="offer_count")
    def channels_listed(self, model: Any) -> SafeString:
        return linked(model.offer_count, "catalog_offer", model__id__exact=model.pk)

    @admin.action(description="Publish selected models", permissions=["change"])
    def publish(self, request: HttpRequest, queryset: AIModelQuerySet) -> None:
        self.report(request, queryset.set_status(AIModel.Status.PUBLISHED), "published")

    @admin.action(description="Return selected models to draft", permissions=["change"])
    def back_to_draft(self, request: HttpRequest, queryset: AIModelQuerySet) -> None:
        self.report(request, queryset.set_status(AIModel.Status.DRAFT), "back to draft")

    @admin.action(description="Show selected models in lists of models", permissions=["change"])
    def list_models(self, request: HttpRequest, queryset: AIModelQuerySet) -> None:
        self.report(request, queryset.set_listed(True), "shown in lists of models")

    @admin.action(description="Leave selected models out of lists of models", permissions=["change"])
    def unlist_models(self, request: HttpRequest, queryset: AIModelQuerySet) -> None:
        self.report(request, queryset.set_listed(False), "left out of lists of models")

    @admin.action(description="Show selected models in the price list", permissions=["change"])
    def show_in_price_list(self, request: HttpRequest, queryset: AIModelQuerySet) -> None:
        self.report(request, queryset.set_in_price_list(True), "shown in the price list")

    @admin.action(description="Hide selected models from the price list", permissions=["change"])
    def hide_from_price_list(self, request: HttpRequest, queryset: AIModelQuerySet) -> None:
        self.report(request, queryset.set_in_price_list(False), "hidden from the price list")
