"""A billing expression charges what the sheet charges, at every boundary and anywhere between."""

import datetime as dt
import random
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.exact import read_json
from catalog.prices import USE_FACTORS, Line, Sheet
from catalog.sources import litellm
from catalog.sources.expression_language import VARIABLES
from pricing.engine.quoting import Use, boundaries, quote
from pricing.newapi.expressions import expression, with_lines_for_factors
from tests.pricing.newapi.expression_language import charge
from tests.samples import sample_or_real
from tests.sizes import size

METERS = {**VARIABLES, "cc": "input.cache_write[5m]", "cc1h": "input.cache_write[1h]"}
MONDAY = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
MOMENTS = [
    MONDAY + dt.timedelta(days=day, hours=hour, minutes=minute)
    for day in (0, 4, 5, 6)
    for hour, minute in ((0, 0), (0, 59), (1, 0), (3, 59), (4, 0), (9, 30), (16, 0), (23, 59))
]
OFF_PEAK: dict[str, Any] = {
    "tz": "UTC",
    "windows": [
        {"hours": ["00:00-01:00", "04:00-06:00", "10:00-00:00"], "weekdays": [1, 2, 3, 4, 5]},
        {"hours": ["00:00-00:00"], "weekdays": [6, 7]},
    ],
}


def line(meter: str, amount: str, *conditions: Mapping[str, Any], kind: str = "absolute") -> Line:
    unit = "token" if kind == "absolute" else ""
    return Line(meter, Decimal(amount), 1_000_000 if unit else 1, unit, kind=kind, conditions=conditions)


def when(dim: str, op: str, value: Any) -> dict[str, Any]:
    return {"dim": dim, "op": op, "value": value}


def sheet(*lines: Line) -> Sheet:
    return Sheet("USD", lines)


def same(prices: Sheet, tokens: Mapping[str, int], facts: Mapping[str, Any], at: dt.datetime) -> None:
    """The expression and the lines charge the same amount."""
    billing = expression(prices)
    assert billing is not None
    usage = {METERS[name]: Use(Decimal(number)) for name, number in tokens.items()}
    expressed = Sheet("USD", billing.lines)
    expected = quote(expressed, usage, facts, at=at)
    known = sum((charge_line.amount or Decimal(0) for charge_line in expected.charges), Decimal(0))
    amount = charge(billing.text, tokens, facts=facts, at=at)
    # A coefficient has the digits that a double keeps.
    assert abs(amount - known) <= abs(known) * Decimal("1e-15"), (billing.text, tokens, facts, at, amount, known)


def drawn(prices: Sheet, number: int, chance: random.Random) -> Iterable[dict[str, int]]:
    """Usages with prompts at a boundary, one token above or below it, or of any length."""
    bounds = boundaries(prices.lines) or [1000]
    for _ in range(number):
        length = max(chance.choice(bounds) + chance.choice((-1, 0, 1, 7)), 0)
        tokens = dict.fromkeys(VARIABLES, 0) | {"c": chance.randrange(10_000)}
        for name in ("cr", "cc", "cc1h", "img", "ai"):
            tokens[name] = chance.choice((0, 0, min(length, chance.randrange(1, 5000))))
            length -= tokens[name]
        yield tokens | {"p": length, "ao": chance.choice((0, 3)), "img_o": chance.choice((0, 5))}


def test_one_price_is_one_tier() -> None:
    billing = expression(sheet(line("input", "2.5"), line("output", "10"), line("input.cache_read", "1.25")))
    assert billing is not None
    assert billing.text == 'tier("base", p * 2.5 + c * 10 + cr * 1.25)'


@pytest.mark.parametrize(
    ("lines", "factors"),
    [
        ([], {"input.cache_write": "1.25", "input.cache_write[1h]": "2"}),
        ([line("input.cache_write", "3")], {"input.cache_write[1h]": "1.6"}),
        ([line("input.cache_write", "3")], {"input.cache_write": "1.5"}),
        (
            [line("input", "5", when("prompt_tokens", "gt", 200_000))],
            {"input.cache_write": "1.25", "input.cache_write[1h]": "2"},
        ),
    ],
)
def test_factors_of_usage_are_lines_of_an_expression(lines: list[Line], factors: Mapping[str, str]) -> None:
    facts = {USE_FACTORS: {name: Decimal(factor) for name, factor in factors.items()}}
    prices = replace(sheet(line("input", "2.5"), line("output", "10"), *lines), facts=facts)
    billing = expression(with_lines_for_factors(prices))
    assert billing is not None

    for tokens in ({"p": 10, "cc": 7, "cc1h": 3, "c": 5}, {"p": 300_000, "cc": 1000, "cc1h": 1000, "c": 1}):
        usage = {METERS[name]: Use(Decimal(number)) for name, number in tokens.items()}
        quoted = quote(prices, usage, {}, at=MONDAY)
        assert charge(billing.text, dict.fromkeys(VARIABLES, 0) | tokens, facts={}, at=MONDAY) == quoted.amount


