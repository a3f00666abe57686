"""The admin of import runs."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.template.loader import render_to_string

from catalog.admin.base import (
    ChoicesDropdownFilter,
    ReadOnlyAdmin,
    RelatedDropdownFilter,
    display,
)
from catalog.db.history import current_operator
from catalog.imports.run_reports import counted, sections, without_names, without_prices
from catalog.models import (
    ImportRun,
)
from catalog.operators.permissions import may_see_prices, may_view_all

# The counts that fit into the list.
COUNTS_LISTED = ["new", "changed", "new_prices", "changed_prices", "missing", "removed", "kept", "left", "aliases"]


@admin.register(ImportRun)
class ImportRunAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "state", "counts_shown", "actor_name", "created_at", "applied_at"]
    list_filter = [("status", ChoicesDropdownFilter), ("source", RelatedDropdownFilter)]
    search_fields = ["source__name", "source__slug", "snapshot__origin", "snapshot__sha256", "remark"]
    ordering = ["-created_at", "-pk"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    *("source", "snapshot", "state", "remark", "actor_name"),
                    *("created_at", "applied_at", "options_shown"),
                ]
            },
        ),
        ("Report", {"fields": ["report_shown"]}),
    ]

    def get_fieldsets(self, request: HttpRequest, obj: ImportRun | None = None) -> Any:
        """A pruned run says why it has no report, in its place."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or not obj.pruned_at:
            return fieldsets
        return [fieldsets[0], ("Report", {"fields": ["why_pruned", "report_shown"]})]

    @display(description="Pruned")
    def why_pruned(self, run: ImportRun) -> str:
        return run.why_pruned

    def get_queryset(self, request: HttpRequest) -> Any:
        runs = super().get_queryset(request).select_related("source", "snapshot__source")
        return runs.defer("snapshot__packed")

    @display(
        description="Status",
        ordering="status",
        label={
            "Applied": "success",
            "Waiting for review": "info",
            "Stopped by a guard": "danger",
            "Discarded": "default",
            "Rolled back": "warning",
        },
    )
    def state(self, run: ImportRun) -> str:
        return run.get_status_display()

    @display(description="Changes")
    def counts_shown(self, run: ImportRun) -> str:
        listed = {name: run.counts[name] for name in COUNTS_LISTED if name in run.counts}
        return ", ".join(f"{count:,} {name}" for name, count in counted(listed).items())

    @display(description="Options")
    def options_shown(self, run: ImportRun) -> str:
        return ", ".join(
            f"{name}: {value}" for name, value in run.options.items() if value not in (None, "", [], False)
        )

    @display(description="Report")
    def report_shown(self, run: ImportRun) -> str:
        operator = current_operator()
        report = run.report if may_see_prices(operator) else without_prices(run.report)
        if not (may_see_prices(operator) and may_view_all(operator, "tokens.token", "tokens.tokengroup")):
            report = without_names(report)
        return render_to_string(
            "catalog/admin/report.html", {"counts": counted(run.counts), "sections": sections(report)}
        )
