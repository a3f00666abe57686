"""The retirements of a reader as JSON."""

import datetime as dt
from collections.abc import Iterable
from typing import Annotated, Literal, TypedDict

from catalog.exact import write_json
from pricing.published.history import Price, price_of
from pricing.retirements.finding import Retirement
from tokens.timestamps import format_timestamp


class RetirementRow(TypedDict):
    """A model that retires, or is deprecated."""

    model_name: str
    vendor: Annotated[str, "The short name of the vendor."]
    lifecycle: Annotated[str, {"enum": ["active", "deprecated", "retired"]}]
    deprecated_on: Annotated[
        str | None, "From this day (UTC) on, new users should choose another model.", {"format": "date"}
    ]
    retires_on: Annotated[
        str | None, "From this day (UTC) on, lists omit it; null: no date is known.", {"format": "date"}
    ]
    retires_at: Annotated[str | None, "The first moment of that day.", {"format": "date-time"}]
    successor: Annotated[str | None, "The model that replaces it; null: none is known that the caller can see."]
    forwards_to_successor: Annotated[bool, "From its retirement on, calls of its id go to the successor."]
    group: Annotated[str, "The group that pays for it."]
    price: Annotated[Price, "What this group pays, with its rate multiplied in; unpriced once it is retired."]
    successor_price: Annotated[Price | None, "What the caller pays for the successor; null without one."]


class Retirements(TypedDict):
    """The retirements of the models that the caller may know of."""

    success: Literal[True]
    until: Annotated[str, "The last day (UTC) of the horizon.", {"format": "date"}]
    data: Annotated[list[RetirementRow], "By the day of the retirement, those without one last."]


def render(retirements: Iterable[Retirement], *, on: dt.date, within: dt.timedelta) -> bytes:
    body: Retirements = {
        "success": True,
        "until": (min(on, dt.date.max - within) + within).isoformat(),
        "data": [_row(retirement, on=on) for retirement in retirements],
    }
    return write_json(body)


def _row(retirement: Retirement, *, on: dt.date) -> RetirementRow:
    model, successor, price = retirement.model, retirement.successor, retirement.price
    return {
        "model_name": model.name,
        "vendor": model.vendor.slug,
        "lifecycle": model.lifecycle(on=on),
        "deprecated_on": _day(model.deprecated_on),
        "retires_on": _day(model.retires_on),
        "retires_at": format_timestamp(model.retires_at) if model.retires_at else None,
        "successor": successor.name if successor else None,
        "forwards_to_successor": retirement.forwards,
        "group": price.group,
        "price": price_of(price.before),
        "successor_price": price_of(price.after) if successor else None,
    }


def _day(day: dt.date | None) -> str | None:
    return None if day is None else day.isoformat()