def test_gt_and_gte_are_different_boundaries() -> None:
    above = expression(sheet(line("input", "1"), line("input", "2", when("prompt_tokens", "gt", 200_000))))
    at_least = expression(sheet(line("input", "1"), line("input", "2", when("prompt_tokens", "gte", 200_000))))
    assert above is not None
    assert at_least is not None
    assert above.text == 'len <= 200000 ? tier("0_200k", p * 1) : tier("200k_plus", p * 2)'
    assert at_least.text.startswith("len <= 199999 ? ")


def test_a_tier_that_scales_everything_is_a_factor() -> None:
    billing = expression(
        sheet(
            line("input", "2"),
            line("output", "8"),
            line("input", "1", when("service_tier", "eq", "flex")),
            line("output", "4", when("service_tier", "eq", "flex")),
        )
    )
    assert billing is not None
    assert billing.text == '(tier("base", p * 2 + c * 8)) * (param("service_tier") == "flex" ? 0.5 : 1)'


def test_every_leaf_names_all_variables() -> None:
    prices = sheet(line("input", "2"), line("input.cache_read", "1", when("prompt_tokens", "gt", 100)))
    billing = expression(prices)
    assert billing is not None
    assert billing.text == 'len <= 100 ? tier("0_100", p * 2 + cr * 2) : tier("100_plus", p * 2 + cr * 1)'


@pytest.mark.parametrize("at", MOMENTS)
def test_off_peak_hours_are_charged_the_same(at: dt.datetime) -> None:
    off_peak = when("time", "in", OFF_PEAK)
    prices = sheet(
        line("input", "0.3"), line("output", "1.2"), line("input", "0.15", off_peak), line("output", "0.5", off_peak)
    )
    same(prices, {"p": 1000, "c": 100}, {}, at)


def test_inexpressible_lines_are_left_out() -> None:
    region = line("input", "3", when("region", "eq", "eu"))
    billing = expression(sheet(line("input", "2"), line("output.reasoning", "9"), region))
    assert billing is not None
    assert [left_out.meter for left_out in billing.lines] == ["input"]


def test_graduated_and_dynamic_prices_have_no_expression() -> None:
    plain = line("input", "2")
    assert expression(Sheet("USD", (plain,), facts={"tier_mode": "graduated"})) is None
    assert expression(sheet(plain, Line("output", None, kind="dynamic"))) is None
    assert expression(sheet(Line("output.image", Decimal("0.04"), 1, "image"))) is None


AMOUNTS = st.decimals(min_value=0, max_value=100, places=4)
CONDITIONS = st.one_of(
    st.tuples(st.sampled_from(["gt", "gte"]), st.sampled_from([10, 200])).map(
        lambda drawn: when("prompt_tokens", *drawn)
    ),
    st.sampled_from(["flex", "priority"]).map(lambda tier: when("service_tier", "eq", tier)),
    st.just(when("time", "in", OFF_PEAK)),
    st.just(when("request_match", "eq", {"body": {"speed": "fast"}})),
)
LINES = st.builds(
    lambda meter, amount, conditions: line(meter, str(amount), *conditions),
    st.sampled_from(sorted(set(VARIABLES.values()))),
    AMOUNTS,
    st.lists(CONDITIONS, max_size=2),
)
FACTORS = st.builds(
    lambda amount, condition: line("", str(amount), condition, kind="multiplier"),
    st.sampled_from(["0.5", "1.1", "2"]),
    CONDITIONS,
)


