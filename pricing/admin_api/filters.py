"""Filters of lists, by django-filter: exact values, and the lookups that a resource names."""

import datetime as dt
from collections.abc import Sequence
from functools import cache, reduce
from operator import or_
from typing import Any, cast

import django_filters
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django_filters import rest_framework as rest_filters
from rest_framework.request import Request

from catalog.operators.permissions import limit_rows, may_view
from pricing.admin_api.fields import NATURAL_KEYS
from pricing.admin_api.pages import invalid_parameter
from tokens.timestamps import TimestampError, parse_timestamp

CREATED_SINCE, UPDATED_SINCE = "created_since", "updated_since"
# When rows without a history changed.
CHANGED_AT = frozenset({"applied_at", "pruned_at", "last_attempt_at", "delivered_at"})


class SwitchFilter(django_filters.TypedChoiceFilter):  # type: ignore[misc]  # the library has no types
    """true or false; django-filter's own ignores everything else."""

    def __init__(self, **options: Any) -> None:
        choices = [("true", "true"), ("false", "false")]
        super().__init__(**{"choices": choices, "coerce": lambda text: text == "true", **options})


class RelatedFilter(django_filters.CharFilter):  # type: ignore[misc]
    """The rows that are related to the row with this key; to none, if the operator may not see that one.

    For relations that the rows themselves do not show.
    """

    def __init__(self, table: type[models.Model], **options: Any) -> None:
        super().__init__(distinct=True, **options)
        self.table = table

    def filter(self, qs: Any, value: str) -> Any:
        if not value:
            return qs
        operator = self.parent.request.user
        rows = self.table._default_manager.filter(**{NATURAL_KEYS[self.table._meta.label_lower]: value})
        seen = limit_rows(operator, rows) if may_view(operator, self.table) else rows.none()
        return super().filter(qs, seen)


class MomentField(django_filters.fields.IsoDateTimeField):  # type: ignore[misc]
    """A moment, in UTC: PostgreSQL refuses offsets of 16 hours and more."""

    def to_python(self, value: Any) -> Any:
        moment = super().to_python(value)
        try:
            return moment and moment.astimezone(dt.UTC)
        except OverflowError:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None


class MomentFilter(django_filters.IsoDateTimeFilter):  # type: ignore[misc]
    field_class = MomentField


class RowFilters(rest_filters.FilterSet):  # type: ignore[misc]
    """The filters of a list; a resource that needs others than those of its `filters` subclasses it."""

    class Meta:
        filter_overrides = {
            models.BooleanField: {"filter_class": SwitchFilter},
            models.DateTimeField: {"filter_class": MomentFilter},
        }


class RowFilter(rest_filters.DjangoFilterBackend):  # type: ignore[misc]
    """Applies the filters, and the moments since which rows were created or changed."""

    filterset_base = RowFilters

    def get_filterset_class(self, view: Any, queryset: Any = None) -> Any:
        own = getattr(view, "filterset_class", None)
        if own is not None or queryset is None:
            return own
        return make_filters(queryset.model, tuple((name, tuple(lookups)) for name, lookups in view.filters.items()))

    def filter_queryset(self, request: Request, queryset: Any, view: Any) -> Any:
        rows = super().filter_queryset(request, queryset, view)
        for name in (CREATED_SINCE, UPDATED_SINCE):
            if (text := request.query_params.get(name)) is not None:
                rows = since(rows, name, read_moment(name, text), parts=view.parts)
        return rows


@cache
def make_filters(model: type[models.Model], filters: tuple[tuple[str, tuple[str, ...]], ...]) -> type[RowFilters]:
    """The filters of a table: column -> lookups. Relations are compared by the natural keys of their rows."""
    made: dict[str, Any] = {}
    for name, lookups in filters:
        path, field = name, _field(model, name)
        if field.is_relation:
            key = NATURAL_KEYS.get(field.related_model._meta.label_lower, "pk")
            path, field = f"{name}__{key}", _field(field.related_model, key)
        for lookup in lookups:
            parameter = name if lookup == "exact" else f"{name}__{lookup}"
            made[parameter] = RowFilters.filter_for_field(field, path, lookup)
    meta = type("Meta", (RowFilters.Meta,), {"model": model, "fields": []})
    return type(f"{model.__name__}Filters", (RowFilters,), {**made, "Meta": meta})


def _field(model: type[models.Model], path: str) -> Any:
    field: Any = None
    for name in path.split("__"):
        field = model._meta.pk if name == "pk" else model._meta.get_field(name)
        model = field.related_model if field.is_relation else model
    return field


def since(rows: Any, name: str, moment: dt.datetime, *, parts: Sequence[type[models.Model]] = ()) -> Any:
    """The rows that were created or changed at this moment or later, by their own columns or by their history.

    A row is changed with its `parts`, too. A daily total is of its day.
    """
    model = rows.model
    columns = {field.name for field in model._meta.concrete_fields}
    column = "created_at" if name == CREATED_SINCE else "updated_at"
    if not hasattr(model._meta, "simple_history_manager_attribute"):
        if "day" in columns:
            return rows.filter(day__gte=moment.date())
        moments = ["created_at" if "created_at" in columns else "at"]
        moments += sorted(columns & CHANGED_AT) if name == UPDATED_SINCE else []
        return rows.filter(reduce(or_, (Q(**{f"{column}__gte": moment}) for column in moments)))
    if column in columns:
        found = Q(**{f"{column}__gte": moment})
    else:
        changes = model.history.filter(history_date__gte=moment)
        if name == CREATED_SINCE:
            changes = changes.filter(history_type="+")
        found = Q(pk__in=changes.values(model._meta.pk.attname))
    if name == UPDATED_SINCE:
        for table in cast("Sequence[Any]", parts):
            found |= Q(pk__in=table.history.filter(history_date__gte=moment).values("model_id"))
    return rows.filter(found)


def read_moment(name: str, text: str) -> dt.datetime:
    """The moment in a query parameter; a problem if it is not valid."""
    try:
        return parse_timestamp(text)
    except TimestampError as error:
        raise invalid_parameter(name, f"{name} {error}") from None
