"""Prices that LiteLLM derives from the keys of a row, and the order in which its keys apply."""

from typing import Any

import pytest

from catalog.exact import write_json
from catalog.prices import Line
from catalog.sources import litellm
from catalog.sources.litellm_combinations import FAST
from catalog.sources.litellm_keys import format_key


def lines_of(**keys: Any) -> tuple[Line, ...]:
    prices = litellm.read(write_json({"m": {"mode": "chat", **keys}})).records[0].prices
    assert prices is not None
    return prices.lines


def implied(**keys: Any) -> dict[str, tuple[int, str]]:
    """Key that the figure would have -> its amount, and the key that implies it."""
    return {
        format_key(line.meter, line.unit, line.per, line.conditions): (int(line.amount or 0), line.facts["implied_by"])
        for line in lines_of(**keys)
        if "implied_by" in line.facts
    }


def test_the_order_is_that_of_litellms_engine() -> None:
    keys = [
        "cache_creation_input_token_cost",
        "cache_creation_input_token_cost_flex",
        "cache_creation_input_token_cost_above_128k_tokens",
        "cache_creation_input_token_cost_above_128k_tokens_flex",
        "cache_creation_input_token_cost_above_200k_tokens",
        "cache_creation_input_token_cost_above_1hr",
        "cache_creation_input_token_cost_above_1hr_above_200k_tokens",
        "cache_creation_input_token_cost_batches",
    ]
    lines = lines_of(**dict.fromkeys(reversed(keys), 1))
    assert [format_key(line.meter, line.unit, line.per, line.conditions) for line in lines] == keys


def test_the_tier_fast_has_the_priority_price_if_the_row_has_no_fast_price() -> None:
    assert implied(input_cost_per_token_priority=2, output_cost_per_token_above_200k_tokens_priority=3) == {
        "input_cost_per_token_fast": (2, "input_cost_per_token_priority"),
        "output_cost_per_token_above_200k_tokens_fast": (3, "output_cost_per_token_above_200k_tokens_priority"),
    }


@pytest.mark.parametrize(
    "own", [{"input_cost_per_token_fast": 5}, {"provider_specific_entry": {"fast": 5}}], ids=["price", "factor"]
)
def test_a_row_with_its_own_fast_price_is_charged_by_it(own: dict[str, Any]) -> None:
    lines = lines_of(input_cost_per_token_priority=2, **own)
    assert [line.amount for line in lines if FAST in line.conditions] == [5]


def test_reasoning_costs_in_a_service_tier_what_output_costs_in_it() -> None:
    keys = {
        "output_cost_per_token": 10,
        "output_cost_per_token_flex": 5,
        "output_cost_per_token_above_200k_tokens": 15,
        "output_cost_per_reasoning_token": 12,
    }
    assert implied(**keys) == {
        "output_cost_per_reasoning_token_flex": (5, "output_cost_per_token_flex"),
        "output_cost_per_reasoning_token_above_200k_tokens_flex": (15, "output_cost_per_token_above_200k_tokens"),
    }
    assert implied(**keys, output_cost_per_reasoning_token_flex=6) == {}
    assert implied(**{key: value for key, value in keys.items() if "reasoning" not in key}) == {}


def test_tokens_without_a_batch_price_cost_in_a_batch_what_text_costs_in_it() -> None:
    keys = {
        "input_cost_per_token": 10,
        "input_cost_per_token_batches": 5,
        "output_cost_per_token_batches": 20,
        "cache_read_input_token_cost": 1,
        "cache_creation_input_token_cost_above_1hr": 20,
        "input_cost_per_audio_token": 30,
        "output_cost_per_reasoning_token": 60,
        "input_cost_per_image": 1,
    }
    assert implied(**keys) == {
        "cache_read_input_token_cost_batches": (5, "input_cost_per_token_batches"),
        "cache_creation_input_token_cost_batches": (5, "input_cost_per_token_batches"),
        "input_cost_per_audio_token_batches": (5, "input_cost_per_token_batches"),
        "output_cost_per_reasoning_token_batches": (20, "output_cost_per_token_batches"),
    }
