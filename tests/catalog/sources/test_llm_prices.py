"""Reads llm-prices: a history with dates, and ids that only price long prompts."""

import datetime as dt
from typing import Any

import pytest

from catalog.exact import read_json, write_json
from catalog.sources import llm_prices
from catalog.sources.records import Record
from catalog.sources.rows import SourceError
from tests.catalog.sources.price_lines import by_name, summarize
from tests.samples import sample, sample_or_real

DOCUMENT = llm_prices.read(sample("llm_prices.json"))
RECORDS = by_name(DOCUMENT.records)


def on(day: str, name: str) -> Record:
    return RECORDS[name].priced_at(dt.datetime.fromisoformat(f"{day}T00:00:00+00:00"))


def row(**values: Any) -> Record:
    price = {"input": 1, "output": 2, "input_cached": None, "from_date": None, "to_date": None} | values
    body = {"vendor": "openai", "models": [{"id": "gpt-x", "name": "GPT", "price_history": [price]}]}
    return llm_prices.read(write_json(body)).records[0]


@pytest.mark.parametrize(("day", "price"), [("2026-08-31", "2"), ("2026-09-01", "3"), ("2027-09-01", "3")])
def test_a_price_is_in_effect_from_its_day_until_the_next_one(day: str, price: str) -> None:
    assert summarize(on(day, "claude-sample").prices)[0] == ("input", price, "")


def test_a_later_price_is_announced_and_the_one_before_needs_no_end() -> None:
    record = on("2026-08-01", "claude-sample")
    assert [price.starts_at for price in record.announced] == [dt.datetime(2026, 9, 1, tzinfo=dt.UTC)]
    assert record.prices is not None
    assert record.prices.ends_at is None


def test_a_price_without_a_successor_ends_on_its_own() -> None:
    prices = on("2026-07-01", "claude-promo").prices
    assert prices is not None
    assert prices.ends_at == dt.datetime(2027, 6, 1, tzinfo=dt.UTC)
    assert on("2026-05-01", "claude-promo").prices is None
    assert on("2027-06-01", "claude-promo").prices is None


def test_the_id_of_long_prompts_is_a_condition_of_its_model() -> None:
    assert "claude-sample-200k" not in RECORDS
    assert summarize(on("2026-10-01", "claude-sample").prices)[3:] == [
        ("input", "6", "prompt_tokens gt 200000"),
        ("output", "22.5", "prompt_tokens gt 200000"),
    ]
    assert RECORDS["claude-sample"].display_name == "Claude Sample"


def test_an_id_that_only_looks_like_a_long_prompt_is_a_model() -> None:
    assert summarize(RECORDS["claude-plain-32k"].prices)[0] == ("input", "1", "")


def test_long_prompts_of_a_missing_model_are_left_out_and_reported() -> None:
    assert "claude-lost-100k" not in RECORDS
    assert "claude-lost-100k is the long-prompt price of claude-lost" in DOCUMENT.findings[0]


def test_the_file_of_all_vendors_gives_the_same() -> None:
    body = read_json(sample("llm_prices.json"))
    rows = [
        {"id": model["id"], "name": model["name"], "vendor": body["vendor"], **price}
        for model in body["models"]
        for price in model["price_history"]
    ]
    assert llm_prices.read(write_json({"prices": rows})).records == DOCUMENT.records


@pytest.mark.parametrize("values", [{"input": "1 cent"}, {"output": -1}, {"from_date": "soon"}, {"to_date": 5}])
def test_an_invalid_price_is_rejected_and_reported(values: dict[str, Any]) -> None:
    record = row(**values)
    assert (record.prices, record.schedule) == (None, ())
    assert any("the price in this row was not imported" in finding for finding in record.findings)


@pytest.mark.parametrize("text", ["[]", "{}", '{"models": [{"id": "m"}]}'])
def test_another_shape_is_refused(text: str) -> None:
    with pytest.raises(SourceError):
        llm_prices.read(text.encode())


@pytest.mark.parametrize(
    ("name", "models", "long"),
    [
        ("llm_prices.json", 3, 2),
        ("llm-prices/openai.json", 39, 7),
        ("llm-prices/google.json", 17, 7),
        ("llm-prices/xai.json", 12, 9),
    ],
)
def test_long_ids_are_folded(name: str, models: int, long: int) -> None:
    content = sample_or_real(name)
    document = llm_prices.read(content)
    assert len(document.records) == models
    assert sum(">" in model["name"] for model in read_json(content)["models"]) == long
    assert not any(">" in (record.display_name or "") for record in document.records)
