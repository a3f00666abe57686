"""Bodies and parameters of actions."""

from collections.abc import Collection, Mapping
from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from pricing.admin_api.errors import WHOLE_ROW
from pricing.admin_api.fields import Text
from pricing.admin_api.serializers import LONGEST_NAME

DEFAULT_GRACE = "24h"


def refuse_unknown(data: Mapping[str, Any], fields: Collection[str]) -> None:
    """An error that names the first field of the body that nobody reads."""
    if unknown := sorted(map(str, data.keys() - set(fields))):
        name = unknown[0][:LONGEST_NAME]
        raise serializers.ValidationError({name: f"There is no field {name}."}, code="unknown")


class ActionRequest(serializers.Serializer[Any]):
    """The body of an action; it may be empty, and unknown fields are refused."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, Mapping):
            raise serializers.ValidationError({WHOLE_ROW: "This must be an object."}, code="invalid")
        refuse_unknown(data, self.fields)
        return super().to_internal_value(data)


def read_body(shape: type[ActionRequest], data: Any) -> dict[str, Any]:
    """The values of a body with this shape; an error for others."""
    request = shape(data={} if data is None or data == "" else data)
    request.is_valid(raise_exception=True)
    values: dict[str, Any] = request.validated_data
    return values


class Nothing(ActionRequest):
    """An empty body."""


class Rotation(ActionRequest):
    """How long the old key stays valid."""

    grace = Text(default=DEFAULT_GRACE, help_text="90m, 24h, 7d; 0: all earlier keys end now.")


class Decision(ActionRequest):
    """What is applied of a plan; the body may be empty."""

    fingerprint = Text(required=False, help_text="That of the plan that you have seen: another plan is not applied.")
    models = serializers.ListField(
        child=Text(), required=False, help_text="Only the changes of these models; the others wait."
    )
    accept_jumps = serializers.ListField(
        child=Text(),
        required=False,
        help_text="Models whose prices may move far; those of others wait. All: the parameter accept_jumps=1.",
    )


def asked(name: str, description: str, kind: Any = str, **options: Any) -> OpenApiParameter:
    """A query parameter of an action."""
    return OpenApiParameter(name, kind, description=description, **options)
