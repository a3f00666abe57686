"""A LiteLLM price key states a meter and conditions, and can be written back from them."""

import pytest

from catalog.sources.litellm_keys import BASES, format_key, parse_key

MODIFIERS = ["", "_above_1hr", "_above_12hr", "_1080p", "_0.5K", "_above_15s_interval"]
LENGTHS = ["", "_above_200k_tokens", "_above_272k_tokens"]
TIERS = ["", "_batches", "_flex", "_priority", "_ultrafast"]


@pytest.mark.parametrize("base", BASES)
def test_every_key_of_the_grammar_is_written_back(base: str) -> None:
    for key in (base + modifier + length + tier for modifier in MODIFIERS for length in LENGTHS for tier in TIERS):
        parsed = parse_key(key)
        assert parsed is not None, key
        assert format_key(parsed.meter, parsed.unit, parsed.per, parsed.conditions) == key


def test_no_two_bases_price_the_same_thing() -> None:
    assert len(set(BASES.values())) == len(BASES)


def test_all_modifiers_become_conditions() -> None:
    parsed = parse_key("cache_creation_input_token_cost_above_1hr_above_200k_tokens_priority")
    assert parsed is not None
    assert (parsed.meter, parsed.unit, parsed.per) == ("input.cache_write", "token", 1)
    assert parsed.conditions == (
        {"dim": "cache_ttl", "op": "eq", "value": "1h"},
        {"dim": "prompt_tokens", "op": "gt", "value": 200000},
        {"dim": "service_tier", "op": "eq", "value": "priority"},
    )


def test_the_tier_may_come_before_the_length() -> None:
    assert parse_key("input_cost_per_token_priority_above_200k_tokens") == parse_key(
        "input_cost_per_token_above_200k_tokens_priority"
    )


def test_batches_are_the_tier_batch() -> None:
    parsed = parse_key("output_cost_per_token_batches")
    assert parsed is not None
    assert parsed.conditions == ({"dim": "service_tier", "op": "eq", "value": "batch"},)


def test_calls_by_the_thousand_keep_their_number() -> None:
    parsed = parse_key("file_search_cost_per_1k_calls")
    assert parsed is not None
    assert (parsed.meter, parsed.per) == ("file_search", 1000)


@pytest.mark.parametrize(
    "key",
    [
        "input_cost_per_hologram",
        "input_cost_per_token_above_many_tokens",
        "input_cost_per_token_",
        "xinput_cost_per_token",
        "input_cost_per_token_priority_above_200k_tokens_flex",
        "supports_vision",
    ],
)
def test_other_keys_are_not_in_the_grammar(key: str) -> None:
    assert parse_key(key) is None
