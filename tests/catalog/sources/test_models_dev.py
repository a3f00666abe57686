"""Reads models.dev: the vendor's own price wins, lengths are on the right side of a boundary, modes are conditions."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from catalog.error_messages import InputError
from catalog.exact import write_json
from catalog.imports.documents import read_document
from catalog.sources import models_dev
from catalog.sources.records import Record
from tests.catalog.sources.price_lines import by_name, summarize
from tests.samples import sample, sample_or_real

CONTENT = sample("models_dev.json")


def read(*providers: str) -> dict[str, Record]:
    return by_name(read_document(models_dev.read, CONTENT, providers=providers).records)


def row(provider: str = "openai", **values: Any) -> Record:
    body = {provider: {"id": provider, "name": provider, "models": {"gpt-x": values}}}
    return models_dev.read(write_json(body)).records[0]


def test_the_vendors_own_price_is_the_list_price() -> None:
    assert summarize(read()["gpt-sample"].prices)[0] == ("input", "5", "")
    assert read().keys() == {"gpt-sample", "claude-sample", "grok-sample"}


def test_prices_of_resellers_are_left_out_and_reported() -> None:
    assert summarize(read("cheap-reseller")["gpt-sample"].prices) == [("input", "0.1875", ""), ("output", "1.5", "")]
    findings = read_document(models_dev.read, CONTENT).findings
    assert "4 offers of 2 resellers and hosts were left out" in findings[0]


def test_the_first_chosen_provider_wins() -> None:
    both = read("cheap-reseller", "openai")
    assert (both["gpt-sample"].provider, len(both)) == ("cheap-reseller", 3)


def test_an_unknown_provider_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"no provider 'nobody'; it has openai, anthropic"):
        read("nobody")


def test_a_size_of_272000_is_the_last_length_of_the_lower_tier_and_32001_the_first_of_the_upper() -> None:
    assert summarize(read()["gpt-sample"].prices)[3:8] == [
        ("input", "6", "prompt_tokens gte 32001"),
        ("output", "31", "prompt_tokens gte 32001"),
        ("input", "10", "prompt_tokens gt 272000"),
        ("output", "45", "prompt_tokens gt 272000"),
        ("input.cache_read", "1", "prompt_tokens gt 272000"),
    ]


def test_xai_includes_the_boundary_in_the_upper_tier() -> None:
    assert summarize(read()["grok-sample"].prices)[2:] == [
        ("input", "4", "prompt_tokens gte 200000"),
        ("output", "12", "prompt_tokens gte 200000"),
    ]


def test_the_old_form_of_a_tier_is_used_only_without_tiers() -> None:
    assert ("input", "6", "prompt_tokens gt 200000") in summarize(read()["claude-sample"].prices)
    assert len(summarize(read()["gpt-sample"].prices)) == 10


def test_modes_are_conditions_on_the_request() -> None:
    assert summarize(read()["gpt-sample"].prices)[-2] == ("input", "12.5", "service_tier eq priority")
    assert summarize(read()["claude-sample"].prices)[-1] == (
        "output",
        "150",
        "request_match eq {'body': {'speed': 'fast'}, 'headers': {'anthropic-beta': 'fast-mode-2026-02-01'}}",
    )


def test_a_zero_in_a_plan_is_included_and_elsewhere_a_price_of_0() -> None:
    plan, free = read("acme-coding-plan")["gpt-sample"].prices, read("cheap-reseller")["acme/free-model"].prices
    assert plan is not None
    assert {(line.kind, line.amount) for line in plan.lines} == {("included", None)}
    assert summarize(free) == [("input", "0", ""), ("output", "0", "")]


def test_misspelt_prices_are_facts_and_reported() -> None:
    record = read("cheap-reseller")["minimax-sample"]
    assert record.unmapped == ("cost.cached_input", "cost.request")
    assert record.prices is not None
    assert [line.meter for line in record.prices.lines] == ["input", "output"]
    unused = {"models_dev.cached_input": Decimal("0.03"), "models_dev.request": Decimal(5)}
    assert record.prices.facts == {"unused_figures": unused}


def test_facts_are_read_and_zero_is_unknown() -> None:
    gpt, claude = read()["gpt-sample"], read()["claude-sample"]
    assert (gpt.context_length, gpt.max_output_tokens, gpt.series) == (1050000, 128000, "gpt")
    assert gpt.released_on == dt.date(2026, 4, 23)
    assert set(gpt.capabilities or ()) >= {"tools", "reasoning", "effort_high", "vision", "pdf_input"}
    assert (claude.max_output_tokens, claude.supported_endpoint_types) == (None, ("anthropic", "openai"))


def test_a_month_alone_is_an_inferred_date() -> None:
    claude = read()["claude-sample"]
    assert (claude.released_on, "released_on" in claude.inferred) == (dt.date(2026, 5, 1), True)
    assert any("is beta" in finding for finding in claude.findings)


@pytest.mark.parametrize(
    "cost",
    [
        "free",
        {"input": "5 cents"},
        {"input": -1},
        {"input": 1, "tiers": {}},
        {"input": 1, "tiers": [{"input": 2}]},
        {"input": 1, "tiers": [{"input": 2, "tier": {"type": "moon", "size": 5}}]},
        {"input": 1, "tiers": [{"input": 2, "tier": {"size": True}}]},
        {"input": 1, "context_over_200k": 7},
    ],
)
def test_an_invalid_cost_rejects_the_price_only(cost: Any) -> None:
    record = row(name="GPT", cost=cost)
    assert (record.prices, record.display_name) == (None, "GPT")
    assert any("price in this row was not imported" in finding for finding in record.findings)


REAL_LIST = "models.dev/api_2026-07-02.json"


@pytest.mark.parametrize(("name", "model"), [("models_dev.json", "gpt-sample"), (REAL_LIST, "gpt-5.5")])
def test_the_price_of_a_vendor_is_the_list_price_everywhere(name: str, model: str) -> None:
    document = read_document(models_dev.read, sample_or_real(name))
    record = by_name(document.records)[model]
    assert record.prices is not None
    assert (record.provider, record.prices.lines[0].amount) == ("openai", Decimal(5))


@pytest.mark.parametrize(
    ("name", "models", "known", "unknown"), [("models_dev.json", 7, 29, 2), (REAL_LIST, 5276, 13630, 25)]
)
def test_every_price_is_read(name: str, models: int, known: int, unknown: int) -> None:
    document = models_dev.read(sample_or_real(name))
    lines = [line for record in document.records if record.prices for line in record.prices.lines]
    assert (len(document.records), len(lines)) == (models, known)
    assert sum(len(record.unmapped) for record in document.records) == unknown


@pytest.mark.parametrize(
    ("values", "cutoff", "open_weights", "findings"),
    [
        ({"knowledge": "2025-12", "open_weights": False}, "2025-12", False, 0),
        ({"knowledge": "2025-12-31", "open_weights": True}, "2025-12-31", True, 0),
        ({"knowledge": "2024"}, "2024", None, 0),
        ({"knowledge": "", "open_weights": None}, None, None, 0),
        ({"knowledge": "2025-13", "open_weights": "yes"}, None, None, 2),
        ({"knowledge": "soon"}, None, None, 1),
    ],
)
def test_the_knowledge_cutoff_and_open_weights_are_read(
    values: dict[str, Any], cutoff: str | None, open_weights: bool | None, findings: int
) -> None:
    body = {"openai": {"id": "openai", "models": {"gpt-x": values}}}

    record = models_dev.read(write_json(body)).records[0]

    assert (record.knowledge_cutoff, record.open_weights) == (cutoff, open_weights)
    assert len(record.findings) == findings
    assert not record.unmapped
