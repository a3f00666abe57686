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
