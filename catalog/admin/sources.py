"""The admin of sources, their snapshots and the revision."""

from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from catalog.admin.base import (
    ChoicesDropdownFilter,
    CuratedAdmin,
    ReadOnlyAdmin,
    RelatedDropdownFilter,
    StateFilter,
    detail_action,
    display,
)
from catalog.admin.forms import NamedForm
from catalog.error_messages import InputError
from catalog.models import (
    Pruning,
    Revision,
    Snapshot,
    Source,
)
from catalog.models.source import SourceQuerySet
from catalog.operators.permissions import may_apply_imports, may_automate


class FailingFilter(StateFilter):
    title = "scheduled fetching"
    parameter_name = "fetching"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("on", "Fetched on schedule"), ("failing", "Failing")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case "on":
                return queryset.filter(sync=True)
            case "failing":
                return queryset.failing()
        return queryset


@admin.register(Source)
class SourceAdmin(CuratedAdmin):
    form = NamedForm
    list_display = ["name", "slug", "trust_shown", "fetched", "checked_at", "error"]
    list_filter = [FailingFilter, ("kind", ChoicesDropdownFilter), ("trust", ChoicesDropdownFilter)]
    search_fields = ["name", "slug"]
    ordering = ["name"]
    prepopulated_fields = {"slug": ["name"]}
    fieldsets = [
        (None, {"fields": ["name", "slug", ("kind", "reader"), "trust", "note"]}),
        ("Scheduled fetching", {"fields": ["url", "sync", ("every_hours", "policy"), ("checked_at", "error")]}),
        (
            "How its documents are imported",
            {"fields": ["prices_as", ("channel", "group"), ("only", "providers"), "publish"]},
        ),
    ]
    readonly_fields = ["checked_at", "error"]
    actions = ["fetch_regularly", "fetch_by_hand"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A source whose documents are applied without a review is changed by people who may apply them."""
        is_review = obj is None or obj.policy == Source.Policy.REVIEW
        return super().has_change_permission(request, obj) and (is_review or may_automate(request.user))

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """The policies that the operator may choose; publishing is a decision about imports, too."""
        field: Any = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "policy" and not may_automate(request.user):
            field.choices = [choice for choice in Source.Policy.choices if choice[0] == Source.Policy.REVIEW]
            field.help_text = f"{field.help_text} You do not have permission to apply imports and their prices."
        if db_field.name == "publish" and not may_apply_imports(request.user):
            field.disabled = True
            field.help_text = f"{field.help_text} You do not have permission to apply imports."
        return field

    @display(description="Trust", ordering="trust")
    def trust_shown(self, source: Source) -> str:
        return source.get_trust_display()

    @display(description="Fetched", label={"failing": "danger", "on schedule": "success", "manually": "default"})
    def fetched(self, source: Source) -> str:
        if not source.sync:
            return "manually"
        return "failing" if source.error else "on schedule"

    @admin.action(description="Fetch selected sources on schedule", permissions=["change"])
    def fetch_regularly(self, request: HttpRequest, queryset: SourceQuerySet) -> None:
        if not may_automate(request.user):
            automatic = queryset.exclude(policy=Source.Policy.REVIEW)
            names = ", ".join(automatic.order_by("name").values_list("name", flat=True))
            queryset = queryset.filter(policy=Source.Policy.REVIEW)
            if names:
                message = f"Applied without a review, so you do not have permission to change them: {names}."
                self.message_user(request, message, messages.ERROR)
        changed, without_url = queryset.set_sync(True), queryset.filter(url="").count()
        self.report(request, changed, "fetched on schedule")
        if without_url:
            self.message_user(request, f"Sources without a URL cannot be fetched: {without_url}.", messages.WARNING)

    @admin.action(description="Fetch selected sources manually only", permissions=["change"])
    def fetch_by_hand(self, request: HttpRequest, queryset: SourceQuerySet) -> None:
        self.report(request, queryset.set_sync(False), "fetched manually only")


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
        # The content may be megabytes, and no admin page shows it.
        return super().get_queryset(request).defer("packed")

    @detail_action(description="Download", url_path="download", permissions=["view"], icon="download")
    def download(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The document exactly as received, as a download: browsers must not display content from outside."""
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


@admin.register(Pruning)
class PruningAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "actor", "keep_from", "removed_shown"]
    ordering = ["-at", "-pk"]
    fields = ["at", "actor", "keep_from", "removed_shown"]

    @display(description="Removed")
    def removed_shown(self, pruning: Pruning) -> str:
        parts = (f"{part['rows']:,} {kind} ({part['bytes']:,} bytes)" for kind, part in pruning.removed.items())
        return ", ".join(parts) or "nothing"


@admin.register(Revision)
class RevisionAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "number", "permissions"]
    ordering = ["pk"]
    fields = ["number", "permissions"]
