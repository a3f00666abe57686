"""The tools above every list of the admin: saved filters, and the export of the filtered rows."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.http.response import HttpResponseBase
from django.urls import path, reverse

from catalog.admin.lists.export import export_list
from catalog.models import SavedFilter

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
else:
    Base = object

# Parameters of a list's address that are not filters: its page, an error, windows that choose a row.
PASSING = ("p", "e", "all", "_popup", "_to_field", "_changelist_filters")
LONGEST_QUERY = 2000
# Filters that one operator saves for one list.
MOST = 50


class ListTools(Base):
    list_before_template = "catalog/admin/list_tools.html"

    def prepare_rows(self, rows: Iterable[Any], request: HttpRequest) -> None:
        """Reads what columns show beside the rows themselves, for many rows at once."""

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        self.prepare_rows(changelist.result_list, request)
        return changelist

    def get_urls(self) -> Any:
        name, wrap = f"{self.opts.app_label}_{self.opts.model_name}", self.admin_site.admin_view
        return [
            path("export/", wrap(self.export_view), name=f"{name}_export"),
            path("filters/", wrap(self.filters_view), name=f"{name}_filters"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        query = filters_of(request.GET.urlencode())
        owner: Any = request.user
        saved = SavedFilter.objects.usable(owner.pk, self.opts.label_lower) if request.method == "GET" else []
        tools = {
            "saved_filters": [
                {
                    "row": row,
                    "is_chosen": row.query == query,
                    "may_delete": row.owner_id == owner.pk or owner.is_superuser,
                    "owner": row.owner.get_username() if row.owner_id != owner.pk else "",
                }
                for row in saved
            ],
            "list_query": query,
            "export_address": f"{self._address('export')}?{query}",
            "filters_address": self._address("filters"),
        }
        return super().changelist_view(request, tools | (extra_context or {}))

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """The filtered rows as CSV."""
        self._require_view(request)
        try:
            changelist = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(f"{self._address('changelist')}?e=1")
        return export_list(request, self, changelist)

    def filters_view(self, request: HttpRequest) -> HttpResponse:
        """Saves the filters of a list under a name, or deletes saved ones."""
        self._require_view(request)
        owner: Any = request.user
        if request.method != "POST":
            return HttpResponseRedirect(self._address("changelist"))
        query = filters_of(request.POST.get("query", ""))
        deleted = request.POST.get("delete", "")
        if deleted:
            rows = SavedFilter.objects.usable(owner.pk, self.opts.label_lower)
            row = rows.filter(pk=deleted).first() if deleted.isdecimal() and len(deleted) < 19 else None
            if row is None or not (row.owner_id == owner.pk or owner.is_superuser):
                raise PermissionDenied
            row.delete()
            self.message_user(request, f"The saved filter {row.name} is deleted.", messages.SUCCESS)
        else:
            self._save_filter(request, owner, query)
        return HttpResponseRedirect(f"{self._address('changelist')}?{query}")

    def _save_filter(self, request: HttpRequest, owner: Any, query: str) -> None:
        name = " ".join(request.POST.get("name", "").replace("\x00", "").split())[:64]
        own = SavedFilter.objects.filter(owner=owner, page=self.opts.label_lower)
        if not (name and query) or len(query) > LONGEST_QUERY or own.exclude(name=name).count() >= MOST:
            problem = (
                "Choose filters and enter a name first." if not (name and query) else "Delete a saved filter first."
            )
            self.message_user(request, f"{problem} Nothing was saved.", messages.ERROR)
            return
        values = {"query": query, "is_shared": "is_shared" in request.POST}
        own.update_or_create(owner=owner, page=self.opts.label_lower, name=name, defaults=values)
        self.message_user(request, f"The filters are saved as {name}.", messages.SUCCESS)

    def _require_view(self, request: HttpRequest) -> None:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied

    def _address(self, page: str) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}")


def filters_of(query: str) -> str:
    """The query of a list's address without what is not a filter, always in the same order."""
    try:
        values = QueryDict(query.replace("\x00", ""), mutable=True)
    except (ValueError, UnicodeError):
        return ""
    for name in PASSING:
        values.pop(name, None)
    ordered = QueryDict(mutable=True)
    for name in sorted(values):
        ordered.setlist(name, [value for value in values.getlist(name) if value])
    return ordered.urlencode()
