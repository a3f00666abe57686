"""Addresses of admin pages: links for operators who may open them, and the values of a form that an address states."""

from typing import Any

from django.contrib.admin.utils import quote
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from catalog.db.history import current_operator
from catalog.operators.permissions import limit_rows, may_view


def linked(text: object, page: str, **filters: Any) -> SafeString:
    """A link to a filtered list; the text alone for operators who may not view the list."""
    if not may_view(current_operator(), page.replace("_", ".", 1)):
        return format_html("{}", text)
    return format_html('<a class="text-link" href="{}">{}</a>', admin_list(page, **filters), text)


def listed(count: int, noun: str, page: str, **filters: Any) -> SafeString:
    """A count with a link to the list of the counted rows."""
    return linked(f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s", page, **filters)


def linked_row(row: models.Model) -> SafeString:
    """A link to the page of a row; its text alone if it has no page, or the operator may not view it."""
    if not (page := page_of(row)):
        return format_html("{}", row)
    return format_html('<a class="text-link" href="{}">{}</a>', page, row)


def page_of(row: models.Model) -> str:
    """The address of the page of a row; empty if it has none, or the operator may not view it."""
    operator = current_operator()
    if not may_view(operator, row):
        return ""
    rows = type(row)._default_manager.filter(pk=row.pk)
    if (limited := limit_rows(operator, rows)) is not rows and not limited.exists():
        return ""
    try:
        return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[quote(row.pk)])
    except NoReverseMatch:
        return ""


def history_page_of(row: models.Model) -> str:
    """The address of the history of a row that has a page; empty if it has no history page."""
    try:
        return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_history", args=[row.pk])
    except NoReverseMatch:
        return ""


def admin_list(page: str, **filters: Any) -> str:
    """The address of an admin list, filtered."""
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    return reverse(f"admin:{page}_changelist") + (f"?{query}" if query else "")


def initial_value(opts: Any, name: str, value: Any) -> Any:
    """The value of a form field from an address: keys and times are converted; None if the field rejects it."""
    try:
        field = opts.get_field(name)
    except FieldDoesNotExist:
        return value
    if isinstance(value, list):
        keys = [initial_value(field.target_field.model._meta, field.target_field.name, key) for key in value]
        return [key for key in keys if key is not None]
    column = field.target_field if field.is_relation else field
    if not (column.primary_key or isinstance(column, models.DateTimeField)):
        return value
    try:
        converted = column.to_python(value)
        column.run_validators(converted)
    except ValidationError:
        return None
    return converted
