"""Reads OpenRouter's list: prices that depend on the request are dynamic, batch is a tier, an alias is not a model."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from catalog.exact import read_json, write_json
from catalog.sources import openrouter
from catalog.sources.records import Record
from tests.catalog.sources.price_lines import by_name, summarize, when
from tests.samples import real, sample, sample_or_real

DOCUMENT = openrouter.read(sample("openrouter.json"))
RECORDS = by_name(DOCUMENT.records)
DUMPS = ["openrouter/models_2026-01-29.json", "openrouter/models_2026-07-17.json"]


def row(**pricing: Any) -> Record:
    whole = {"prompt": "0.000001", "completion": "0.000002"} | pricing
    return openrouter.read(write_json([{"id": "openai/gpt-x", "pricing": whole}])).records[0]


def test_strings_are_dollars_per_token_with_all_digits() -> None:
    prices = RECORDS["openai/gpt-sample"].prices
    assert prices is not None
    by_meter = {line.meter: (str(line.amount), line.unit, line.per) for line in prices.lines[:5]}
    assert by_meter["input"] == ("0.000001", "token", 1)
    assert by_meter["web_search"] == ("0.01", "query", 1)
    assert by_meter["input.cache_write"] == ("8.333333333333334E-8", "token", 1)
    assert prices.facts == {"without_charge": ["internal_reasoning"]}


def test_overrides_start_at_their_length_and_inherit_other_prices() -> None:
    assert summarize(RECORDS["openai/gpt-sample"].prices)[6:9] == [
        ("input", "2", "prompt_tokens gte 272000"),
        ("output", "9", "prompt_tokens gte 272000"),
        ("input", "0.5", "time in {'tz': 'UTC', 'windows': [{'hours': ['16:30-00:30']}]}"),
    ]


def test_a_batch_row_is_a_tier_of_its_model() -> None:
    assert "openai/gpt-sample:batch" not in RECORDS
    assert summarize(RECORDS["openai/gpt-sample"].prices)[-2:] == [
        ("input", "0.5", "service_tier eq batch"),
        ("output", "3", "service_tier eq batch"),
    ]


def test_a_price_by_chosen_model_is_dynamic() -> None:
    prices = RECORDS["openrouter/auto"].prices
    assert prices is not None
    assert [(line.kind, line.amount) for line in prices.lines] == [("dynamic", None)] * 2


def test_a_zero_is_a_price_only_of_models_named_free() -> None:
    assert summarize(RECORDS["openai/gpt-sample:free"].prices) == [("input", "0", ""), ("output", "0", "")]
    assert RECORDS["google/song-sample"].prices is None
    assert any("price of 0" in finding for finding in RECORDS["google/song-sample"].findings)


def test_a_moving_alias_is_an_alias_if_its_target_is_listed() -> None:
    assert DOCUMENT.structure.aliases == {"~openai/gpt-latest": {"model": "openai/gpt-sample"}}
    assert "~openai/gpt-latest" not in RECORDS
    assert any("is an alias whose model changes" in finding for finding in RECORDS["~openai/gpt-lost"].findings)


def test_an_image_is_priced_by_the_token_or_by_the_picture_and_never_guessed() -> None:
    def image(name: str) -> list[tuple[str, str]]:
        prices = RECORDS[name].prices
        return [(line.meter, line.unit) for line in prices.lines if "image" in line.meter] if prices else []

    assert image("google/gemini-sample")[0] == ("input.image", "token")
    assert image("qwen/qwen-vl-sample") == [("input.image", "image")]
    assert image("acme-labs/odd") == []


def test_an_unknown_price_is_a_fact_and_reported() -> None:
    prices = RECORDS["acme-labs/odd"].prices
    assert prices is not None
    assert prices.facts["unused_figures"] == {
        "openrouter.image": Decimal("0.000003"),
        "openrouter.moonbeam": Decimal("0.1"),
    }
    assert any("moonbeam" in finding for finding in RECORDS["acme-labs/odd"].findings)


def test_the_end_of_the_century_is_not_a_date() -> None:
    assert RECORDS["openai/gpt-sample"].retires_on is None
    assert RECORDS["google/gemini-sample"].retires_on == dt.date(2026, 12, 31)


def test_facts_are_read() -> None:
    record = RECORDS["openai/gpt-sample"]
    assert (record.display_name, record.vendor, record.max_output_tokens) == ("GPT Sample", None, 128000)
    assert record.input_modalities == ("pdf", "image", "text")
    assert set(record.capabilities or ()) == {"tools", "structured_outputs", "reasoning", "vision", "pdf_input"}
    assert RECORDS["acme-labs/odd"].vendor == "Acme Labs"


def test_a_bare_list_is_read_as_well() -> None:
    rows = read_json(sample("openrouter.json"))["data"]
    assert openrouter.read(write_json(rows)).records == DOCUMENT.records


@pytest.mark.parametrize(
    "pricing",
    [
        {"prompt": "free"},
        {"prompt": "-2"},
        {"prompt": ["1"]},
        {"request": "1e999"},
        {"overrides": {}},
        {"overrides": ["x"]},
        {"overrides": [{"prompt": "1"}]},
        {"overrides": [{"min_prompt_tokens": "many", "prompt": "1"}]},
        {"overrides": [{"utc_start": "late", "utc_end": "later", "prompt": "1"}]},
        {"overrides": [{"min_prompt_tokens": 5, "region": {"in": ["eu"]}, "prompt": "1"}]},
    ],
)
def test_an_invalid_value_rejects_the_price_and_is_reported(pricing: dict[str, Any]) -> None:
    record = row(**pricing)
    assert record.prices is None
    assert any("the price in this row was not imported" in finding for finding in record.findings)


@pytest.mark.parametrize(("name", "models", "prices"), [(DUMPS[0], 347, 947), (DUMPS[1], 342, 1110)])
def test_every_real_price_is_a_line_or_a_reported_zero(name: str, models: int, prices: int) -> None:
    records = openrouter.read(real(name)).records
    read = [record.prices for record in records if record.prices]
    base = [line for price in read for line in price.lines if "prompt_tokens" not in when(line.conditions)]
    zeros = sum(len(price.facts.get("without_charge", ())) for price in read)
    unpriced = sum(record.prices is None for record in records)
    assert (len(records), len(base) + zeros + 2 * unpriced) == (models, prices)


@pytest.mark.parametrize(("name", "overrides"), [("openrouter.json", 1), (DUMPS[1], 43)])
def test_no_router_has_an_amount_and_every_override_starts_at_its_length(name: str, overrides: int) -> None:
    body = read_json(sample_or_real(name))
    rows = body["data"] if isinstance(body, dict) else body
    records = by_name(openrouter.read(sample_or_real(name)).records)
    routers = [row["id"] for row in rows if row["pricing"]["prompt"] == "-1"]
    assert routers
    assert {line.amount for name in routers for line in records[name].prices.lines} == {None}  # type: ignore[union-attr]
    overridden = [row for row in rows if row["pricing"].get("overrides")]
    assert len(overridden) == overrides
    for row in overridden:
        conditions = "; ".join(condition for _, _, condition in summarize(records[row["id"]].prices))
        for override in (one for one in row["pricing"]["overrides"] if "min_prompt_tokens" in one):
            assert f"prompt_tokens gte {override['min_prompt_tokens']}" in conditions
