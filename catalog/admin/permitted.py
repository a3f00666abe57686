"""What admin pages leave out for an operator: figures of other tables, links, choices and rows."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar, cast

from django.contrib import admin
from django.core.exceptions import FieldDoesNotExist, PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse

from catalog.operators.permissions import limit_rows, may_view

F = TypeVar("F", bound=Callable[..., Any])

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
else:
    Base = object


def figures_of(*tables: str) -> Callable[[F], F]:
    """Marks a column, a field or a filter that shows figures of these tables, by their labels.

    Operators who may not view one of them do not see it.
    """

    def mark(shown: F) -> F:
        shown.tables = tables  # type: ignore[attr-defined]
        return shown

    return mark


class PermittedAdmin(Base):
    """Lists, forms and inlines without what their operator may not see."""

    def get_queryset(self, request: HttpRequest) -> Any:
        return limit_rows(request.user, super().get_queryset(request))

    def get_field_queryset(self, db: str | None, db_field: Any, request: HttpRequest) -> Any:
        """The rows that a relation may lead to."""
        rows = super().get_field_queryset(db, db_field, request)
        everything = db_field.remote_field.model._default_manager.all() if rows is None else rows
        limited = limit_rows(request.user, everything)
        return rows if limited is everything else limited

    def get_autocomplete_fields(self, request: HttpRequest) -> Any:
        return [name for name in super().get_autocomplete_fields(request) if name not in self._unseen(request)]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Relations to rows that the operator may not look up are shown as texts."""
        return [*super().get_readonly_fields(request, obj), *self._unseen(request)]

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        unseen = self._unseen(request)
        return super().has_add_permission(request, *args) and not any(
            not cast("models.Field[Any, Any]", self.opts.get_field(name)).blank for name in unseen
        )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = [
            (title, {**options, "fields": list(self._shown(request, options["fields"]))})
            for title, options in super().get_fieldsets(request, obj)
        ]
        return [(title, options) for title, options in fieldsets if options["fields"]]

    def _shown(self, request: HttpRequest, fields: Any) -> Iterator[Any]:
        """The names, some of them in tuples for one line, that the operator may see."""
        for entry in fields:
            if isinstance(entry, list | tuple):
                if names := tuple(name for name in entry if self._is_shown(request, name)):
                    yield names
            elif self._is_shown(request, entry):
                yield entry

    def _is_shown(self, request: HttpRequest, name: Any) -> bool:
        shown = name if callable(name) else getattr(type(self), name, None)
        return may_view(request.user, *getattr(shown, "tables", ()))

    def _unseen(self, request: HttpRequest) -> list[str]:
        """The fields with an autocomplete that would be refused."""
        names = self.autocomplete_fields
        return [name for name in names if not may_view(request.user, self.opts.get_field(name).related_model)]


class PermittedListAdmin(PermittedAdmin):
    """A list whose columns, filters and search show only what the operator may see."""

    # Columns that no page shows: an address must not find them out, letter by letter.
    unsearchable: tuple[str, ...] = ()

    def get_list_display(self, request: HttpRequest) -> Any:
        columns = [name for name in super().get_list_display(request) if self._is_shown(request, name)]
        return columns or ["__str__"]

    def get_list_filter(self, request: HttpRequest) -> Any:
        return [entry for entry in super().get_list_filter(request) if may_view(request.user, *self._tables(entry))]

    def get_search_fields(self, request: HttpRequest) -> Any:
        """Without columns of other tables: the number of results would say what they contain."""
        fields = super().get_search_fields(request)
        return [path for path in fields if may_view(request.user, *self._crossed(path.lstrip("^=@")))]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Not by columns of other tables, nor by figures that the query has beside its own columns."""
        name = lookup.partition("__")[0]
        names = {getattr(entry, "parameter_name", None) for entry in self.get_list_filter(request)}
        beside = {*self.get_queryset(request).query.annotations, *self.unsearchable} - names
        if name in beside or not may_view(request.user, *self._crossed(lookup)):
            return False
        return super().lookup_allowed(lookup, value, request)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Refused before the row is looked for: that an operator sees no such row would answer too much."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return super().history_view(request, object_id, extra_context)

    def _row_in_reach(self, request: HttpRequest, object_id: str) -> Any:
        """The row, or None for a deleted one. 404 for an operator who is limited to other rows: history has all."""
        row, rows = self.get_object(request, object_id), self.model._default_manager.all()
        if row is None and limit_rows(request.user, rows) is not rows:
            raise Http404
        return row

    def _tables(self, entry: Any) -> tuple[Any, ...]:
        """The tables that a filter shows figures of."""
        if isinstance(entry, type):
            return tuple(getattr(entry, "tables", ()))
        return tuple(self._crossed(entry if isinstance(entry, str) else entry[0]))

    def _crossed(self, path: str) -> Iterator[type[models.Model]]:
        """The tables of the admin that a path of relations leads to."""
        opts = self.opts
        for name in path.split("__"):
            try:
                field: Any = opts.get_field(name)
            except FieldDoesNotExist:
                return
            if not field.is_relation:
                return
            if admin.site.is_registered(field.related_model):
                yield field.related_model
            opts = field.related_model._meta
