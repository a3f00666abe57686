"""Fields of rows in JSON. They check only the type; the model checks the value, with the words of the admin's forms.

REST framework's own fields accept other types too (the text "5" for a number, 1 for true).
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import models
from rest_framework import serializers
from rest_framework.relations import MANY_RELATION_KWARGS

from catalog.db.fields import ExactDecimalField, ExactJSONField, GroupNameField, NamesField
from catalog.exact import InexactError, digits, plain, read_number
from catalog.names.typed_lists import fold_width
from catalog.operators.permissions import limit_rows
from tokens.timestamps import YEARS, format_timestamp, parse_iso


class Text(serializers.CharField):
    """A text, without spaces around it, as forms store it."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        if "\x00" in data:
            raise serializers.ValidationError("Null characters are not allowed.", code="null_characters_not_allowed")
        return data.strip() if self.trim_whitespace else data


class Choice(serializers.ChoiceField):
    """One of some texts."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid_choice", input=data)
        return data


class Whole(serializers.IntegerField):
    """A whole number."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int | Decimal) or data != int(data):
            self.fail("invalid")
        return int(data)


class Switch(serializers.BooleanField):
    """true or false."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class Exact(serializers.DecimalField):
    """An exact number: a text with all its digits; requests may also send a JSON number, with no digit lost."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_digits": None, "decimal_places": None, **options})

    def to_internal_value(self, data: Any) -> Decimal:
        try:
            if isinstance(data, bool) or not isinstance(data, str | int | Decimal):
                self.fail("invalid")
            return plain(data if isinstance(data, Decimal) else read_number(str(data).strip()))
        except InexactError as error:
            raise serializers.ValidationError(str(error), code="invalid") from None

    def to_representation(self, value: Any) -> str:
        return digits(value)


class Moment(serializers.DateTimeField):
    """A moment as RFC 3339 writes it; in UTC in responses."""

    def to_internal_value(self, data: Any) -> dt.datetime:
        moment = None
        try:
            moment = parse_iso(data) if isinstance(data, str) and len(data) > len("2026-01-31") else None
            moment = moment and moment.astimezone(dt.UTC)
        except (ValueError, OverflowError):
            moment = None
        if moment is None or moment.year not in YEARS:
            years = f"from {YEARS[0]} to {YEARS[-1]}"
            message = f"This is not a valid moment: write e.g. 2026-01-31T08:00:00Z, {years}."
            raise serializers.ValidationError(message, code="invalid")
        return moment

    def to_representation(self, value: Any) -> str:
        return format_timestamp(value)


class Day(serializers.DateField):
    """A date such as 2026-01-31."""

    def to_internal_value(self, data: Any) -> dt.date:
        if not isinstance(data, str):
            self.fail("invalid", format="YYYY-MM-DD")
        day: dt.date = super().to_internal_value(data)
        if day.year not in YEARS:
            self.fail("invalid", format=f"YYYY-MM-DD, from {YEARS[0]} to {YEARS[-1]}")
        return day


class Names(serializers.ListField):
    """An ordered list of names, each in its ordinary width, as forms store them."""

    child = Text()

    def to_internal_value(self, data: Any) -> list[str]:
        if not isinstance(data, list) or not all(isinstance(name, str) for name in data):
            raise serializers.ValidationError("This is not a list of names.", code="invalid")
        return [fold_width(self.child.to_internal_value(name)) for name in data]

    def to_representation(self, data: Any) -> list[str]:
        return list(data)


class Json(serializers.JSONField):
    """Any JSON; numbers keep all their digits."""

    def to_internal_value(self, data: Any) -> Any:
        return data

    def to_representation(self, value: Any) -> Any:
        return value


class RelatedRows(serializers.ManyRelatedField):
    """Other rows by their natural keys, in the order of these."""

    def to_internal_value(self, data: Any) -> list[Any]:
        if not isinstance(data, list):
            self.fail("not_a_list", input_type=type(data).__name__)
        return list(super().to_internal_value(data))

    def to_representation(self, iterable: Any) -> list[Any]:
        return sorted(super().to_representation(iterable))


class Related(serializers.SlugRelatedField[Any]):
    """Another row by its natural key. A row that the operator may not see does not exist."""

    default_error_messages = {"does_not_exist": "There is no {noun} {value}.", "invalid": "This is not a valid text."}

    @classmethod
    def many_init(cls, *args: Any, **options: Any) -> RelatedRows:
        of_list = {name: options[name] for name in MANY_RELATION_KWARGS if name in options}
        return RelatedRows(child_relation=cls(*args, **options), **of_list)

    def get_queryset(self) -> Any:
        request = self.context.get("request")
        rows = super().get_queryset()
        return rows if rows is None or request is None else limit_rows(request.user, rows)

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or "\x00" in data:
            self.fail("invalid")
        rows: Any = self.get_queryset()
        try:
            return rows.get(**{str(self.slug_field): data})
        except rows.model.DoesNotExist:
            self.fail("does_not_exist", noun=rows.model._meta.verbose_name, value=data)


# The natural key of a table, by its label: how rows of other tables name its rows, and how its own are addressed.
NATURAL_KEYS: Mapping[str, str] = {
    "catalog.vendor": "slug",
    "catalog.endpointtype": "name",
    "catalog.channel": "slug",
    "catalog.aimodel": "name",
    "catalog.modelalias": "name",
    "catalog.source": "slug",
    "tokens.tokengroup": "slug",
    "tokens.token": "key_id",
}
# Column of a model -> its field; the first class that fits.
FIELDS: Sequence[tuple[Any, Any]] = (
    (NamesField, Names),
    (ExactJSONField, Json),
    (ExactDecimalField, Exact),
    (GroupNameField, Text),
    (models.BooleanField, Switch),
    (models.IntegerField, Whole),
    (models.DateTimeField, Moment),
    (models.DateField, Day),
    (models.CharField, Text),
    (models.TextField, Text),
)