@settings(max_examples=size(60, full=300), deadline=None)
@given(
    st.lists(LINES, max_size=8),
    st.lists(FACTORS, max_size=2),
    st.sampled_from([{}, {"service_tier": "flex"}, {"service_tier": "priority", "speed": "fast"}]),
    st.integers(),
)
def test_a_sheet_is_charged_the_same(lines: list[Line], factors: list[Line], facts: dict[str, str], seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    prices = sheet(line("input", "1"), line("output", "2"), *lines, *factors)
    if expression(prices) is not None:
        request_facts = {**facts, "body": {"speed": facts["speed"]}} if "speed" in facts else facts
        for tokens in drawn(prices, 3, chance):
            same(prices, tokens, request_facts, chance.choice(MOMENTS))


@pytest.mark.parametrize("name", ["litellm.json", "litellm/model_prices_1.103.0.json"])
def test_the_prices_of_a_real_map_are_charged_the_same(name: str) -> None:
    chance = random.Random(20)  # noqa: S311
    seen = 0
    for record in litellm.read(sample_or_real(name)).records:
        figures = record.prices.lines if record.prices else ()
        prices = sheet(*figures)
        billing = expression(prices)
        if billing is None or all(not left_out.conditions for left_out in billing.lines):
            continue
        seen += 1
        for tokens in drawn(prices, 4, chance):
            tier = chance.choice(["", "flex", "priority"])
            same(prices, tokens, {"service_tier": tier}, chance.choice(MOMENTS))
    assert seen > (1 if "/" not in name else 400)


@pytest.mark.parametrize(("name", "least"), [("models_dev.json", 2), ("models.dev/api_2026-07-02.json", 101)])
def test_the_prices_of_models_dev_are_charged_the_same(name: str, least: int) -> None:
    chance = random.Random(20)  # noqa: S311
    seen = 0
    for provider in read_json(sample_or_real(name)).values():
        for model in provider["models"].values():
            cost = model.get("cost") or {}
            prices = sheet(
                *_of_models_dev(cost), *(tier_line for tier in cost.get("tiers", []) for tier_line in _tier(tier))
            )
            if cost.get("tiers") and expression(prices) is not None:
                seen += 1
                for tokens in drawn(prices, 5, chance):
                    same(prices, tokens, {}, MONDAY)
    assert seen >= least


def _of_models_dev(cost: Mapping[str, Any], *conditions: Mapping[str, Any]) -> list[Line]:
    keys = {
        "input": "input",
        "output": "output",
        "cache_read": "input.cache_read",
        "cache_write": "input.cache_write",
        "input_audio": "input.audio",
        "output_audio": "output.audio",
    }
    return [line(meter, str(cost[key]), *conditions) for key, meter in keys.items() if key in cost]


def _tier(tier: Mapping[str, Any]) -> list[Line]:
    return _of_models_dev(tier, when("prompt_tokens", "gt", tier["tier"]["size"]))


SPANS = st.sampled_from(["00:00-00:00", "00:00-01:00", "22:00-06:00", "09:30-16:00", "16:00-00:00", "24:00-04:00"])
WINDOWS = st.fixed_dictionaries(
    {"hours": st.lists(SPANS, max_size=2)}, optional={"weekdays": st.lists(st.integers(1, 7), max_size=4)}
)
TIMES = st.builds(
    lambda op, windows: when("time", op, {"tz": "UTC", "windows": windows}),
    st.sampled_from(["in", "eq", "ne"]),
    st.lists(WINDOWS, min_size=1, max_size=2),
)


@settings(max_examples=size(60, full=300), deadline=None)
@given(TIMES, st.sampled_from(MOMENTS))
def test_any_windows_are_charged_the_same(condition: dict[str, Any], at: dt.datetime) -> None:
    """Not only by the lines that are expressed: the conditions of the others are never met."""
    prices = sheet(line("input", "2"), line("input", "1", condition))
    billing = expression(prices)
    assert billing is not None
    direct = quote(prices, {"input": Use(Decimal(1000))}, {}, at=at).amount
    assert charge(billing.text, {"p": 1000}, facts={}, at=at) == direct


LIFETIMES = st.sampled_from([(), (when("cache_ttl", "eq", "5m"),), (when("cache_ttl", "eq", "1h"),)])


@given(st.lists(st.tuples(LIFETIMES, st.integers(1, 9)), max_size=3))
def test_a_cache_without_a_lifetime_is_charged_the_same(writes: list[tuple[Any, int]]) -> None:
    """In an expression, cc has all cache writes except those that last an hour."""
    prices = sheet(
        line("input", "3"), *(line("input.cache_write", str(amount), *conditions) for conditions, amount in writes)
    )
    billing = expression(prices)
    assert billing is not None
    direct = quote(prices, {"input.cache_write": Use(Decimal(1000))}, {}, at=MONDAY).amount
    assert charge(billing.text, {"cc": 1000}, facts={}, at=MONDAY) == direct


def test_other_conditions_on_a_lifetime_are_left_out() -> None:
    for condition in (when("cache_ttl", "ne", "5m"), when("cache_ttl", "in", ["5m", "1h"])):
        billing = expression(sheet(line("input", "3"), line("input.cache_write", "5", condition)))
        assert billing is not None
        assert billing.text == 'tier("base", p * 3)'
