"""Details of a price that the rows of new-api's price lists have no field for, and the rule behind each figure.

Imports no models.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from catalog.prices import GROUP_RATE, MILLION, PRICE_RULE, USE_FACTORS, Condition, Line, Sheet
from catalog.sources.new_api_prices import INPUT_RATIOS, prices_of
from catalog.sources.rows import Row
from pricing.gateways.prices.price import cache_lifetime

# Field of a price list -> the meter of its line.
METERS: Mapping[str, str] = {
    "model_price": "request",
    "model_ratio": "input",
    "completion_ratio": "output",
    **dict(INPUT_RATIOS),
    "audio_completion_ratio": "output.audio",
}


def with_details(sheet: Sheet, details: Mapping[str, Any]) -> Sheet:
    """The sheet with `Price.details`: rules as facts of lines, and lines and facts of its own."""
    rules = {METERS.get(name, name): rule for name, rule in details.get("rules", {}).items()}
    lines = [*sheet.lines, *_audio(details), *_group_prices(sheet, details), *_group_rates(details)]
    factors = details.get("use_factors")
    return replace(
        sheet,
        lines=tuple(_with_rule(line, rules) for line in lines),
        facts={**sheet.facts, **({USE_FACTORS: factors} if factors else {})},
        states_facts=True,
        states_use_factors=True,
    )


def _with_rule(line: Line, rules: Mapping[str, str]) -> Line:
    lifetime = cache_lifetime(line.conditions)
    rule = rules.get(f"{line.meter}[{lifetime}]" if lifetime else line.meter)
    is_common = line.kind == "absolute" and not any(condition["dim"] == "group" for condition in line.conditions)
    return replace(line, facts={**line.facts, PRICE_RULE: rule}) if rule and is_common else line


def _audio(details: Mapping[str, Any]) -> Iterator[Line]:
    if "audio_input" in details:
        yield Line("input.audio", Decimal(details["audio_input"]), MILLION, "token")


def _group_prices(common: Sheet, details: Mapping[str, Any]) -> Iterator[Line]:
    """The prices of groups that pay others, which replace all common ones."""
    for group, row in details.get("group_prices", {}).items():
        own = prices_of(Row(row), is_stored=True)
        lines = own.lines if own else ()
        for line in (*lines, *_replacements(common, lines)):
            yield replace(line, conditions=(*line.conditions, _is_group(group)))


def _replacements(common: Sheet, own: Sequence[Line]) -> Iterator[Line]:
    """For common prices of other meters: what the meter costs by the group's prices, and nothing if it has none."""
    stated = {(line.meter, line.unit) for line in own}
    for line in common.lines:
        if line.kind == "absolute" and (line.meter, line.unit) not in stated:
            side = [part for part in own if part.meter == line.meter.partition(".")[0] and part.unit == line.unit]
            yield replace(line, amount=side[0].amount if side else Decimal(0), per=side[0].per if side else line.per)


def _is_group(group: str) -> Condition:
    return {"dim": "group", "op": "eq", "value": group}


def _group_rates(details: Mapping[str, Any]) -> Iterator[Line]:
    for group, rate in details.get("group_rates", {}).items():
        yield Line("", Decimal(rate), kind="multiplier", conditions=(_is_group(group),), facts={GROUP_RATE: True})
