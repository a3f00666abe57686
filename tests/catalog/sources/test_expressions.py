"""Reads billing expressions: canonical forms become lines, and nothing else does."""

from decimal import Decimal
from typing import Any

import pytest

from catalog.exact import digits, read_json
from catalog.prices import STANDARD_TIERS
from catalog.sources.conditions import write_conditions
from catalog.sources.expressions import UNASKED_TIERS, read_expression
from tests.samples import sample_or_real


def lines_of(text: str) -> list[tuple[str, str, str]] | None:
    read = read_expression(text)
    if read is None:
        return None
    return [(line.meter, digits(line.amount), write_conditions(line.conditions)) for line in read if line.amount]


def test_length_tiers_are_a_plain_price_and_lines_above_a_boundary() -> None:
    text = (
        'len <= 32000 ? tier("a", p * 1 + c * 2) : len <= 256000 ? tier("b", p * 3 + c * 2) : tier("c", p * 4 + c * 5)'
    )
    assert lines_of(text) == [
        ("input", "1", ""),
        ("output", "2", ""),
        ("input", "3", "prompt_tokens>32000"),
        ("input", "4", "prompt_tokens>256000"),
        ("output", "5", "prompt_tokens>256000"),
    ]


@pytest.mark.parametrize(
    ("test", "above"), [("len <= 9", 9), ("len < 9", 8), ("len > 9", 9), ("len >= 9", 8), ("len > 8 && len >= 9", 8)]
)
def test_each_comparison_has_its_own_boundary(test: str, above: int) -> None:
    short, long = ("p * 1", "p * 2") if "<" in test else ("p * 2", "p * 1")
    assert lines_of(f"{test} ? {short} : {long}") == [("input", "1", ""), ("input", "2", f"prompt_tokens>{above}")]


def test_a_factor_after_the_prices_is_a_line() -> None:
    text = 'v1:((tier("base", p * 2 + c * 8)) * (param("service_tier") == "flex" ? 0.5 : 1)) * 0.65'
    assert lines_of(text) == [
        ("input", "2", ""),
        ("output", "8", ""),
        ("", "0.65", ""),
        ("", "0.5", "service_tier=flex"),
    ]


def test_a_number_in_a_sum_is_a_fee_for_each_request() -> None:
    lines = read_expression('len <= 10 ? tier("a", p * 1 + c * 2 + 10000) : tier("b", p * 1 + c * 2 + 20000)')

    assert lines is not None
    assert [(line.meter, line.amount, line.per, line.unit) for line in lines[2:]] == [
        ("request", Decimal("0.01"), 1, "request"),
        ("request", Decimal("0.02"), 1, "request"),
    ]
    assert lines[3].conditions == ({"dim": "prompt_tokens", "op": "gt", "value": 10},)


def test_an_inner_choice_is_a_conditional_line() -> None:
    text = 'param("service_tier") == "flex" ? (p * 1 + c * 8) : (len <= 10 ? p * 2 + c * 8 : p * 3 + c * 8)'
    assert lines_of(text) == [
        ("input", "2", ""),
        ("output", "8", ""),
        ("input", "3", "prompt_tokens>10"),
        ("input", "1", "service_tier=flex"),
    ]


def test_a_cache_write_has_any_lifetime_unless_an_hour_has_its_own_price() -> None:
    assert lines_of("p * 1 + cc * 2") == [("input", "1", ""), ("input.cache_write", "2", "")]
    assert lines_of("p * 1 + cc * 2 + cc1h * 2") == [("input", "1", ""), ("input.cache_write", "2", "")]
    assert lines_of("p * 1 + cc * 2 + cc1h * 3") == [
        ("input", "1", ""),
        ("input.cache_write", "2", ""),
        ("input.cache_write", "3", "cache_ttl=1h"),
    ]
    assert lines_of("p * 1 + cc1h * 3") == [("input", "1", ""), ("input.cache_write", "3", "cache_ttl=1h")]


