"""Our quotes for LiteLLM's own maps are the costs that LiteLLM computes, except for named reasons."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from catalog.exact import read_json, write_json
from catalog.prices import Sheet
from catalog.sources import litellm
from tests.differential.comparing import Case, Deviation, Row, charge, explain, report, run_program, usages
from tests.samples import REAL, real
from tests.sizes import FULL

# Within and outside the off-peak hours of the rows that have them.
MOMENTS = ("2026-11-25T12:00:00+00:00", "2026-11-25T18:00:00+00:00")
LENGTH = re.compile(r"_above_(\d+)k_tokens")
TIER_WORDS = {"flex": "flex", "priority": "priority", "fast": "priority", "batch": "batches"}
# Keys that LiteLLM's engine does not read, although its map has them.
UNREAD = ("input_cost_per_token_cache_hit", "input_cost_per_audio_token_priority")
# Fees that LiteLLM adds in other functions than the one for tokens.
FEES = ("input_cost_per_query", "input_cost_per_request", "search_context_cost_per_query")


def _without(case: Case, *keys: str) -> Case:
    return replace(case, row={key: value for key, value in case.row.items() if key not in keys})


def _with_cached_media_as_text(case: Case) -> Case:
    media = ("cached_audio", "cached_image")
    cached = sum(case.usage.get(name, 0) for name in ("cached", *media))
    usage = {name: number for name, number in case.usage.items() if name not in media}
    return replace(case, usage={**usage, "cached": cached} if cached else usage)


def _with_half_prices(case: Case) -> Case:
    if case.tier != "batch":
        return case
    halves = {
        f"{key}_batches": case.row[key] / 2
        for key in ("output_cost_per_token", "output_cost_per_image_token")
        if case.row.get(key) is not None and f"{key}_batches" not in case.row
    }
    return replace(case, row={**case.row, **halves})


def _with_an_output_price(case: Case) -> Case:
    if case.row.get("output_cost_per_token"):
        return case
    price = Decimal(0) if case.tier == "batch" else case.row.get("output_cost_per_image_token", Decimal(0))
    return replace(case, row={**case.row, "output_cost_per_token": price})


def _of_perplexity(case: Case) -> Case:
    if case.provider != "perplexity":
        return case
    lengths = (key for key in case.row if "_above_" in key)
    return _without(case, "cache_read_input_token_cost", *lengths, *FEES)


def _of_fireworks(case: Case) -> Case:
    key = "cache_read_input_token_cost"
    if case.provider != "fireworks_ai" or case.tier == "batch":
        return case
    half = {} if key in case.row else {key: case.row["input_cost_per_token"] / 2}
    return replace(case, row={**case.row, **half}, tier=None)


# docs/decisions.md gives the grounds for each.
REASONS: Mapping[str, Deviation] = {
    "cached audio and images cost what cached text costs": _with_cached_media_as_text,
    "a batch without a batch price costs half": _with_half_prices,
    "output without a price costs nothing, or what image tokens cost": _with_an_output_price,
    "fees are not part of the cost of tokens": lambda case: _without(case, *FEES),
    "keys of the map are not read": lambda case: _without(case, *UNREAD),
    "Perplexity is charged without cache, lengths and fees": _of_perplexity,
    "Fireworks is charged without service tiers, and cached input costs half": _of_fireworks,
}


@cache
def _sheet(row: bytes) -> Sheet:
    prices = litellm.read(row).records[0].prices
    return prices or Sheet("USD", ())


def our_cost(case: Case) -> Decimal | None:
    return charge(_sheet(write_json({case.model: dict(case.row)})), case)


def bounds_of(row: Row) -> set[int]:
    bounds = {int(match[1]) * 1000 for key in row if (match := LENGTH.search(key))}
    return bounds | {int(tier["range"][1]) for tier in row.get("tiered_pricing", []) if "range" in tier}


def cases(rows: Mapping[str, Any]) -> Iterator[Case]:
    for name, row in rows.items():
        provider = row.get("litellm_provider") if isinstance(row, dict) else None
        # LiteLLM takes the row with the provider in its name, if there is one.
        if name in litellm.NOT_MODELS or not provider or f"{provider}/{name}" in rows:
            continue
        if "input_cost_per_token" not in row and not any("range" in tier for tier in row.get("tiered_pricing", ())):
            continue
        tiers = [tier for tier, word in TIER_WORDS.items() if any(key.endswith(f"_{word}") for key in row)]
        for at in MOMENTS if "off_peak_pricing" in row else MOMENTS[:1]:
            for usage in usages(bounds_of(row)):
                yield from (Case(name, row, usage, tier, at, provider) for tier in (None, *tiers))


@pytest.mark.skipif(not FULL, reason="part of the full run")
@pytest.mark.parametrize(
    ("name", "least"), [("model_prices_1.83.0.json", 20_000), ("model_prices_1.103.0.json", 45_000)]
)
def test_litellm_computes_the_same_costs_from_its_map(
    name: str, least: int, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = list(cases(read_json(real(f"litellm/{name}"))))
    assert len(listed) >= least
    questions = [{**asdict(case), "row": None} for case in listed]
    answers = run_program(
        "litellm",
        "litellm_costs.py",
        {"map": str(REAL / "litellm" / name), "cases": questions},
        LITELLM_LOCAL_MODEL_COST_MAP="True",
    )
    costs = [None if isinstance(answer, str) else Decimal(answer) for answer in answers]

    result = explain(zip(listed, costs, strict=True), our_cost, REASONS)

    report(f"LiteLLM, {name}", result, capsys)
    assert result.unexplained == []
    assert result.counts["agrees"] >= least * 9 // 10
