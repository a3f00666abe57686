"""Details of a price that the rows of new-api's price lists have no field for, and the rule behind each figure.

Imports no models.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from catalog.prices import GROUP_RATE, MILLION, PRICE_RULE, USE_FACTORS, Line, Sheet

# Field of a price list -> the meter of its line.
METERS: Mapping[str, str] = {
    "model_price": "request",
    "model_ratio": "input",
    "completion_ratio": "output",
    "cache_ratio": "input.cache_read",
    "create_cache_ratio": "input.cache_write",
    "image_ratio": "input.image",
    "audio_ratio": "input.audio",
    "audio_completion_ratio": "output.audio",
}


def with_details(sheet: Sheet, details: Mapping[str, Any]) -> Sheet:
    """The sheet with `Price.details`: rules as facts of lines, and lines and facts of its own."""
    rules = {METERS.get(name, name): rule for name, rule in details.get("rules", {}).items()}
    lines = [*sheet.lines, *_audio(details), *_group_rates(details)]
    factors = details.get("use_factors")
    return replace(
        sheet,
        lines=tuple(_with_rule(line, rules) for line in lines),
        facts={**sheet.facts, **({USE_FACTORS: factors} if factors else {})},
        states_facts=True,
        states_use_factors=True,
    )


def _with_rule(line: Line, rules: Mapping[str, str]) -> Line:
    rule = rules.get(line.meter)
    return replace(line, facts={**line.facts, PRICE_RULE: rule}) if rule and line.kind == "absolute" else line


def _audio(details: Mapping[str, Any]) -> Iterator[Line]:
    if "audio_input" in details:
        yield Line("input.audio", Decimal(details["audio_input"]), MILLION, "token")


def _group_rates(details: Mapping[str, Any]) -> Iterator[Line]:
    for group, rate in details.get("group_rates", {}).items():
        condition = {"dim": "group", "op": "eq", "value": group}
        yield Line("", Decimal(rate), kind="multiplier", conditions=(condition,), facts={GROUP_RATE: True})
