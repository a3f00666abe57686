"""Unknown figures in a row of any source: no price line comes from them, and no other price changes."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.exact import read_json, write_json
from catalog.prices import Line
from catalog.sources import SOURCES
from catalog.sources.records import Record
from catalog.sources.rows import read_amount
from tests.samples import sample

# The lines of each sheet without their facts, and its start.
Prices = list[tuple[dt.datetime | None, tuple[Line, ...]]]
SAMPLES = {
    "genai_prices": "genai_prices.json",
    "litellm": "litellm.json",
    "llm_metadata": "llm_metadata.json",
    "llm_prices": "llm_prices.json",
    "models_dev": "models_dev.json",
    "new_api": "new_api.json",
    "openai_models": "openai_models.json",
    "openrouter": "openrouter.json",
}
PRICE_WORDS = ("cost", "price", "multiplier", "uplift", "ratio", "fee", "rate", "cost_per_token", "mtok", "hours")
KEYS = st.builds(
    "{}_zz_{}".format, st.sampled_from(("input", "output", "cost", "request", "x")), st.sampled_from(PRICE_WORDS)
)
FIGURES = st.one_of(
    st.decimals(min_value="0.000000001", max_value=5000, allow_nan=False, places=9),
    st.integers(min_value=1, max_value=5000),
    st.just(Decimal(-1)),
)


def rows_with_figures(value: Any) -> Iterator[dict[str, Any]]:
    """Every object of a document that has a figure; genai-prices' price by prompt length is one figure."""
    if isinstance(value, dict):
        if "base" not in value and any(read_amount(part) is not None for part in value.values()):
            yield value
        for part in value.values():
            yield from rows_with_figures(part)
    elif isinstance(value, list):
        for part in value:
            yield from rows_with_figures(part)


def prices_of(record: Record) -> Prices:
    sheets = (record.prices, *record.schedule, *record.announced, *record.past)
    return [(sheet.starts_at, tuple(replace(line, facts={}) for line in sheet.lines)) for sheet in sheets if sheet]


def read(source: str, content: bytes) -> list[Prices]:
    return [prices_of(record) for record in SOURCES[source].read(content).records]


@pytest.mark.parametrize("source", SAMPLES)
@given(added=st.dictionaries(KEYS, FIGURES, min_size=1, max_size=3))
def test_an_unknown_figure_sets_and_changes_no_price(source: str, added: dict[str, Any]) -> None:
    content = sample(SAMPLES[source])
    document = read_json(content)
    for row in list(rows_with_figures(document)):
        row.update(added)
    for before, after in zip(read(source, content), read(source, write_json(document)), strict=True):
        # A figure beside prices of 0 may be a fee, so the model is not free.
        assert after == before or (is_free(before) and not after)


def is_free(prices: Prices) -> bool:
    return not any(line.amount for _, lines in prices for line in lines)


FEES: Any = [
    ("fee_per_song", Decimal("0.04")),
    ("usdPerMinute", "0.3"),
    ("charge_per_call", "$0.05"),
    ("dbu_rate", 3),
    ("cost_by_quality", {"hd": Decimal("0.08")}),
    ("image_pricing", [{"quality": "hd", "amount": Decimal("0.08")}]),
]
ZEROS: dict[str, dict[str, Any]] = {
    "genai_prices": {"id": "m", "prices": {"input_mtok": 0, "output_mtok": 0}},
    "litellm": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 0, "output_cost_per_token": 0},
    "llm_metadata": {"model_name": "m", "vendor_name": "OpenAI", "price_per_m_input": 0, "price_per_m_output": 0},
    "llm_prices": {"id": "m", "name": "m", "price_history": [{"input": 0, "output": 0}]},
    "models_dev": {"id": "m", "cost": {"input": 0, "output": 0}},
    "openrouter": {"id": "m:free", "pricing": {"prompt": "0", "completion": "0"}},
}
ENVELOPES: dict[str, Any] = {
    "genai_prices": lambda row: [{"id": "openai", "models": [row]}],
    "litellm": lambda row: {"m": row},
    "llm_metadata": lambda row: {"data": [row]},
    "llm_prices": lambda row: {"vendor": "openai", "models": [row]},
    "models_dev": lambda row: {"openai": {"id": "openai", "models": {"m": row}}},
    "openrouter": lambda row: {"data": [row]},
}


def of_row(source: str, row: dict[str, Any]) -> Record:
    (record,) = SOURCES[source].read(write_json(ENVELOPES[source](row))).records
    return record


@pytest.mark.parametrize("source", ZEROS)
@pytest.mark.parametrize(("key", "value"), FEES)
def test_prices_of_0_beside_a_key_that_may_be_a_fee_are_not_free(source: str, key: str, value: Any) -> None:
    assert prices_of(of_row(source, ZEROS[source])), "prices of 0 alone are free"
    record = of_row(source, ZEROS[source] | {key: value})
    assert not prices_of(record)
    assert any("its prices are 0 beside a figure" in finding for finding in record.findings)


@pytest.mark.parametrize("source", ZEROS)
@pytest.mark.parametrize(
    ("key", "value"),
    [("fee_per_song", 0), ("pricing_url", "https://x.example/2"), ("feedback", 3), ("price_notes", {})],
)
def test_keys_without_an_amount_leave_a_model_free(source: str, key: str, value: Any) -> None:
    assert prices_of(of_row(source, ZEROS[source] | {key: value}))


@pytest.mark.parametrize("value", [Decimal("0.01"), "0.04", {"input": 3}])
def test_prices_of_0_beside_an_unknown_price_in_a_history_are_not_free(value: Any) -> None:
    record = of_row("llm_prices", {"id": "m", "price_history": [{"input": 0, "output": 0, "per_request": value}]})
    assert not prices_of(record)
    paid = of_row("llm_prices", {"id": "m", "price_history": [{"input": 1, "output": 2, "per_request": value}]})
    assert paid.prices is not None
    assert paid.prices.facts == {"unused_figures": {"llm_prices.per_request": value}}


@pytest.mark.parametrize(
    "stated",
    [
        {"price_per_m_input": 0, "price_per_m_output": 0, "ratio_model": Decimal("1.25"), "ratio_completion": 4},
        {"price_per_m_input": 1, "price_per_m_output": 0, "ratio_model": Decimal("0.5"), "ratio_completion": 4},
    ],
)
def test_a_price_of_0_beside_a_ratio_is_not_free(stated: dict[str, Any]) -> None:
    record = of_row("llm_metadata", {"model_name": "m", "vendor_name": "OpenAI", **stated})
    assert not prices_of(record)
    assert "a price is 0 beside a ratio above 0; the price in this row was not imported" in record.findings
    free = {"price_per_m_input": 0, "price_per_m_output": 0, "ratio_model": 0, "ratio_completion": 4}
    assert prices_of(of_row("llm_metadata", {"model_name": "m", "vendor_name": "OpenAI", **free}))
