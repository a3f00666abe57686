"""Default parameters of models: the values that apply if a request does not set them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError

from catalog.exact import plain

# Name -> the largest valid value; the smallest is 0.
LARGEST: Mapping[str, int] = {"temperature": 100, "top_p": 1, "top_k": 1_000_000, "max_temperature": 100}


def valid_parameters(values: Mapping[str, Any]) -> dict[str, Any]:
    """The known parameters with valid values, whole numbers as int; others are omitted."""
    return {name: _whole(values[name]) for name in LARGEST if name in values and not _problem(name, values[name])}


def validate_parameters(values: Any) -> None:
    """ValidationError if a name is unknown or a value is invalid; for the model field."""
    if not isinstance(values, dict):
        raise ValidationError('This is not a JSON object: write e.g. {"temperature": 1, "top_p": 0.95}.')
    for name, value in values.items():
        if name not in LARGEST:
            raise ValidationError(f"{name} is not a known parameter: use {', '.join(LARGEST)}.")
        if problem := _problem(name, value):
            raise ValidationError(problem)
    if "temperature" in values and values["temperature"] > values.get("max_temperature", LARGEST["temperature"]):
        raise ValidationError("temperature is above max_temperature: lower it.")


def _problem(name: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not 0 <= value <= LARGEST[name]:
        return f"{name} is not valid: use a number from 0 to {LARGEST[name]}."
    return f"{name} is not valid: use a whole number." if name == "top_k" and value != int(value) else ""


def _whole(value: int | Decimal) -> int | Decimal:
    return int(value) if value == int(value) else plain(Decimal(value))
