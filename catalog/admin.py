"""The admin of what exists: vendors, endpoint types, channels, models, offers, sources and imports."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from catalog.adminbase import (
    BooleanRadioFilter,
    ChoicesDropdownFilter,
    CuratedAdmin,
    CuratedForm,
    ReadOnlyAdmin,
    RelatedDropdownFilter,
    StateFilter,
    UntitledInline,
    detail_action,
    disable,
    display,
    enable,
)
from catalog.adminforms import AbsentOrNamesField, NamesPicker
from catalog.fields import NamesFormField
from catalog.missing import missing_models, told
from catalog.models import (
    AIModel,
    Channel,
    EndpointType,
    FieldPin,
    ImportRun,
    ModelAlias,
    Offer,
    Revision,
    Snapshot,
    Source,
    Vendor,
)
from catalog.models.aimodel import AIModelQuerySet
from catalog.models.source import SourceQuerySet
from catalog.refusals import InputError
from catalog.reports import counted, sections
from catalog.vocabulary import CAPABILITIES, INPUT_MODALITIES, OUTPUT_MODALITIES


def linked(text: object, page: str, **filters: Any) -> SafeString:
    """A text that leads to a list, filtered."""
    return format_html('<a class="text-link" href="{}">{}</a>', admin_list(page, **filters), text)


def listed(count: int, noun: str, page: str, **filters: Any) -> SafeString:
    """A count that leads to the list of what it counts."""
    return linked(f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s", page, **filters)


def admin_list(page: str, **filters: Any) -> str:
    """The address of an admin list, filtered."""
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    return reverse(f"admin:{page}_changelist") + (f"?{query}" if query else "")


def endpoint_names() -> QuerySet[EndpointType, str]:
    return EndpointType.objects.order_by("name").values_list("name", flat=True)


class HasModelsFilter(StateFilter):
    title = "models"
    parameter_name = "models"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("some", "With models"), ("none", "Without a model")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case "some":
                return queryset.filter(model_count__gt=0)
            case "none":
                return queryset.filter(model_count=0)
        return queryset


@admin.register(Vendor)
class VendorAdmin(CuratedAdmin):
    list_display = ["name", "slug", "aliases_shown", "models_listed"]
    list_filter = [HasModelsFilter]
    search_fields = ["name", "slug", "aliases"]
    ordering = ["name"]
    prepopulated_fields = {"slug": ["name"]}
    fields = ["name", "slug", "aliases", "icon", "description"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(model_count=Count("models"))

    @display(description="Aliases")
    def aliases_shown(self, vendor: Vendor) -> str:
        return ", ".join(vendor.aliases)

    @display(description="Models", ordering="model_count")
    def models_listed(self, vendor: Any) -> SafeString:
        return listed(vendor.model_count, "model", "catalog_aimodel", vendor__id__exact=vendor.pk)


@admin.register(EndpointType)
class EndpointTypeAdmin(CuratedAdmin):
    list_display = ["name", "method", "path", "label"]
    list_filter = [("method", ChoicesDropdownFilter)]
    search_fields = ["name", "path", "label"]
    ordering = ["name"]
    fields = ["name", "label", "method", "path"]

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[EndpointType]) -> None:
        """One by one: a type that models name stays, and the message says so."""
        for endpoint_type in queryset:
            self.delete_model(request, endpoint_type)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """The models that name a type hold it, though no foreign key says so."""
        found, counts, lacking, protected = super().get_deleted_objects(objs, request)
        users = {model for endpoint_type in objs for model in endpoint_type.models_using()[:20]}
        return found, counts, lacking, [*protected, *sorted(map(str, users))]


@admin.register(Channel)
class ChannelAdmin(CuratedAdmin):
    list_display = ["name", "slug", "enabled", "offers_listed", "priority", "weight"]
    list_filter = [("enabled", BooleanRadioFilter)]
    search_fields = ["name", "slug", "base_url", "note"]
    ordering = ["name"]
    actions = [enable, disable]
    prepopulated_fields = {"slug": ["name"]}
    fieldsets = [
        (None, {"fields": ["name", "slug", "enabled", "offers_listed"]}),
        ("Upstream", {"fields": ["base_url", "priority", "weight", "note"]}),
    ]
    readonly_fields = ["offers_listed"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(offer_count=Count("offers"))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """How many offers go with each channel: named one by one, thousands would each be asked for their model."""
        counts = {channel: Offer.objects.filter(channel=channel).count() for channel in objs}
        found = [line for channel, count in counts.items() for line in (f"Channel: {channel}", [f"Offers: {count:,}"])]
        may_delete = request.user.has_perm("catalog.delete_offer") or not any(counts.values())
        told = {Channel._meta.verbose_name_plural: len(counts), Offer._meta.verbose_name_plural: sum(counts.values())}
        return found, told, set() if may_delete else {Offer._meta.verbose_name}, []

    @display(description="Offers", ordering="offer_count")
    def offers_listed(self, channel: Any) -> SafeString | str:
        """A link and no inline: a channel may offer thousands of models."""
        if channel.pk is None:
            return "Save the channel, then offer models on it."
        return listed(channel.offer_count, "model", "catalog_offer", channel__id__exact=channel.pk)


class OfferInline(UntitledInline):
    model = Offer
    fields = ["channel", "enabled", "upstream_name"]
    autocomplete_fields = ["channel"]


class AliasInline(UntitledInline):
    model = ModelAlias
    fields = ["name"]


class PinInline(UntitledInline):
    """What imports leave as it is, with a mark where a source says something else by now."""

    model = FieldPin
    fields = ["field", "reason", "pinned", "moved"]
    readonly_fields = ["pinned", "moved"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("author", "upstream_source")

    @display(description="Pinned")
    def pinned(self, pin: FieldPin) -> str:
        return "" if pin.pk is None else f"{pin.created_at:%Y-%m-%d}" + (f" by {pin.author}" if pin.author else "")

    @display(description="Upstream has moved since", label="warning")
    def moved(self, pin: FieldPin) -> str | None:
        if not pin.has_moved:
            return None
        said = pin.upstream
        if isinstance(said, dict):
            said = " · ".join(f"{name} {value}" for name, value in said.items())
        return f"{pin.upstream_source}: {', '.join(said) if isinstance(said, list) else said}"


class AIModelForm(CuratedForm):
    supported_endpoint_types = NamesFormField(
        required=False,
        widget=NamesPicker(endpoint_names),
        help_text="What can serve it, the preferred one first.",
    )
    input_modalities = NamesFormField(
        required=False, widget=NamesPicker(lambda: INPUT_MODALITIES), help_text="What it takes. Empty: not known."
    )
    output_modalities = NamesFormField(
        required=False, widget=NamesPicker(lambda: OUTPUT_MODALITIES), help_text="What it makes. Empty: not known."
    )
    capabilities = NamesFormField(
        required=False,
        widget=NamesPicker(lambda: CAPABILITIES),
        help_text="What it can do. Clients are told about the words offered here. Empty: not known.",
    )
    public_endpoint_types = AbsentOrNamesField(
        absent="Same as supported",
        listed="Only these, in this order (none of them: it is shown, and nothing may be called)",
        known=endpoint_names,
        help_text="What customers may call. It need not be a part of what is supported.",
    )

    def clean_default_parameters(self) -> dict[str, Any]:
        return self.cleaned_data["default_parameters"] or {}


class MissingFilter(StateFilter):
    title = "sources"
    parameter_name = "sources"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("missing", "No longer listed by one")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(name__in=list(missing_models())) if self.value() == "missing" else queryset


@admin.register(AIModel)
class AIModelAdmin(CuratedAdmin):
    form = AIModelForm
    list_display = ["title_and_id", "vendor", "state", "endpoint_types", "released", "channels_listed"]
    list_filter = [
        ("status", ChoicesDropdownFilter),
        ("vendor", RelatedDropdownFilter),
        ("offers__channel", RelatedDropdownFilter),
        MissingFilter,
    ]
    list_select_related = ["vendor"]
    search_fields = ["name", "display_name", "series", "vendor__name", "tags", "aliases__name"]
    ordering = ["name"]
    autocomplete_fields = ["vendor", "successor"]
    actions = ["publish", "back_to_draft"]
    inlines = [OfferInline, AliasInline, PinInline]
    fieldsets = [
        (None, {"fields": ["name", "display_name", "vendor", "status"]}),
        ("How it is called", {"fields": ["supported_endpoint_types", "public_endpoint_types"]}),
        (
            "What it can do",
            {
                "fields": [
                    ("context_length", "max_output_tokens"),
                    ("input_modalities", "output_modalities"),
                    "capabilities",
                    ("version", "default_parameters"),
                ]
            },
        ),
        ("How it is presented", {"fields": ["description", ("series", "icon"), "tags"]}),
        ("Its life", {"fields": ["released_on", "deprecated_on", "retires_on", "successor", "sources_missing"]}),
    ]
    readonly_fields = ["sources_missing"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(offer_count=Count("offers", distinct=True))

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        for each in formset.forms:
            if isinstance(each.instance, FieldPin) and each.instance.pk is None:
                each.instance.author = request.user
        super().save_formset(request, form, formset, change)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        missing = missing_models()
        for model in changelist.result_list:
            model.missing = missing.get(model.name, [])
        return changelist

    @display(description="Model", ordering="name", header=True)
    def title_and_id(self, model: Any) -> list[str]:
        name = model.name if model.name != model.title else ""
        return [model.title, " · ".join(part for part in (name, told(model.missing)) if part)]

    @display(description="Sources")
    def sources_missing(self, model: AIModel) -> str:
        return told(missing_models().get(model.name, [])) or "No source has dropped it."

    @display(description="Status", ordering="status", label={"Published": "success", "Draft": "warning"})
    def state(self, model: AIModel) -> str:
        return model.get_status_display()

    @display(description="Endpoint types")
    def endpoint_types(self, model: AIModel) -> str:
        return ", ".join(model.callable_endpoint_types)

    @display(description="Released", ordering="released_on")
    def released(self, model: AIModel) -> str:
        return "" if model.released_on is None else model.released_on.isoformat()

    @display(description="Channels", ordering="offer_count")
    def channels_listed(self, model: Any) -> SafeString:
        return linked(model.offer_count, "catalog_offer", model__id__exact=model.pk)

    @admin.action(description="Publish selected models", permissions=["change"])
    def publish(self, request: HttpRequest, queryset: AIModelQuerySet) -> None:
        self.report(request, queryset.set_status(AIModel.Status.PUBLISHED), "published")

    @admin.action(description="Take selected models back to draft", permissions=["change"])
    def back_to_draft(self, request: HttpRequest, queryset: AIModelQuerySet) -> None:
        self.report(request, queryset.set_status(AIModel.Status.DRAFT), "back to draft")


@admin.register(Offer)
class OfferAdmin(CuratedAdmin):
    list_display = ["model", "channel", "enabled", "upstream_name"]
    list_filter = [("enabled", BooleanRadioFilter), ("channel", RelatedDropdownFilter)]
    list_select_related = ["model", "channel"]
    search_fields = ["model__name", "channel__name", "channel__slug", "upstream_name"]
    ordering = ["channel__name", "model__name", "pk"]
    autocomplete_fields = ["model", "channel"]
    actions = [enable, disable]
    fields = ["model", "channel", "enabled", "upstream_name"]


# What a document of a source is imported as follows from these.
ASKED_BY = {"url", "reader", "prices_as", "channel", "group", "only", "providers", "publish", "policy"}


class FailingFilter(StateFilter):
    title = "regular fetching"
    parameter_name = "fetching"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("on", "Fetched regularly"), ("failing", "Failing")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case "on":
                return queryset.filter(sync=True)
            case "failing":
                return queryset.failing()
        return queryset


@admin.register(Source)
class SourceAdmin(CuratedAdmin):
    list_display = ["name", "slug", "trust_shown", "fetched", "checked_at", "error"]
    list_filter = [FailingFilter, ("kind", ChoicesDropdownFilter), ("trust", ChoicesDropdownFilter)]
    search_fields = ["name", "slug"]
    ordering = ["name"]
    prepopulated_fields = {"slug": ["name"]}
    fieldsets = [
        (None, {"fields": ["name", "slug", ("kind", "reader"), "trust", "note"]}),
        ("Fetched regularly", {"fields": ["url", "sync", ("every_hours", "policy"), ("checked_at", "error")]}),
        (
            "What becomes of its documents",
            {"fields": ["prices_as", ("channel", "group"), ("only", "providers"), "publish"]},
        ),
    ]
    readonly_fields = ["checked_at", "error"]
    actions = ["fetch_regularly", "fetch_by_hand"]

    @display(description="Trust", ordering="trust")
    def trust_shown(self, source: Source) -> str:
        return source.get_trust_display()

    @display(description="Fetched", label={"failing": "danger", "regularly": "success", "by hand": "default"})
    def fetched(self, source: Source) -> str:
        if not source.sync:
            return "by hand"
        return "failing" if source.error else "regularly"

    def save_model(self, request: HttpRequest, obj: Source, form: Any, change: bool) -> None:
        """Asked for in another way, the same document is another plan: it is fetched anew."""
        # Compared with what is stored: a version that is brought back differs from that, and not from its form.
        if form.stored and any(getattr(form.stored, name) != getattr(obj, name) for name in ASKED_BY):
            obj.etag = obj.last_modified = obj.last_sha256 = ""
        super().save_model(request, obj, form, change)

    @admin.action(description="Fetch selected sources regularly", permissions=["change"])
    def fetch_regularly(self, request: HttpRequest, queryset: SourceQuerySet) -> None:
        changed, without_address = queryset.set_sync(True), queryset.filter(url="").count()
        self.report(request, changed, "fetched regularly")
        if without_address:
            self.message_user(request, f"{without_address} without an address cannot be fetched.", messages.WARNING)

    @admin.action(description="Fetch selected sources by hand only", permissions=["change"])
    def fetch_by_hand(self, request: HttpRequest, queryset: SourceQuerySet) -> None:
        self.report(request, queryset.set_sync(False), "fetched by hand only")


@admin.register(Snapshot)
class SnapshotAdmin(ReadOnlyAdmin):
    list_display = ["source", "short_hash", "size_shown", "origin", "taken_at"]
    list_filter = [("source", RelatedDropdownFilter)]
    list_select_related = ["source"]
    search_fields = ["sha256", "origin"]
    ordering = ["-taken_at", "-pk"]
    fields = ["source", "origin", "sha256", "size_shown", "taken_at"]
    actions_detail = ["download"]

    def get_queryset(self, request: HttpRequest) -> Any:
        # The bytes of a snapshot may be megabytes: no page of the admin reads them.
        return super().get_queryset(request).defer("packed")

    @detail_action(description="Download", url_path="download", permissions=["view"], icon="download")
    def download(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The document as it was received, to be saved and not shown: a stranger wrote it."""
        snapshot: Snapshot | None = self.get_object(request, object_id)
        if snapshot is None:
            raise Http404
        try:
            content = snapshot.content
        except InputError as error:
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(reverse("admin:catalog_snapshot_change", args=[snapshot.pk]))
        headers = {"Content-Disposition": f'attachment; filename="{snapshot.file_name}"'}
        return HttpResponse(content, content_type=snapshot.content_type, headers=headers)

    @display(description="SHA-256", ordering="sha256")
    def short_hash(self, snapshot: Snapshot) -> str:
        return snapshot.sha256[:12]

    @display(description="Size", ordering="size")
    def size_shown(self, snapshot: Snapshot) -> str:
        return f"{snapshot.size:,} bytes"


