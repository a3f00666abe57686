"""Reads genai-prices: the last started entry is the price of a day; hours and variants are conditions."""

import datetime as dt
import itertools
from typing import Any

import pytest

from catalog.exact import write_json
from catalog.imports.documents import read_document
from catalog.prices import Sheet
from catalog.sources import genai_prices
from catalog.sources.records import Record
from tests.catalog.sources.price_lines import by_name, summarize
from tests.samples import sample, sample_or_real

RECORDS = by_name(read_document(genai_prices.read, sample("genai_prices.json")).records)


def on(day: str, record: Record) -> Sheet | None:
    return record.priced_at(dt.datetime.fromisoformat(f"{day}T12:00:00+00:00")).prices


def row(**values: Any) -> Record:
    body = [{"id": "openai", "name": "OpenAI", "models": [{"id": "gpt-x", **values}]}]
    return genai_prices.read(write_json(body)).records[0]


def test_the_last_started_price_applies_and_not_the_first_listed() -> None:
    assert summarize(on("2026-07-29", RECORDS["gpt-dated"]))[0] == ("input", "1", "")
    assert summarize(on("2026-07-30", RECORDS["gpt-dated"]))[0] == ("input", "0.2", "")


def test_a_later_price_is_announced() -> None:
    record = RECORDS["gpt-dated"].priced_at(dt.datetime(2026, 11, 22, tzinfo=dt.UTC))
    assert [price.starts_at for price in record.announced] == [dt.datetime(2027, 1, 1, tzinfo=dt.UTC)]
    assert summarize(record.announced[0])[0] == ("input", "0.1", "")


def test_tiers_apply_above_their_start() -> None:
    assert summarize(on("2026-01-01", RECORDS["gpt-dated"]))[3:5] == [
        ("input", "2", "prompt_tokens gt 272000"),
        ("output", "9", "prompt_tokens gt 272000"),
    ]


def test_variants_replace_single_prices_and_have_their_own_dates() -> None:
    batch, flex = ("input", "0.5", "service_tier eq batch"), ("output", "3", "service_tier eq flex")
    assert summarize(on("2026-07-01", RECORDS["gpt-dated"]))[-1] == batch
    assert summarize(on("2026-08-01", RECORDS["gpt-dated"]))[-2:] == [flex, batch]


def test_hours_are_a_condition_after_the_base_price() -> None:
    window = "time in {'tz': 'UTC', 'windows': [{'hours': ['00:30-16:30']}]}"
    assert summarize(RECORDS["deepseek-hours"].prices) == [
        ("input", "0.135", ""),
        ("output", "0.55", ""),
        ("input", "0.27", window),
        ("output", "1.1", window),
    ]


def test_every_unit_is_read() -> None:
    prices = RECORDS["gpt-plain"].prices
    assert prices is not None
    assert [(line.meter, line.unit, line.per) for line in prices.lines] == [
        ("input", "token", 1_000_000),
        ("input.cache_write", "token", 1_000_000),
        ("input.audio", "token", 1_000_000),
        ("request", "request", 1000),
        ("web_search", "query", 1000),
        ("input.audio", "hour", 1),
        ("ocr", "page", 1000),
    ]
    assert [dict(condition) for condition in prices.lines[1].conditions] == [
        {"dim": "cache_ttl", "op": "eq", "value": "1h"}
    ]


def test_a_host_does_not_set_the_list_price() -> None:
    assert RECORDS["gpt-plain"].provider == "openai"
    hosted = read_document(genai_prices.read, sample("genai_prices.json"), providers=["novita"]).records
    assert [summarize(record.prices) for record in hosted] == [[("input", "0.01", "")]]


def test_a_missing_price_is_not_a_price_of_0() -> None:
    assert (RECORDS["gpt-unpriced"].prices, RECORDS["gpt-unpriced"].schedule) == (None, ())


@pytest.mark.parametrize("key", ["moon_mtok", "dust_grams"])
@pytest.mark.parametrize("value", [3, "three", {"base": 3, "tiers": [{"start": 5, "price": 4}]}])
def test_an_unknown_key_is_a_fact_and_sets_no_price(key: str, value: Any) -> None:
    record = row(prices={"input_mtok": 1, key: value, "no_grams": None})
    assert record.prices is not None
    assert summarize(record.prices) == [("input", "1", "")]
    assert record.prices.facts == {"unused_figures": {f"genai_prices.{key}": value}}
    assert record.findings == (f"{key} is not a known price; it is stored as a fact and sets no price",)


