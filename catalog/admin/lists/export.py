"""A list as CSV: the filtered rows with the displayed columns, as texts without markup, and the keys of the rows."""

import csv
import datetime as dt
import html
import io
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, TypeVar

from django.contrib.admin.utils import label_for_field, lookup_field
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from django.utils.html import strip_tags
from django.utils.safestring import SafeString
from simple_history.models import HistoricalRecords

from catalog.audit.changes import plain_text
from catalog.db.snapshot import snapshot
from catalog.exact import NUMBER
from catalog.sources.csv_lines import safe_cell

C = TypeVar("C", bound=Callable[..., Any])

# Rows that are read and written at once.
BATCH = 500
# The columns by which people and programs know a row.
KEYS = ("slug", "key_id", "name", "username")


def export_list(request: HttpRequest, model_admin: Any, changelist: Any) -> StreamingHttpResponse:
    """The rows of the list that the request's filters select, in the list's order, from one state of the database."""
    name = f"{model_admin.opts.verbose_name_plural}-{timezone.now():%Y-%m-%d}.csv".replace(" ", "-")
    response = StreamingHttpResponse(_text(request, model_admin, changelist), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store, private"
    return response


def _text(request: HttpRequest, model_admin: Any, changelist: Any) -> Iterator[bytes]:
    columns = [name for name in changelist.list_display if name != "action_checkbox" and _is_data(model_admin, name)]
    model = model_admin.model
    key = next((name for name in KEYS if name not in columns and _is_column(model, name)), "")
    titles = [str(label_for_field(name, model, model_admin)) for name in columns]
    yield _lines([["id", *([key] if key else []), *titles]])
    with snapshot():
        rows = changelist.queryset.iterator(chunk_size=BATCH)
        while True:
            # The response is sent after the request has ended, and columns depend on its operator.
            HistoricalRecords.context.request = request
            try:
                batch = list(islice(rows, BATCH))
                model_admin.prepare_rows(batch, request)
                lines = [
                    [str(row.pk), *([str(getattr(row, key))] if key else []), *_cells(row, columns, model_admin)]
                    for row in batch
                ]
            finally:
                del HistoricalRecords.context.request
            if not lines:
                return
            yield _lines(lines)


def only_on_screen(column: C) -> C:
    """Marks a column of links to actions, which no file has."""
    column.is_only_on_screen = True  # type: ignore[attr-defined]
    return column


def _is_data(model_admin: Any, name: Any) -> bool:
    return not getattr(getattr(type(model_admin), str(name), None), "is_only_on_screen", False)


def _is_column(model: type[models.Model], name: str) -> bool:
    try:
        return bool(getattr(model._meta.get_field(name), "concrete", False))
    except FieldDoesNotExist:
        return False


def _lines(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([cell if NUMBER.fullmatch(cell) else safe_cell(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8", "replace")


def _cells(row: models.Model, columns: list[Any], model_admin: Any) -> Iterator[str]:
    for name in columns:
        field, shown, value = lookup_field(name, row, model_admin)
        if field is not None and getattr(field, "choices", None):
            value = getattr(row, f"get_{field.name}_display")()
        elif getattr(shown, "label", None) and isinstance(value, tuple):
            # The state that chooses the color, and its text.
            value = value[-1]
        elif getattr(shown, "header", None) and isinstance(value, list | tuple):
            value = " · ".join(filter(None, map(text_of, value)))
        yield text_of(value)


def text_of(value: Any) -> str:
    """A value of a column as text: exact numbers, moments in UTC, no markup."""
    match value:
        case dt.datetime():
            return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
        case dt.date():
            return value.isoformat()
        case SafeString():
            return html.unescape(strip_tags(value)).strip()
        case list() | tuple():
            return ", ".join(map(text_of, value))
    return plain_text(value)