@admin.register(Revision)
class RevisionAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "number", "permissions"]
    ordering = ["pk"]
    fields = ["number", "permissions"]


# What a list has room for.
COUNTS_LISTED = ["new", "changed", "new_prices", "changed_prices", "missing", "kept", "left"]


@admin.register(ImportRun)
class ImportRunAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "state", "counts_shown", "actor", "created_at", "applied_at"]
    list_filter = [("status", ChoicesDropdownFilter), ("source", RelatedDropdownFilter)]
    search_fields = ["source__name", "source__slug", "snapshot__origin", "snapshot__sha256", "remark"]
    ordering = ["-created_at", "-pk"]
    fieldsets = [
        (
            None,
            {"fields": ["source", "snapshot", "state", "remark", "actor", "created_at", "applied_at", "options_shown"]},
        ),
        ("Report", {"fields": ["report_shown"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> Any:
        runs = super().get_queryset(request).select_related("source", "actor", "snapshot__source")
        return runs.defer("snapshot__packed")

    @display(
        description="Status",
        ordering="status",
        label={
            "Applied": "success",
            "Waiting for review": "info",
            "Stopped by a guard": "danger",
            "Discarded": "default",
            "Taken back": "warning",
        },
    )
    def state(self, run: ImportRun) -> str:
        return run.get_status_display()

    @display(description="Rows")
    def counts_shown(self, run: ImportRun) -> str:
        told = {name: run.counts[name] for name in COUNTS_LISTED if name in run.counts}
        return ", ".join(f"{count:,} {what}" for what, count in counted(told).items())

    @display(description="Asked for as")
    def options_shown(self, run: ImportRun) -> str:
        return ", ".join(
            f"{name}: {value}" for name, value in run.options.items() if value not in (None, "", [], False)
        )

    @display(description="Report")
    def report_shown(self, run: ImportRun) -> str:
        return render_to_string(
            "catalog/admin/report.html", {"counts": counted(run.counts), "sections": sections(run.report)}
        )