OLD = {"prices": {"input_mtok": 3, "output_mtok": 30}}
MIDDLE = {"constraint": {"start_date": "2026-03-01"}, "prices": {"input_mtok": 2, "output_mtok": 20}}
NEW = {"constraint": {"start_date": "2026-09-01"}, "prices": {"input_mtok": 1, "output_mtok": 10}}


@pytest.mark.parametrize("entries", list(itertools.permutations([OLD, MIDDLE, NEW])))
def test_the_newest_price_applies_in_any_order(entries: tuple[Any, ...]) -> None:
    record = row(prices=list(entries))
    days = ("2026-01-01", "2026-03-01", "2026-08-31", "2026-09-01")
    assert [summarize(on(day, record))[0][1] for day in days] == ["3", "2", "2", "1"]


@pytest.mark.parametrize("entries", list(itertools.permutations([OLD, MIDDLE, NEW])))
def test_the_newest_variant_applies_in_any_order(entries: tuple[Any, ...]) -> None:
    variants = [{"when": {"processing": "batch"}, **entry} for entry in entries]
    record = row(prices={"input_mtok": 9}, price_variants=variants)
    batch = [summarize(on(day, record))[1] for day in ("2026-01-01", "2026-03-01", "2026-09-01")]
    assert batch == [("input", amount, "service_tier eq batch") for amount in ("3", "2", "1")]


def test_a_newer_variant_replaces_only_the_prices_that_it_has() -> None:
    newer = {"constraint": {"start_date": "2026-03-01"}, "prices": {"input_mtok": 2}}
    variants = [{"when": {"processing": "batch"}, **entry} for entry in (newer, OLD)]
    record = row(prices={"input_mtok": 9}, price_variants=variants)
    assert [line[1] for line in summarize(on("2026-04-01", record))] == ["9", "2", "30"]


def test_the_first_of_two_variants_for_different_requests_wins() -> None:
    variants = [{"when": {"route": "eu"}, **OLD}, {"when": {"processing": "batch"}, **MIDDLE}]
    record = row(prices={"input_mtok": 9}, price_variants=variants)
    assert [line[2] for line in summarize(on("2026-04-01", record))[1:]] == [
        "service_tier eq batch",
        "service_tier eq batch",
        "route eq eu",
        "route eq eu",
    ]


def test_hours_before_a_newer_price_expire_with_the_price_before_it() -> None:
    hours = {"constraint": {"start_time": "00:30:00Z", "end_time": "16:30:00Z"}, "prices": {"input_mtok": 5}}
    record = row(prices=[OLD, hours, NEW])
    assert [line[1] for line in summarize(on("2026-01-01", record))] == ["3", "30", "5"]
    assert [line[1] for line in summarize(on("2026-09-01", record))] == ["1", "10"]


@pytest.mark.parametrize(
    "values",
    [
        {"prices": "free"},
        {"prices": [{}]},
        {"prices": {"input_mtok": "1 cent"}},
        {"prices": {"input_mtok": {"base": 1}}},
        {"prices": {"input_mtok": {"base": 1, "tiers": [{"start": "x", "price": 1}]}}},
        {"prices": [{"constraint": {"start_date": "soon"}, "prices": {"input_mtok": 1}}]},
        {"prices": [{"constraint": {"moon": "full"}, "prices": {"input_mtok": 1}}]},
        {"prices": [{"constraint": {"start_time": "25:00", "end_time": "1"}, "prices": {"input_mtok": 1}}]},
        {"prices": {"input_mtok": 1}, "price_variants": [{"when": {"moon": "full"}, "prices": {"input_mtok": 2}}]},
    ],
)
def test_an_invalid_value_rejects_the_price_and_is_reported(values: dict[str, Any]) -> None:
    record = row(**values)
    assert (record.prices, record.schedule) == (None, ())
    assert any("the price in this row was not imported" in finding for finding in record.findings)


@pytest.mark.parametrize(
    ("name", "model"),
    [("genai_prices.json", "gpt-dated"), ("genai-prices/data_v2_2026-08-21.json", "gpt-5.6-luna")],
)
def test_the_prices_of_july_are_not_those_of_november(name: str, model: str) -> None:
    document = read_document(genai_prices.read, sample_or_real(name))
    record = by_name(document.records)[model]
    assert [summarize(on(day, record))[0][1] for day in ("2026-07-01", "2026-11-22")] == ["1", "0.2"]
    assert not any("matches no meter" in finding for record in document.records for finding in record.findings)
