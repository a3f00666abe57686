"""Pages of lists. A cursor names the last row of a page, so that inserts and deletions move no other row."""

import base64
import binascii
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from django.core.exceptions import ValidationError as ModelError
from django.db import models
from django.db.models import F, Q
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.exact import write_json
from tokens.operators.problems import ProblemError

DEFAULT_LIMIT, MOST_ROWS = 100, 1000
LONGEST_CURSOR = 4096


class Order(NamedTuple):
    """One column of an order; empty values come last in both directions."""

    column: str
    is_descending: bool

    def expression(self) -> Any:
        column = F(self.column)
        return column.desc(nulls_last=True) if self.is_descending else column.asc(nulls_last=True)

    def equal(self, value: Any) -> Q:
        return Q(**{f"{self.column}__isnull": True}) if value is None else Q(**{self.column: value})

    def behind(self, value: Any, *, may_be_empty: bool) -> Q | None:
        """The rows behind those with this value; None if there are none."""
        if value is None:
            return None
        behind = Q(**{f"{self.column}__{'lt' if self.is_descending else 'gt'}": value})
        return behind | Q(**{f"{self.column}__isnull": True}) if may_be_empty else behind


class RowPages(BasePagination):
    """`limit`, `cursor` and `ordering` of a list; the view has the columns that it can be ordered by."""

    next: str | None = None

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        limit = read_limit(request.query_params.get("limit"))
        text = request.query_params.get("ordering") or view.ordering[0]
        orders = read_ordering(text, view.ordering)
        rows = queryset.order_by(*(order.expression() for order in orders))
        if cursor := request.query_params.get("cursor"):
            rows = rows.filter(_behind(queryset.model, orders, read_cursor(queryset.model, orders, text, cursor)))
        page = list(rows[: limit + 1])
        if len(page) > limit:
            page.pop()
            self.next = write_cursor(queryset.model, orders, text, page[-1])
        return page

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next": self.next})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        cursor = {
            "type": ["string", "null"],
            "description": "The cursor of the next page; null: there is none.",
        }
        return {"type": "object", "required": ["results", "next"], "properties": {"results": schema, "next": cursor}}


def read_limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= MOST_ROWS):
        raise invalid_parameter("limit", f"limit must be a number from 1 to {MOST_ROWS:,}.")
    return int(text)


def read_ordering(text: str, columns: Sequence[str]) -> list[Order]:
    """The order of a text such as name,-created_at, with the key of the rows at its end."""
    orders = [Order(part.removeprefix("-"), part.startswith("-")) for part in text.split(",")]
    names = [order.column for order in orders]
    known = dict.fromkeys(column.removeprefix("-") for column in columns)
    if unknown := [name for name in names if name not in known]:
        choices = ", ".join(known)
        message = (
            f"'{unknown[0][:80]}' is not a field to order by. Choose {choices}, each with - for the other direction."
        )
        raise invalid_parameter("ordering", message)
    if len(set(names)) < len(names):
        raise invalid_parameter("ordering", "ordering has a field twice.")
    return [*orders, Order("pk", False)]


def write_cursor(model: type[models.Model], orders: Sequence[Order], text: str, row: Any) -> str:
    values = [
        _column(model, order).value_to_string(row) if _value(row, order) is not None else None for order in orders
    ]
    return base64.urlsafe_b64encode(write_json([text, *values])).decode().rstrip("=")


def read_cursor(model: type[models.Model], orders: Sequence[Order], text: str, cursor: str) -> list[Any]:
    """The values of the last row of the page before."""
    refusal = invalid_parameter("cursor", "cursor is not a cursor of this list and order: use `next` of a response.")
    if len(cursor) > LONGEST_CURSOR:
        raise refusal
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        order, *values = msgspec.json.decode(
            base64.b64decode(padded, altchars=b"-_", validate=True), type=list[str | None]
        )
    except (binascii.Error, ValueError):
        raise refusal from None
    if (
        order != text
        or len(values) != len(orders)
        or values[-1] is None
        or any("\x00" in value for value in values if value)
    ):
        raise refusal
    try:
        return [
            None if value is None else _column(model, each).to_python(value)
            for each, value in zip(orders, values, strict=True)
        ]
    except (ModelError, ValueError, OverflowError):
        raise refusal from None


def _behind(model: type[models.Model], orders: Sequence[Order], values: Sequence[Any]) -> Q:
    """The rows after the one with these values."""
    found = Q(pk__in=[])
    equal = Q()
    for order, value in zip(orders, values, strict=True):
        behind = order.behind(value, may_be_empty=_column(model, order).null)
        if behind is not None:
            found |= equal & behind
        equal &= order.equal(value)
    return found


def _column(model: type[models.Model], order: Order) -> Any:
    return model._meta.pk if order.column == "pk" else model._meta.get_field(order.column)


def _value(row: Any, order: Order) -> Any:
    return getattr(row, _column(type(row), order).attname)


def invalid_parameter(name: str, message: str) -> ProblemError:
    return ProblemError("validation_failed", message, errors=[{"field": name, "code": "invalid", "message": message}])