@pytest.mark.parametrize(
    ("test", "windows"),
    [
        ('hour("UTC") >= 22 || hour("UTC") < 6', [{"hours": ["22:00-06:00"]}]),
        ('hour("UTC") * 60 + minute("UTC") < 90', [{"hours": ["00:00-01:30"]}]),
        (
            'weekday("UTC") == 0 || weekday("UTC") == 6 || (hour("UTC") >= 18 && hour("UTC") <= 19)',
            [{"hours": ["18:00-20:00"], "weekdays": [1, 2, 3, 4, 5]}, {"hours": ["00:00-00:00"], "weekdays": [6, 7]}],
        ),
        ('weekday("UTC") >= 1 && hour("UTC") < 1', [{"hours": ["00:00-01:00"], "weekdays": [1, 2, 3, 4, 5, 6]}]),
    ],
)
def test_hours_and_weekdays_are_windows_however_they_are_written(test: str, windows: list[Any]) -> None:
    read = read_expression(f"({test}) ? p * 1 : p * 2")
    assert read is not None
    assert read[1].conditions == ({"dim": "time", "op": "in", "value": {"tz": "UTC", "windows": windows}},)


def test_fields_of_the_request_are_one_match() -> None:
    read = read_expression('param("speed") == "fast" && header("X-Beta") == "y" && param("n") == 1 ? p * 6 : p * 1')
    assert read is not None
    match = {"body": {"speed": "fast", "n": 1}, "headers": {"X-Beta": "y"}}
    assert read[1].conditions == ({"dim": "request_match", "op": "eq", "value": match},)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "len",
        "2",
        "p * q",
        "p * 2 + 1 + 1",
        "p * c",
        "p * 2 + p * 3",
        "p * -2",
        "p * 2e3",
        "max(p, c) * 2",
        "fixed(0.05)",
        'tier("a", p * 2',
        "tier(a, p * 2)",
        'tier("a", 0)',
        "p * 2 p * 3",
        "len <= 10 ? p * 1 : p * 2 + c * 3",
        "len == 10 ? p * 1 : p * 2",
        "len <= 10.5 ? p * 1 : p * 2",
        "c <= 10 ? p * 1 : p * 2",
        "10 >= len ? p * 1 : p * 2",
        "p ? p * 1 : p * 2",
        'param("x") ? p * 1 : p * 2',
        'param("x") > 1 ? p * 1 : p * 2',
        'param("service_tier") == "batch" ? p * 1 : p * 2',
        'param("service_tier") == "default" ? p * 1 : p * 2',
        'param("service_tier") == 1 ? p * 1 : p * 2',
        'param("x") == 1 && param("x") == 2 ? p * 1 : p * 2',
        'hour("Mars/Olympus") < 3 ? p * 1 : p * 2',
        'hour("UTC") < 3 && hour("Asia/Shanghai") < 9 ? p * 1 : p * 2',
        'hour("UTC") > 30 ? p * 1 : p * 2',
        'minute("UTC") < 30 ? p * 1 : p * 2',
        'tier("a", p * 2)|||when(param("fast") == true) * 2',
        "v2:p * 2",
        "p.real * 2",
        "__import__('os') * p",
        "(" * 1000 + "p * 2" + ")" * 1000,
        "+".join(["p * 1"] * 10_000),
        " && ".join(f'param("{name}") == 1' for name in range(40)) + " ? p * 1 : p * 2",
    ],
)
def test_other_expressions_are_not_read(text: str) -> None:
    assert read_expression(text) is None


def test_tiers_that_no_field_selects_are_the_default_and_batches() -> None:
    assert STANDARD_TIERS | {"batch"} == UNASKED_TIERS


@pytest.mark.parametrize(("name", "count"), [("ratio_config.json", 1), ("basellm/ratio_config-v1-base.json", 27)])
def test_all_expressions_that_sites_sync_from_are_read(name: str, count: int) -> None:
    expressions = read_json(sample_or_real(name))["data"]["billing_expr"]
    assert len(expressions) == count
    assert all(read_expression(text) for text in expressions.values())
