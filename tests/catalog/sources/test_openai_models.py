"""Reads any host's list of models: only the id is required, and only amounts with a known unit are prices."""

import datetime as dt
from typing import Any

import pytest

from catalog.exact import read_json, write_json
from catalog.sources import openai_models
from catalog.sources.records import Record
from catalog.sources.rows import SourceError
from tests.catalog.sources.price_lines import by_name, summarize
from tests.samples import real, sample

DOCUMENT = openai_models.read(sample("openai_models.json"))
RECORDS = by_name(DOCUMENT.records)


def read(body: Any) -> dict[str, Record]:
    return by_name(openai_models.read(write_json(body)).records)


@pytest.mark.parametrize("wrap", [lambda row: row, lambda row: [row], lambda row: {"data": [row]}])
def test_an_object_a_list_and_an_envelope_are_read(wrap: Any) -> None:
    assert read(wrap({"id": "gpt-x"})).keys() == {"gpt-x"}


def test_geminis_models_are_named_without_their_prefix() -> None:
    row = {
        "name": "models/gemini-x",
        "displayName": "Gemini X",
        "inputTokenLimit": 1048576,
        "outputTokenLimit": 8192,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
    }
    record = read({"models": [row], "nextPageToken": "abc"})["gemini-x"]
    assert (record.display_name, record.context_length, record.max_output_tokens) == ("Gemini X", 1048576, 8192)
    assert record.supported_endpoint_types == ("gemini",)


def test_a_page_of_several_and_a_row_without_an_id_are_reported() -> None:
    assert DOCUMENT.findings == (
        "1 rows have no id and were left out",
        "the document is one page of several; only its models were read",
    )


def test_a_time_that_most_rows_share_is_not_a_release() -> None:
    rows = [{"id": f"gpt-{number}", "created": 1768405801} for number in range(9)]
    assert {record.released_on for record in read([*rows, {"id": "gpt-old", "created": 1700000001}]).values()} == {
        None,
        dt.date(2023, 11, 14),
    }


def test_a_constant_time_of_a_program_is_not_a_release() -> None:
    assert RECORDS["house-sample"].released_on is None
    assert RECORDS["vllm-sample"].released_on is None
    assert RECORDS["gpt-sample"].released_on == dt.date(2025, 4, 28)
    assert RECORDS["google/gemini-sample"].released_on == dt.date(2025, 11, 18)
    assert "released_on" in RECORDS["gpt-sample"].inferred


def test_the_owner_is_the_vendor_only_if_it_is_known_and_the_id_has_none() -> None:
    assert RECORDS["house-sample"].vendor == "Alibaba Cloud"
    assert [RECORDS[name].vendor for name in ("gpt-sample", "vllm-sample", "workers/sample")] == [None] * 3


def test_limits_are_read_under_every_name_and_an_impossible_one_is_reported() -> None:
    assert RECORDS["mistral-sample"].context_length == 32768
    assert RECORDS["vllm-sample"].context_length == 8192
    whisper = RECORDS["whisper-sample"]
    assert (whisper.context_length, whisper.max_output_tokens) == (4000, None)
    assert any("more output tokens than its context" in finding for finding in whisper.findings)
    assert any("disabled in the source" in finding for finding in whisper.findings)


def test_other_names_are_aliases_unless_they_are_models() -> None:
    assert DOCUMENT.structure.aliases == {"mistral-sample-latest": {"model": "mistral-sample"}}
    assert (RECORDS["mistral-sample"].capabilities, RECORDS["mistral-sample"].retires_on) == (
        ("tools",),
        dt.date(2026, 12, 1),
    )


