"""What several resources share: warnings, states of dated rows, and rows that are written with another one.

The admin shows a warning after a change; it stops nothing. A guard is different: the admin asks a person to confirm it,
see `doubts` of serializers.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS
from django.core.exceptions import ValidationError as ModelError
from django.http import HttpResponse
from django.utils import timezone
from rest_framework import serializers

from pricing.admin_api.resource import Resource
from pricing.admin_api.serializers import ETAG, RowSerializer
from pricing.admin_api.writes import Outcome, reason_of
from tokens.models import Token

WARNINGS, STATE = "warnings", "state"
STATES = ("scheduled", "current", "past")


class Warnings(serializers.ListField):
    """Empty, until the response to a change is complete."""

    child = serializers.CharField()

    def __init__(self) -> None:
        text = "What you should know about your change, in the response to it; otherwise empty."
        super().__init__(source="*", read_only=True, help_text=text)

    def to_representation(self, data: Any) -> list[str]:
        return []


class WarnedSerializer(RowSerializer):
    """A row with `warnings`, which must be one of its volatile fields."""

    warnings = Warnings()


class Warned(Resource):
    """A resource whose changes can have warnings."""

    def find_warnings(self, rows: Sequence[Mapping[str, Any]]) -> Mapping[Any, Sequence[str]]:
        """Number or name of a row -> its warnings, for the rows that a request has stored."""
        raise NotImplementedError

    def write(self, change: Callable[[], Outcome]) -> HttpResponse:
        def warn() -> Outcome:
            outcome = change()
            rows = outcome.body if isinstance(outcome.body, list) else [outcome.body]
            stored = [row for row in rows if isinstance(row, dict) and ETAG in row]
            found = self.find_warnings(stored) if stored else {}
            for row in stored:
                row[WARNINGS] = list(found.get(row["id" if "id" in row else "name"], ()))
            return outcome

        return super().write(warn)


class State(serializers.ChoiceField):
    """The state at the moment of the request: annotated by a query, or computed by the row."""

    def __init__(self) -> None:
        text = "Whether the row applies now; a scheduled one applies later."
        super().__init__(choices=STATES, read_only=True, help_text=text)

    def get_attribute(self, instance: Any) -> str:
        state = instance.state
        return str(state(at=timezone.now()) if callable(state) else state)


class DatedSerializer(RowSerializer):
    """A row with its `state`, which must be one of its volatile fields."""

    state = State()


class Dated(Resource):
    """Rows by number, with their state."""

    lookup_field = "pk"
    lookup_value_converter = "int"

    def _with_relations(self, rows: Any, only: Sequence[Any] | None = None) -> Any:
        rows = super()._with_relations(rows, only)
        return rows.with_state(at=timezone.now()) if hasattr(rows, "with_state") else rows


class Priced(Resource):
    """Rows that decide prices: they take models only from keys whose patterns compare prices."""

    def may_take(self) -> bool:
        return super().may_take() and Token.objects.comparing_prices().exists()


class ReasonedSerializer(RowSerializer):
    """A row with a column for the reason: that of the body, or of the header."""

    def check(self, row: Any, relations: Mapping[str, Any]) -> None:
        if row.pk is None:
            row.reason = row.reason or reason_of(self.context["request"])[: row._meta.get_field("reason").max_length]
        row._change_reason = self.validated_data.get("reason") or None  # noqa: SLF001
        super().check(row, relations)


def errors_below(path: str, error: ModelError) -> dict[str, list[ModelError]]:
    """The errors of a row inside another one, by their paths in the body."""
    return {path if name == NON_FIELD_ERRORS else f"{path}.{name}": found for name, found in error.error_dict.items()}


class PartSerializer(RowSerializer):
    """A row that is written with another one, whose version includes it."""

    def get_fields(self) -> dict[str, Any]:
        return {name: field for name, field in super().get_fields().items() if name != ETAG}

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return {name: value for name, value in super().to_representation(instance).items() if name != ETAG}
