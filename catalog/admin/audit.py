"""The audit trail: every change and event, by person, object, date, action and reason."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.urls import path
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from catalog.admin.base import AllValuesCheckboxFilter, RangeDateFilter, ReadOnlyAdmin, StateFilter, display
from catalog.admin.confirmation.undo import undo_links
from catalog.admin.links import admin_list, history_page_of, linked, page_of
from catalog.admin.lists.export import only_on_screen
from catalog.audit.changes import changes_of
from catalog.audit.export import json_lines
from catalog.db.audit import record
from catalog.db.snapshot import no_snapshot, snapshot
from catalog.models import AuditEntry
from catalog.models.audit import name_kind

# Changed fields that a row of the list shows.
SHOWN = 6
LONGEST_VALUE = 120
COLORS = {
    "created": "success", "issued": "success", "enabled": "success", "imported": "success",
    "signed in": "success", "applied": "success",
    "deleted": "danger", "disabled": "danger", "revoked": "danger",
    "locked out": "danger", "failed to sign in": "danger", "rolled back": "danger",
}  # fmt: skip


class KindFilter(StateFilter):
    title = "kind of object"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        kinds = AuditEntry.objects.order_by("kind").values_list("kind", flat=True).distinct()
        return sorted(((kind, name_kind(kind)) for kind in kinds if kind), key=lambda choice: choice[1])

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = [
        "at",
        "actor",
        "action_shown",
        "object_shown",
        "changes_shown",
        "reason",
        "origin_shown",
        "undo_shown",
    ]
    list_filter = [
        ("actor", AllValuesCheckboxFilter),
        KindFilter,
        ("action", AllValuesCheckboxFilter),
        ("at", RangeDateFilter),
    ]
    search_fields = [
        "actor", "name", "=object_key", "reason", "detail", "=request_id", "=address", "=run", "=previous_key_id",
    ]  # fmt: skip
    search_help_text = "Person, object, reason, request, address, number of an import, or an earlier key id."
    ordering = ["-pk"]
    list_before_template = "catalog/admin/audit_tools.html"
    fieldsets = [
        (None, {"fields": ["at", "actor", "action_shown", "object_shown", "changes_shown", "reason", "undo_shown"]}),
        ("Origin", {"fields": ["request_id", "address", "run", "previous_key_id"]}),
        ("Chain", {"fields": ["stream", "number", "hash_shown"]}),
    ]

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view(self.json_view)
        return [path("export/json-lines/", view, name="catalog_auditentry_json"), *super().get_urls()]

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """The filtered entries as CSV; the export is an entry itself."""
        response = super().export_view(request)
        if isinstance(response, StreamingHttpResponse):
            self._record_export(request, "CSV")
        return response

    def json_view(self, request: HttpRequest) -> HttpResponseBase:
        """The filtered entries as JSON lines."""
        self._require_view(request)
        entries = self.get_changelist_instance(request).queryset
        self._record_export(request, "JSON lines")
        response = StreamingHttpResponse(_in_snapshot(entries), content_type="application/x-ndjson")
        response["Content-Disposition"] = f'attachment; filename="audit-trail-{timezone.now():%Y-%m-%d}.jsonl"'
        response["Cache-Control"] = "no-store, private"
        return response

    def _record_export(self, request: HttpRequest, form: str) -> None:
        filters = request.GET.urlencode()
        with no_snapshot():
            detail = f"{form}, filters {filters}" if filters else form
            record("exported", kind="catalog.auditentry", name="audit trail", detail=detail[:500])

    def prepare_rows(self, rows: Iterable[Any], request: HttpRequest) -> None:
        """Reads the old and new values of many entries, and the rows that they are about."""
        entries = list(rows)
        changes = changes_of(entries)
        by_kind: dict[str, set[str]] = defaultdict(set)
        for entry in entries:
            by_kind[entry.kind].add(entry.object_key)
        objects = {kind: _objects(kind, keys) for kind, keys in by_kind.items()}
        # An export does not show them.
        links = cache(lambda: undo_links(request, entries))
        for entry in entries:
            entry.find_links = links
            entry.value_changes = changes.get(entry.pk, [])
            entry.about = objects[entry.kind].get(entry.object_key)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        entry = super().get_object(request, object_id, from_field)
        if entry is not None:
            self.prepare_rows([entry], request)
        return entry

    @display(description="Action", ordering="action", label=dict(COLORS))
    def action_shown(self, entry: AuditEntry) -> str:
        return entry.action

    @display(description="Object", ordering="name")
    def object_shown(self, entry: Any) -> SafeString:
        page = page_of(entry.about) if entry.about is not None else ""
        name = format_html('<a class="text-link" href="{}">{}</a>', page, entry.about) if page else entry.name
        history = history_page_of(entry.about) if page and entry.history is not None else ""
        if not entry.object_key:
            return format_html("{} {}", entry.kind_name, name)
        address = admin_list("catalog_auditentry", kind=entry.kind, object_key=entry.object_key)
        links = format_html_join(
            ", ",
            '<a class="text-link" href="{}" aria-label="{} of {}">{}</a>',
            (
                (href, text.capitalize(), entry.name, text)
                for href, text in ((address, "all entries"), (history, "history"))
                if href
            ),
        )
        return format_html("{} {} {}", entry.kind_name, name, links)

    @display(description="Changes")
    def changes_shown(self, entry: Any) -> SafeString:
        shown = format_html_join(
            "",
            '<div class="break-words"><strong>{}</strong>: <del class="history-old">{}</del> → '
            '<ins class="history-new">{}</ins></div>',
            (
                (change.field, _short(change.old) or "(none)", _short(change.new) or "(none)")
                for change in entry.value_changes[:SHOWN]
            ),
        )
        left = len(entry.value_changes) - SHOWN
        more = format_html("<div>and {} more</div>", left) if left > 0 else ""
        detail = format_html("<div>{}</div>", entry.detail) if entry.detail else ""
        return format_html("{}{}{}", detail, shown, more)

    @display(description="Request or import")
    def origin_shown(self, entry: AuditEntry) -> SafeString:
        parts = []
        if entry.request_id:
            parts.append(linked(entry.request_id, "catalog_auditentry", request_id=entry.request_id))
        if entry.run is not None:
            parts.append(linked(f"import {entry.run}", "catalog_auditentry", run=entry.run))
        if entry.address:
            parts.append(format_html("{}", entry.address))
        return format_html_join("", "<div>{}</div>", ((part,) for part in parts))

    @only_on_screen
    @display(description="Undo")
    def undo_shown(self, entry: Any) -> SafeString:
        links = entry.find_links().get(entry.pk, ())
        return format_html_join("", '<div><a class="text-link" href="{}">{}</a></div>', links)

    @display(description="Hash")
    def hash_shown(self, entry: AuditEntry) -> str:
        return bytes(entry.hash).hex()


def _in_snapshot(entries: models.QuerySet[AuditEntry]) -> Iterator[bytes]:
    with snapshot():
        yield from json_lines(entries)


def _objects(kind: str, keys: set[str]) -> dict[str, models.Model]:
    """The rows of a kind that still exist, by their keys as text."""
    try:
        table = apps.get_model(kind)
    except (LookupError, ValueError):
        return {}
    numbers = [int(key) for key in keys if key.isdecimal()]
    rows = models.QuerySet[Any](table).filter(pk__in=numbers)
    return {str(row.pk): row for row in _with_names(rows)}


def _with_names(rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
    """The rows with those that their names consist of."""
    named_by = getattr(rows.model, "named_by", ())
    return rows.select_related(*{path.partition("__")[0] for path in named_by if "__" in path})


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