PRICES = {
    "arcee-sample": [("input", "0.18000000000000002", ""), ("output", "0.18000000000000002", "")],
    "grok-sample": [
        ("input", "1.25", ""),
        ("input.cache_read", "0.2", ""),
        ("output", "2.5", ""),
    ],
    "deepseek-ai/sample": [
        ("input", None, ""),
        ("output", None, ""),
        ("input", "1.69", "route eq novita"),
        ("output", "3.38", "route eq novita"),
    ],
    "google/gemini-sample": [
        ("input", "2", ""),
        ("output", "12", ""),
        ("input.cache_read", "0.2", ""),
        ("input", "4", "prompt_tokens gte 200001"),
    ],
    "openrouter/openrouter/auto": [("input", None, ""), ("output", None, "")],
    "workers/sample": [("input", "0.5", ""), ("output", "3", "")],
    "venice-sample": [("input", "0.5", ""), ("output", "2", ""), ("input", "1", "prompt_tokens gt 200000")],
}


@pytest.mark.parametrize("name", PRICES)
def test_every_host_has_its_own_unit(name: str) -> None:
    assert summarize(RECORDS[name].prices) == PRICES[name]


@pytest.mark.parametrize(
    ("name", "unused"),
    [("grok-sample", {"search_price": 250000000}), ("google/gemini-sample", {"web_search": 10})],
)
def test_a_figure_in_an_unknown_unit_is_a_fact_and_reported(name: str, unused: dict[str, int]) -> None:
    record = RECORDS[name]
    assert record.prices is not None
    assert record.prices.facts == {"unused_figures": {f"openai_models.{key}": value for key, value in unused.items()}}
    assert [f"{key} is a price in an unknown unit" in record.findings[0] for key in unused] == [True]


@pytest.mark.parametrize(
    "pricing",
    [{"prompt": 3.2664, "completion": 16.332}, {"input": 0.0000032664, "output": 0.000016332}, {"hourly": 5}],
)
def test_a_number_that_may_be_in_another_unit_is_not_a_price(pricing: dict[str, float]) -> None:
    record = openai_models.read(write_json({"data": [{"id": "m", "pricing": pricing}]})).records[0]
    assert (record.prices, len(record.findings)) == (None, len(pricing))


@pytest.mark.parametrize("name", ["gpt-sample", "free-sample"])
def test_a_missing_price_and_a_bare_zero_are_not_prices(name: str) -> None:
    assert RECORDS[name].prices is None


@pytest.mark.parametrize(
    "row",
    [
        {"pricing": "free"},
        {"pricing": {"input": "much"}},
        {"pricing": {"input": -3}},
        {"pricing": {"input": "1", "input_tiers": [{"cost": "2", "min": "x"}]}},
        {"cost_in": [], "cost_out": 1},
        {"prompt_text_token_price": "1 cent"},
        {"model_spec": {"pricing": {"input": {"usd": 1}, "extended": {"input": {"usd": 2}}}}},
    ],
)
def test_an_invalid_price_is_rejected_and_reported(row: dict[str, Any]) -> None:
    record = read([{"id": "gpt-x", **row}])["gpt-x"]
    assert record.prices is None
    assert any("the price in this row was not imported" in finding for finding in record.findings)


@pytest.mark.parametrize("text", ["{}", "7", '{"error": {"message": "no"}}', '{"data": [{}]}', '{"data": {}}'])
def test_another_document_is_refused(text: str) -> None:
    with pytest.raises(SourceError):
        openai_models.read(text.encode())


@pytest.mark.parametrize("row", [row for row in read_json(sample("openai_models.json"))["data"] if "id" in row])
def test_a_row_of_each_form_is_read_by_itself(row: dict[str, Any]) -> None:
    assert [record.name for record in openai_models.read(write_json([row])).records] == [row["id"]]


def test_one_real_row_of_each_provider_is_read() -> None:
    for host, row in read_json(real("openai_compat/one_model_per_provider.json")).items():
        records = openai_models.read(write_json([row])).records
        assert len(records) == 1, host
        assert not [finding for finding in records[0].findings if "price in this row was not imported" in finding], host


def test_a_real_list_is_read_completely() -> None:
    records = by_name(openai_models.read(real("openai_compat/groq_models_2026-01.json")).records)
    assert len(records) == 20
    assert records["openai/gpt-oss-safeguard-20b"].context_length == 131072
