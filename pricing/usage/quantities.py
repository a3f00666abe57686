"""The usage of a call in a request's body: how much of each meter, and the facts that can decide its price."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from catalog.exact import digits
from pricing.engine.money import UNITS, is_meter
from pricing.engine.quoting import USED_METER, Use

MAX_QUANTITY = Decimal(10) ** 15
# More decimals than any unit needs.
MAX_DECIMALS = 6
MAX_METERS = 100


class UsageError(ValueError):
    """A report that is not valid; the message is one sentence for the sender, `field` the field that it is about."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


def read_usage(values: Any) -> dict[str, Use]:
    """Meter -> use; UsageError if the values are not valid."""
    if not isinstance(values, dict) or not 0 < len(values) <= MAX_METERS:
        raise UsageError('usage must be an object, e.g. {"input": 1000, "output": 200}.', field="usage")
    return {name: _read_use(name, value) for name, value in values.items()}


def _read_use(name: str, value: Any) -> Use:
    match = USED_METER.fullmatch(name)
    if match is None or not is_meter(match[1]):
        raise UsageError(
            f"{name[:80]!r} is not a valid meter. Use e.g. input, output or input.cache_read.", field="usage"
        )
    unit = ""
    if isinstance(value, dict):
        if unknown := sorted(value.keys() - {"quantity", "unit"}):
            raise UsageError(f"{name} must have only a quantity and a unit, not {unknown[0][:80]!r}.", field="usage")
        unit, value = value.get("unit", ""), value.get("quantity")
        if unit not in ("", *UNITS):
            raise UsageError(f"The unit of {name} must be one of {', '.join(UNITS)}.", field="usage")
    if not isinstance(value, int | Decimal) or isinstance(value, bool):
        raise UsageError(f"The quantity of {name} must be a number.", field="usage")
    quantity = Decimal(value)
    exponent = int(quantity.as_tuple().exponent)
    if not 0 <= quantity <= MAX_QUANTITY or exponent < -MAX_DECIMALS:
        raise UsageError(
            f"The quantity of {name} must be from 0 to {digits(MAX_QUANTITY)}, with at most {MAX_DECIMALS} decimals.",
            field="usage",
        )
    return Use(quantity, unit)


def check_facts(facts: Mapping[str, Any]) -> None:
    """UsageError if the facts of a request are not valid."""
    for name, value in facts.items():
        if name in ("body", "headers"):
            if not isinstance(value, dict):
                raise UsageError(f"The {name} in request must be an object of names and values.", field="request")
        elif not isinstance(value, str | int | Decimal | bool):
            raise UsageError(
                f"The value of {name[:80]} in request must be a text, a number, true or false.", field="request"
            )
