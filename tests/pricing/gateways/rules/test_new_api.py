"""What new-api charges for a name, by its options, its built-in tables and its rules."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from pricing.gateways.rules.program import Figure, ProgramPrice
from pricing.gateways.rules.programs import NEW_API_OF_APRIL, NEW_API_OF_AUGUST

EMPTY: Mapping[str, Any] = {
    option: {}
    for option in (
        "ModelRatio", "ModelPrice", "CompletionRatio", "CacheRatio", "CreateCacheRatio", "ImageRatio", "AudioRatio",
        "AudioCompletionRatio",
    )
}  # fmt: skip


def price_of(name: str, **options: Any) -> ProgramPrice:
    return NEW_API_OF_APRIL.price_of(name, {**EMPTY, **options})


def values(price: ProgramPrice) -> dict[str, Decimal | int]:
    return {name: figure.value for name, figure in price.figures.items()}


def test_a_saved_option_replaces_the_built_in_table() -> None:
    built_in = NEW_API_OF_APRIL.price_of("gpt-4o", {})
    assert values(built_in) == {"model_ratio": Decimal("1.25"), "completion_ratio": 4, "cache_ratio": Decimal("0.5")}
    assert built_in.rules["model_ratio"] == "by new-api's built-in table"
    assert price_of("gpt-4o").refusal
    assert values(price_of("gpt-4o", ModelRatio={"gpt-4o": 1})) == {"model_ratio": 1, "completion_ratio": 4}


def test_a_price_per_call_counts_before_ratios() -> None:
    price = price_of("acme", ModelPrice={"acme": Decimal("0.5")}, ModelRatio={"acme": 3}, CacheRatio={"acme": 1})
    assert values(price) == {"model_price": Decimal("0.5")}
    assert price.rules == {}


def test_a_stored_zero_and_a_stored_placeholder_are_prices() -> None:
    assert values(price_of("acme", ModelPrice={"acme": 0})) == {"model_price": 0}
    assert values(price_of("acme", ModelRatio={"acme": 0})) == {"model_ratio": 0, "completion_ratio": 1}
    assert values(price_of("acme", ModelRatio={"acme": Decimal("37.5")}))["model_ratio"] == Decimal("37.5")


@pytest.mark.parametrize(
    ("name", "stored", "ratio"),
    [
        ("gpt-5-acme", 5, 8),
        ("o3-acme", 2, 4),
        ("gpt-4o-acme", 2, 2),
        ("gpt-4o-acme", None, 4),
        ("acme/gpt-5", 3, 3),
        ("acme/claude-sonnet-4", 3, 3),
        ("acme/claude-sonnet-4", None, 5),
        ("acme", 0, 0),
        ("acme", None, 1),
    ],
)
def test_fixed_rules_ignore_stored_completion_ratios(name: str, stored: int | None, ratio: int) -> None:
    ratios = {} if stored is None else {name: stored}
    assert values(price_of(name, ModelRatio={name: 1}, CompletionRatio=ratios))["completion_ratio"] == ratio


def test_a_fixed_rule_names_the_ratio_that_it_replaces() -> None:
    price = price_of("gpt-5-acme", ModelRatio={"gpt-5-acme": 1}, CompletionRatio={"gpt-5-acme": 5})
    expected = "by new-api's fixed rule for names that begin with gpt-5, in place of the stored 5"
    assert price.rules == {"completion_ratio": expected}


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("gpt-4-gizmo-abc", "gpt-4-gizmo-*"),
        ("gpt-4o-gizmo-abc", "gpt-4o-gizmo-*"),
        ("gemini-2.5-pro-thinking-128", "gemini-2.5-pro-thinking-*"),
        ("gemini-2.5-flash-preview-05-20-thinking-1", "gemini-2.5-flash-thinking-*"),
        ("gemini-2.5-flash-lite-thinking-1", "gemini-2.5-flash-lite-thinking-*"),
        ("acme-openai-compact", "*-openai-compact"),
    ],
)
def test_one_entry_prices_all_variants_of_a_name(name: str, key: str) -> None:
    for option, field in (("ModelRatio", "model_ratio"), ("ModelPrice", "model_price")):
        assert price_of(name, **{option: {key: 7}}).figures[field] == Figure(Decimal(7), f"stored for {key}")


def test_the_own_entry_counts_before_the_one_for_all_compact_models() -> None:
    price = price_of("a-openai-compact", ModelRatio={"a-openai-compact": 3, "*-openai-compact": 7})
    assert values(price)["model_ratio"] == 3


def test_cache_and_image_ratios_are_looked_up_by_the_name_itself() -> None:
    ratios = {"gpt-4-gizmo-*": Decimal("0.5")}
    price = price_of("gpt-4-gizmo-abc", ModelRatio={"gpt-4-gizmo-*": 1}, CacheRatio=ratios, ImageRatio=ratios)
    assert price.figures.keys() == {"model_ratio", "completion_ratio"}


def test_cache_writes_without_a_ratio_cost_more_than_input() -> None:
    price = price_of("acme", ModelRatio={"acme": 1})
    assert price.unlisted["create_cache_ratio"].value == Decimal("1.25")
    assert price.hour_write_ratio is not None
    assert price.hour_write_ratio.value == 2
    stored = price_of("acme", ModelRatio={"acme": 1}, CreateCacheRatio={"acme": Decimal("1.1")})
    assert "create_cache_ratio" not in stored.unlisted
    assert stored.hour_write_ratio is not None
    assert stored.hour_write_ratio.value == Decimal("1.7600000000000002")


def test_a_model_with_one_ratio_for_audio_has_1_for_the_other() -> None:
    price = price_of("acme", ModelRatio={"acme": 1}, AudioRatio={"acme": 16})
    assert price.unlisted["audio_completion_ratio"].value == 1
    price = price_of("acme", ModelRatio={"acme": 1}, AudioCompletionRatio={"acme": 2})
    assert price.unlisted["audio_ratio"].value == 1
    assert price_of("acme", ModelRatio={"acme": 1}).unlisted.keys() == {"create_cache_ratio"}


@pytest.mark.parametrize(
    ("name", "dollars"),
    [
        ("gemini-2.5-flash", "1"),
        ("gemini-2.5-flash-preview-native-audio-dialog", "3"),
        ("gemini-2.5-flash-preview-lite", "0.5"),
        ("gemini-2.5-flash-lite", "1"),
        ("gemini-2.0-flash-001", "0.7"),
        ("gemini-robotics-er-1.5-preview", "1"),
        ("gemini-2.5-pro", None),
    ],
)
def test_audio_input_of_some_gemini_models_has_a_price_of_its_own(name: str, dollars: str | None) -> None:
    audio = price_of(name, ModelRatio={name: 1}).audio_input_price
    assert (audio and str(audio.value)) == dollars
    assert price_of(name, ModelRatio={name: 1}, AudioRatio={name: 2}).audio_input_price is None


def test_self_use_mode_prices_all_models() -> None:
    price = price_of("gpt-5-acme", SelfUseModeEnabled=True)
    assert values(price) == {"model_ratio": Decimal("37.5"), "completion_ratio": 8}
    assert price.rules["model_ratio"] == "by new-api's default for models without a ratio in self-use mode"
    assert price_of("gpt-5-acme", SelfUseModeEnabled=False).figures == {}


def test_versions_differ_in_tables_and_rules() -> None:
    assert NEW_API_OF_APRIL.price_of("gpt-5.6-terra", {}).refusal
    price = NEW_API_OF_AUGUST.price_of("gpt-5.6-terra", {})
    assert (values(price)["model_ratio"], values(price)["completion_ratio"]) == (Decimal("1.25"), 6)
