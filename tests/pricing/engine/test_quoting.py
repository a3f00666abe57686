"""Quotes line by line: fallbacks, tiers, multipliers, allowances, and unknown prices."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from catalog.exact import digits
from catalog.prices import MILLION, Line, Sheet
from pricing.engine.quoting import Quote, Use, quote

NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
GRADUATED = {"tier_mode": "graduated"}


def line(meter: str, amount: str | None, *conditions: dict[str, Any], **fields: Any) -> Line:
    values: dict[str, Any] = {"kind": "absolute", "per": MILLION, "unit": "token"} | fields
    return Line(meter=meter, amount=None if amount is None else Decimal(amount), conditions=conditions, **values)


def when(dim: str, op: str, value: Any) -> dict[str, Any]:
    return {"dim": dim, "op": op, "value": value}


def ask(lines: list[Line], *, facts: dict[str, Any] | None = None, sheet_facts: Any = None, **usage: Any) -> Quote:
    uses = {name.replace("__", "."): use if isinstance(use, Use) else Use(Decimal(use)) for name, use in usage.items()}
    return quote(Sheet("USD", tuple(lines), facts=sheet_facts or {}), uses, facts or {}, at=NOON)


def amounts(result: Quote) -> list[str]:
    return ["?" if charge.amount is None else digits(charge.amount) for charge in result.charges]


def states(result: Quote) -> list[str]:
    return [charge.state for charge in result.charges]


def test_each_meter_is_charged_exactly() -> None:
    quoted = ask([line("input", "0.15"), line("output", "0.6")], input=1, output=3)
    assert amounts(quoted) == ["0.00000015", "0.0000018"]
    assert quoted.amount == Decimal("0.00000195")


def test_a_meter_without_a_line_is_charged_as_its_fallback() -> None:
    base = [line("input", "3"), line("output", "15"), line("input.cache_write", "3.75")]
    hour = quote(Sheet("USD", tuple(base)), {"input.cache_write[1h]": Use(Decimal(MILLION))}, {}, at=NOON)
    assert amounts(hour) == ["3.75"]
    quoted = ask(base, input__cache_read=MILLION, output__reasoning=MILLION, input__audio=MILLION, input__image=MILLION)
    assert amounts(quoted) == ["3", "15", "3", "3"]


def test_the_lifetime_of_a_cache_selects_its_price() -> None:
    lines = [line("input.cache_write", "3.75"), line("input.cache_write", "6", when("cache_ttl", "eq", "1h"))]
    usage = {"input.cache_write[1h]": Use(Decimal(MILLION)), "input.cache_write[5m]": Use(Decimal(MILLION))}
    assert amounts(quote(Sheet("USD", tuple(lines)), usage, {}, at=NOON)) == ["6", "3.75"]


def test_audio_by_the_second_is_not_charged_as_tokens() -> None:
    lines = [line("input", "3"), line("input.audio", "0.01", per=1, unit="second")]
    quoted = ask(lines, input__audio=Use(Decimal(5), "second"))
    assert amounts(quoted) == ["0.05"]
    assert states(ask(lines, input__audio=Use(Decimal(5), "character"))) == ["unpriced"]


@pytest.mark.parametrize(
    ("unit", "used", "quantity", "expected", "charged"),
    [
        ("hour", "second", "3600", "0.18", "1"),
        ("hour", "second", "100", "0.005", f"0.02{'7' * 38}8"),
        ("hour", "minute", "90", "0.27", "1.5"),
        ("second", "hour", "2", "1296", "7200"),
        ("minute", "second", "30", "0.09", "0.5"),
    ],
)
def test_units_of_time_are_converted_exactly(unit: str, used: str, quantity: str, expected: str, charged: str) -> None:
    quoted = ask([line("input.audio", "0.18", per=1, unit=unit)], input__audio=Use(Decimal(quantity), used))
    assert amounts(quoted) == [expected]
    assert str(quoted.charges[0].charged) == charged


def test_a_minimum_and_free_units_are_converted_too() -> None:
    lines = [
        line("input", "3.6", per=1, unit="hour"),
        line("input", "1", kind="minimum", per=1, unit="minute"),
        line("input", "10", kind="allowance", per=1, unit="second"),
    ]
    assert amounts(ask(lines, input=Use(Decimal(5), "second"))) == ["0.05"]
    assert amounts(ask(lines, input=Use(Decimal(2), "minute"))) == ["0.11"]


def test_the_price_of_the_same_unit_is_preferred_to_a_converted_one() -> None:
    lines = [line("input", "1", per=1, unit="second"), line("input", "60", per=1, unit="hour")]
    assert amounts(ask(lines, input=Use(Decimal(7), "second"))) == ["7"]


def units(result: Quote) -> list[str]:
    return [charge.assumed_unit for charge in result.charges]


def test_a_quantity_without_a_unit_counts_tokens_if_the_fallback_has_a_price_for_them() -> None:
    lines = [line("input", "2"), line("input.image", "0.0011", per=1, unit="image")]
    lines += [line("input.audio", "0.18", per=1, unit="hour"), line("output.image", "0.1", per=1, unit="image")]
    quoted = ask(lines, input=1000, input__image=560, input__audio=900, output__image=2)
    assert amounts(quoted) == ["0.002", "0.00112", "0.0018", "0.2"]
    assert units(quoted) == ["", "token", "token", "image"]
    assert amounts(ask(lines, input__image=Use(Decimal(2), "image"))) == ["0.0022"]


def test_the_unit_of_a_meter_that_is_sold_in_one_unit_is_not_an_assumption() -> None:
    lines = [line("input", "2"), line("ocr", "0.002", per=1, unit="page"), line("ocr", "0.01", per=1, unit="credit")]
    lines += [line("web_search", "0.01", per=1, unit="query"), line("request", "1", per=1, unit="request")]
    assert units(ask(lines, input=1, input__audio=1, web_search=1, ocr=1)) == ["", "", "", "page", ""]


@pytest.mark.parametrize("unit", ["image", "second", "page"])
def test_only_tokens_are_part_of_the_length_of_the_prompt(unit: str) -> None:
    lines = [line("input", "3"), line("input", "6", when("prompt_tokens", "gt", 1000))]
    lines += [line("input.image", "1", per=1, unit=unit)]
    assert amounts(ask(lines, input=1000, input__image=Use(Decimal(9000), unit))) == ["0.003", "9000"]
    only = [line("input.image", "1", per=1, unit=unit), line("request", "5", per=1, unit="request")]
    only += [line("request", "7", when("prompt_tokens", "gt", 1000), per=1, unit="request")]
    assert amounts(ask(only, input__image=9000)) == ["9000", "5"]


@pytest.mark.parametrize("medium", ["audio", "image"])
@pytest.mark.parametrize("part", ["cache_read", "cache_write"])
def test_a_cached_medium_without_a_price_costs_what_the_medium_costs(medium: str, part: str) -> None:
    meter = f"input.{medium}.{part}"
    text = [line("input", "4"), line("input.cache_read", "0.4"), line("input.cache_write", "5")]
    own = line(f"input.{medium}", "32")

    def amount(lines: list[Line]) -> list[str]:
        return amounts(quote(Sheet("USD", tuple(lines)), {meter: Use(Decimal(MILLION))}, {}, at=NOON))

    assert amount([*text, own]) == ["32"]
    assert amount([*text, own, line(meter, "3")]) == ["3"]
    # The medium has no price of its own: it is charged as text, and cached text has a price.
    assert amount(text) == [{"cache_read": "0.4", "cache_write": "5"}[part]]
    assert amount(text[:1]) == ["4"]


def test_a_meter_can_be_used_in_two_units() -> None:
    lines = [line("input", "2"), line("input.image", "0.0011", per=1, unit="image")]
    uses = [("input.image", Use(Decimal(500), "token")), ("input.image", Use(Decimal(2), "image"))]
    assert amounts(quote(Sheet("USD", tuple(lines)), uses, {}, at=NOON)) == ["0.001", "0.0022"]


def test_the_last_line_whose_conditions_all_hold_applies() -> None:
    lines = [
        line("input", "1"),
        line("input", "2", when("prompt_tokens", "gt", 100)),
        line("input", "9", when("prompt_tokens", "gt", 100), when("service_tier", "eq", "flex")),
    ]
    assert ask(lines, input=100).amount == Decimal("0.0001")
    assert ask(lines, input=101).amount == Decimal("0.000202")


@pytest.mark.parametrize(("op", "tokens", "price"), [("gte", 200_000, 6), ("gt", 200_000, 3), ("gt", 200_001, 6)])
def test_the_whole_prompt_is_charged_by_its_tier(op: str, tokens: int, price: int) -> None:
    lines = [line("input", "3"), line("input", "6", when("prompt_tokens", op, 200_000))]
    assert ask(lines, input=tokens).amount == Decimal(tokens * price) / MILLION


def test_cached_tokens_count_towards_the_length_of_the_prompt() -> None:
    lines = [line("input", "3"), line("input", "6", when("prompt_tokens", "gt", 1000))]
    assert ask(lines, input=1, input__cache_read=1000).amount == Decimal("0.006006")


def test_the_usage_determines_the_length_of_the_prompt() -> None:
    lines = [line("input", "3"), line("input", "6", when("prompt_tokens", "gt", 1000))]
    lines += [line("request", "1", when("prompt_tokens", "gt", 1000), per=1, unit="request")]
    assert amounts(ask(lines, input=2000, facts={"prompt_tokens": 1})) == ["0.012", "1"]
    assert amounts(ask(lines, request=1, facts={"prompt_tokens": 2000})) == ["1"]


def test_a_cache_without_a_lifetime_lasts_five_minutes() -> None:
    lines = [line("input", "3"), line("input.cache_write", "5", when("cache_ttl", "eq", "5m"))]
    assert amounts(ask(lines, input__cache_write=MILLION)) == ["5"]
    assert amounts(ask(lines, input__cache_write=MILLION, facts={"cache_ttl": "1h"})) == ["3"]


def test_a_graduated_sheet_charges_each_part_by_its_own_tier() -> None:
    lines = [line("input", "3"), line("input", "6", when("prompt_tokens", "gt", 1000))]
    quoted = ask(lines, input=1500, sheet_facts=GRADUATED)
    assert amounts(quoted) == ["0.003", "0.003"]


def test_the_meters_of_a_graduated_prompt_follow_each_other() -> None:
    lines = [line("input", "3"), line("input", "6", when("prompt_tokens", "gt", 1000))]
    quoted = ask(lines, sheet_facts=GRADUATED, input__cache_write=100, input__cache_read=700, input=600)
    assert [(charge.meter, digits(charge.quantity)) for charge in quoted.charges] == [
        ("input.cache_write", "100"),
        ("input.cache_read", "400"),
        ("input.cache_read", "300"),
        ("input", "600"),
    ]
    assert amounts(quoted) == ["0.0006", "0.0012", "0.0018", "0.0018"]
    assert quoted.amount == ask(lines, sheet_facts=GRADUATED, input=1400).amount


def test_an_allowance_and_a_minimum_of_a_graduated_meter_apply_once() -> None:
    lines = [line("input", "3"), line("input", "6", when("prompt_tokens", "gt", 1000))]
    free = line("input", "1000", kind="allowance", per=1)
    quoted = ask([*lines, free], input=2500, sheet_facts=GRADUATED)
    assert amounts(quoted) == ["0.003", "0.003"]
    assert [(digits(charge.quantity), charge.charged) for charge in quoted.charges] == [
        ("1000", Decimal(1000)),
        ("1500", Decimal(500)),
    ]
    assert amounts(ask([*lines, free], input=900, sheet_facts=GRADUATED)) == ["0"]
    least = line("input", "1500", kind="minimum", per=1)
    assert amounts(ask([*lines, least], input=1200, sheet_facts=GRADUATED)) == ["0.003", "0.003"]
    assert amounts(ask([*lines, least], input=0, output=0, sheet_facts=GRADUATED))[0] == "0"


def test_other_units_than_tokens_are_not_part_of_a_graduated_prompt() -> None:
    lines = [line("input", "3"), line("input.image", "1", per=1, unit="image")]
    lines += [line("input", "6", when("prompt_tokens", "gt", 1))]
    assert amounts(ask(lines, input__image=Use(Decimal(2), "image"), sheet_facts=GRADUATED)) == ["2"]


def test_all_multipliers_apply_after_the_price() -> None:
    lines = [
        line("input", "3"),
        Line("", Decimal("1.1"), kind="multiplier", conditions=(when("region", "eq", "eu"),)),
        Line("", Decimal("0.5"), kind="multiplier"),
        Line("output", Decimal(7), kind="multiplier"),
    ]
    quoted = ask(lines, input=MILLION, facts={"region": "EU"})
    assert amounts(quoted) == ["1.65"]
    assert len(quoted.charges[0].multipliers) == 2


def test_free_units_and_minimums_of_each_request_apply() -> None:
    images = [
        line("input.image", "0.01", per=1, unit="image"),
        line("input.image", "5", kind="allowance", per=1, unit="image"),
    ]
    assert amounts(ask(images, input__image=7)) == ["0.02"]
    assert amounts(ask(images, input__image=3)) == ["0"]
    seconds = [line("input", "0.1", per=1, unit="second"), line("input", "10", kind="minimum", per=1, unit="second")]
    assert amounts(ask(seconds, input=3)) == ["1"]
    assert amounts(ask(seconds, input=0)) == ["0"]


def test_free_units_of_a_day_are_not_deducted_from_a_request() -> None:
    lines = [
        line("web_search", "0.035", per=1, unit="query"),
        line("web_search", "1500", kind="allowance", per=1, unit="query", facts={"period": "day"}),
    ]
    assert amounts(ask(lines, web_search=1)) == ["0.035"]


def test_a_price_per_call_is_charged_once_by_default() -> None:
    assert ask([line("request", "0.04", per=1, unit="request")], input=9).amount == Decimal("0.04")


def test_a_charge_without_a_price_has_a_state() -> None:
    call = line("request", "0.04", per=1, unit="request")
    assert states(ask([line("input", "0")], input=5)) == ["free"]
    assert states(ask([call], input=5)) == ["elsewhere", "priced"]
    assert states(ask([Line("input", None, kind="included")], input=5, output=5)) == ["included", "included"]
    assert states(ask([Line("input", None, kind="dynamic")], input=5, output=5)) == ["dynamic", "dynamic"]
    assert states(ask([], input=5)) == ["unpriced"]


def test_the_cost_of_an_unpriced_meter_is_unknown() -> None:
    """The price of tokens does not include searches, training or images."""
    lines = [line("input", "30"), line("output", "180")]
    pictures = Use(Decimal(3), "image")
    for unknown in ({"web_search": 50}, {"finetune": 9}, {"output__image": pictures}):
        quoted = ask(lines, input=10, **unknown)
        assert states(quoted) == ["priced", "unpriced"]
        assert quoted.amount is None
    assert states(ask([line("output.image", "0.04", per=1, unit="image")], output__image=pictures, input=9)) == [
        "priced",
        "elsewhere",
    ]


def test_a_quantity_of_0_costs_nothing_without_a_price() -> None:
    assert ask([line("input", "30")], input=10, output=0).amount == Decimal("0.0003")


def test_a_sum_with_an_unknown_part_is_unknown() -> None:
    assert ask([Line("input", None, kind="dynamic")], input=5).amount is None
    assert ask([], input=5).amount is None
    assert ask([Line("input", None, kind="included")], input=5).amount == 0


def test_an_inexact_quotient_is_rounded_to_40_digits() -> None:
    assert str(ask([line("input", "1", per=3)], input=1).amount) == "0." + "3" * 40
