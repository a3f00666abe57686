"""Reads LiteLLM's price map: every price once, in its own unit, with its conditions."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from catalog.exact import InexactError, write_json
from catalog.prices import Line
from catalog.sources import litellm
from catalog.sources.records import Record
from catalog.sources.rows import SourceError
from tests.samples import sample


def read() -> dict[str, Record]:
    return {record.name: record for record in litellm.read(sample("litellm.json")).records}


def lines(name: str) -> tuple[Line, ...]:
    prices = read()[name].prices
    assert prices is not None
    return prices.lines


def test_documentation_and_rules_are_not_models() -> None:
    assert not {"sample_spec", "fallback_generalizations"} & read().keys()


def test_facts_are_read_and_false_flags_are_not() -> None:
    record = read()["claude-sample-5"]
    assert (record.context_length, record.max_output_tokens) == (200000, 64000)
    assert record.capabilities == ("tools", "vision", "reasoning")
    assert record.retires_on == dt.date(2027, 5, 14)
    assert record.input_modalities == ("text", "image")
    assert read()["xai/grok-sample"].capabilities == ()
    assert read()["unpriced-sample"].capabilities is None


def test_claude_is_called_as_anthropic_and_openai_but_not_by_responses() -> None:
    assert read()["claude-sample-5"].supported_endpoint_types == ("anthropic", "openai")


def test_the_endpoint_type_follows_the_mode() -> None:
    values = {name: record.supported_endpoint_types for name, record in read().items()}
    assert values["text-embedding-sample"] == ("embeddings",)
    assert values["azure/eu/gpt-sample"] == ("openai-response",)
    assert values["runway/video-sample"] == ("openai-video",)
    assert values["exa_sample/search"] is None


def test_amounts_keep_their_digits() -> None:
    amounts = {line.meter: line.amount for line in lines("azure/eu/gpt-sample") if not line.conditions}
    assert amounts["input"] == Decimal("0.0000029999900000000002")
    assert amounts["code_session"] == Decimal("0.03")


def test_xai_prices_from_the_boundary_and_others_above_it() -> None:
    operators = {
        name: [
            condition["op"]
            for line in lines(name)
            for condition in line.conditions
            if condition["dim"] == "prompt_tokens"
        ]
        for name in ("xai/grok-sample", "claude-sample-5")
    }
    assert operators == {"xai/grok-sample": ["gte"], "claude-sample-5": ["gt", "gt"]}


def test_the_more_specific_line_comes_later() -> None:
    own = [line for line in lines("azure/eu/gpt-sample") if line.meter == "input" and "implied_by" not in line.facts]
    assert [len(line.conditions) for line in own] == [0, 1, 2]


def test_the_first_tier_is_the_base_price_and_the_last_one_has_no_end() -> None:
    bounds = [
        (str(line.amount), [(condition["op"], condition["value"]) for condition in line.conditions])
        for line in lines("dashscope/qwen-sample")
        if line.meter == "input"
    ]
    assert bounds == [
        ("0.0000012", []),
        ("0.0000024", [("gt", 32000)]),
        ("0.000003", [("gt", 128000)]),
    ]


def test_tiers_with_a_gap_keep_both_ends() -> None:
    tiers = [{"range": [0, 10], "input_cost_per_token": 1}, {"range": [20, 30], "input_cost_per_token": 2}]
    record = litellm.read(write_json({"m": {"mode": "chat", "tiered_pricing": tiers}})).records[0]
    assert record.prices is not None
    assert [[condition["op"] for condition in line.conditions] for line in record.prices.lines] == [["gt", "lte"]] * 2


def test_tiers_by_the_number_of_results_keep_both_ends() -> None:
    first = lines("exa_sample/search")[0]
    assert (first.meter, first.unit, [condition["op"] for condition in first.conditions]) == (
        "request",
        "query",
        ["gte", "lte"],
    )


def test_off_peak_windows_are_normalised() -> None:
    off_peak = lines("deepseek/deepseek-sample")[-1]
    assert off_peak.amount == Decimal("1.5E-7")
    assert off_peak.conditions[0]["value"] == {
        "tz": "UTC",
        "windows": [
            {"hours": ["00:00-01:00", "10:00-00:00"], "weekdays": [1, 2, 3, 4, 5]},
            {"hours": ["00:00-00:00"], "weekdays": [6, 7]},
        ],
    }


def test_multipliers_have_conditions() -> None:
    values = {line.facts["key"]: (line.amount, line.conditions[0]["dim"]) for line in multipliers()}
    assert values == {
        "provider_specific_entry.us": (Decimal("1.1"), "region"),
        "provider_specific_entry.fast": (Decimal("2.0"), "service_tier"),
        "regional_processing_uplift_multiplier_eu": (Decimal("1.1"), "region"),
    }


def multipliers() -> list[Line]:
    both = (*lines("claude-sample-5"), *lines("azure/eu/gpt-sample"))
    return [line for line in both if line.kind == "multiplier"]


def test_a_figure_that_is_not_a_known_price_is_a_fact_and_reported() -> None:
    record = read()["azure/eu/gpt-sample"]
    assert {"output_cost_per_hologram", "search_free_requests"} <= set(record.unmapped)
    assert record.prices is not None
    assert record.prices.facts["search_free_requests"]["count"] == 1500
    assert record.prices.facts["unused_figures"] == {"litellm.output_cost_per_hologram": Decimal("0.25")}
    assert any("output_cost_per_hologram is not a known price" in finding for finding in record.findings)


def test_databricks_units_are_not_dollars() -> None:
    record = read()["databricks/dbrx-sample"]
    assert record.prices is not None
    assert [line.meter for line in record.prices.lines] == ["input"]
    assert record.prices.facts["unused_figures"] == {"litellm.input_dbu_cost_per_token": Decimal("0.000007143")}
    assert (record.findings, record.unmapped) == (
        ("input_dbu_cost_per_token is in DBU and not in US dollars; it is stored as a fact and sets no price",),
        (),
    )


def test_one_price_in_two_spellings_is_one_line() -> None:
    record = only({"cost_per_second": 0.5, "input_cost_per_second": 0.5})
    assert record.prices is not None
    assert [(line.meter, line.unit, line.facts) for line in record.prices.lines] == [
        ("input", "second", {"also": ["cost_per_second"]})
    ]
    assert record.findings == ()


def test_of_two_spellings_that_differ_the_usual_one_is_the_price() -> None:
    record = only({"cost_per_second": 0.5, "input_cost_per_second": 0.001})
    assert record.prices is not None
    assert [(line.unit, line.amount) for line in record.prices.lines] == [("second", Decimal("0.001"))]
    assert record.prices.facts == {"unused_figures": {"litellm.cost_per_second": Decimal("0.5")}}
    assert "cost_per_second differs from input_cost_per_second" in record.findings[0]


def test_a_price_in_another_spelling_is_exported_under_it() -> None:
    record = only({"cost_per_second": 0.5})
    assert record.prices is not None
    assert [(line.meter, line.unit, line.facts) for line in record.prices.lines] == [
        ("input", "second", {"key": "cost_per_second"})
    ]


def test_an_explicit_cache_has_a_price_of_its_own_beside_an_implicit_one() -> None:
    explicit, implicit = {"explicit_cache_read_input_token_cost": 1}, {"cache_read_input_token_cost": 2}
    condition = {"dim": "cache_type", "op": "eq", "value": "explicit"}

    def read_prices(prices: dict[str, Any]) -> list[tuple[Any, ...]]:
        sheet = only(prices).prices
        assert sheet is not None
        return [(line.meter, line.amount, line.conditions) for line in sheet.lines]

    assert read_prices(explicit | implicit) == [("input.cache_read", 2, ()), ("input.cache_read", 1, (condition,))]
    assert read_prices(explicit) == [("input.cache_read", 1, ())]


@pytest.mark.parametrize(
    "block",
    [
        {"tiered_pricing": [{"range": [0, 10], "input_cost_per_token": 1, "hologram_cost": 9}]},
        {"off_peak_pricing": {"hours_utc": "00:00-01:00", "input_cost_per_token": 1, "hologram_cost": 9}},
        {"search_context_cost_per_query": {"search_context_size_low": 1, "hologram_cost": 9}},
    ],
)
def test_an_unknown_figure_in_a_block_is_a_fact(block: dict[str, Any]) -> None:
    record = only(block)
    assert record.prices is not None
    assert [line.amount for line in record.prices.lines] == [1]
    assert record.prices.facts == {"unused_figures": {f"litellm.{next(iter(block))}[0].hologram_cost": 9}}
    assert len(record.findings) == 1


def test_zeros_beside_a_figure_that_may_be_a_fee_are_not_free() -> None:
    tokens = {"input_cost_per_token": 0, "output_cost_per_token": 0}
    assert only({**tokens, "input_cost_per_hologram": 1}).prices is None
    assert only({**tokens, "input_cost_per_hologram": 0}).prices is not None
    assert only({**tokens, "fedramp_uplift_multiplier": 1.1}).prices is not None


def only(prices: dict[str, Any]) -> Record:
    return litellm.read(write_json({"m": {"mode": "chat", **prices}})).records[0]


def test_searches_and_guardrails_are_priced_by_their_kind() -> None:
    values = {(line.meter, line.conditions[0]["value"]): line.amount for line in lines("bedrock/guard-sample")}
    assert values[("guardrail", "contentPolicyUnits")] == Decimal("0.00015")
    sizes = [line.conditions[0]["value"] for line in lines("claude-sample-5") if line.meter == "web_search"]
    assert sizes == ["low", "medium", "high"]


@pytest.mark.parametrize(
    ("entry", "is_known"),
    [
        ({"per_song": 0.05}, False),
        ({"per_song": "0.05"}, False),
        ({"songs": {"each": 0.05}}, False),
        ({"us": 1.1, "per_song": 0.05}, False),
        ({"per_song": 0}, True),
        ({"us": 1.1, "eu": 1.1, "fast": 2.0}, True),
        ({"bedrock_invocation_schema": "titan_v2"}, True),
        ({"streams": True, "region": None}, True),
    ],
)
def test_zeros_beside_an_unknown_provider_specific_number_are_not_free(entry: Any, *, is_known: bool) -> None:
    zeros = {"input_cost_per_token": 0, "output_cost_per_token": 0, "provider_specific_entry": entry}
    paid = zeros | {"input_cost_per_token": 1e-06}

    free, priced = only(zeros), only(paid)

    assert (free.prices is not None) == is_known
    assert priced.prices is not None
    assert any("provider_specific_entry[0]" in finding for finding in priced.findings) == (not is_known)


def test_absent_prices_are_none_and_zero_is_a_price() -> None:
    assert read()["unpriced-sample"].prices is None
    assert [line.amount for line in lines("text-embedding-sample")] == [Decimal("1.3E-7"), Decimal(0)]


@pytest.mark.parametrize("value", ['"cheap"', "true", "-1", "{}", "[1]"])
def test_an_invalid_amount_rejects_the_price_only(value: str) -> None:
    text = f'{{"gpt-x": {{"mode": "chat", "max_input_tokens": 8, "input_cost_per_token": {value}}}}}'
    record = litellm.read(text.encode()).records[0]
    assert record.prices is None
    assert record.context_length == 8
    assert "input_cost_per_token" in record.findings[0]


@pytest.mark.parametrize("text", ["[]", "1", '"text"', '{"a": {"b": 1}}', '{"a": 1}'])
def test_another_shape_is_refused(text: str) -> None:
    with pytest.raises((SourceError, InexactError)):
        litellm.read(text.encode())
