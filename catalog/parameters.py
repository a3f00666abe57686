"""The settings that a model answers with where its caller names none, as numbers by name."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError

from catalog.exact import plain

# Name -> the largest value that makes sense.
LARGEST: Mapping[str, int] = {"temperature": 100, "top_p": 1, "top_k": 1_000_000, "max_temperature": 100}


def sound(values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings among these that can be, whole numbers as such; nothing of the rest, nor of null."""
    return {name: _whole(values[name]) for name in LARGEST if name in values and not _fault(name, values[name])}


def validate_parameters(values: Any) -> None:
    """For the model field: names that are known, and numbers that can be."""
    if not isinstance(values, dict):
        raise ValidationError('Write it as an object, e.g. {"temperature": 1, "top_p": 0.95}.')
    for name, value in values.items():
        if name not in LARGEST:
            raise ValidationError(f"{name} is not one of {', '.join(LARGEST)}.")
        if fault := _fault(name, value):
            raise ValidationError(fault)
    if "temperature" in values and values["temperature"] > values.get("max_temperature", LARGEST["temperature"]):
        raise ValidationError("temperature is above max_temperature.")


def _fault(name: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not 0 <= value <= LARGEST[name]:
        return f"{name} is a number from 0 to {LARGEST[name]}."
    return f"{name} is a whole number." if name == "top_k" and value != int(value) else ""


def _whole(value: int | Decimal) -> int | Decimal:
    return int(value) if value == int(value) else plain(Decimal(value))
