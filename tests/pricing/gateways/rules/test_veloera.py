"""What Veloera charges for a name."""

from decimal import Decimal
from typing import Any

import pytest

from pricing.gateways.rules.program import ProgramPrice
from pricing.gateways.rules.programs import VELOERA

EMPTY: dict[str, Any] = {option: {} for option in ("ModelRatio", "ModelPrice", "CompletionRatio", "CacheRatio")}


def price_of(name: str, **options: Any) -> ProgramPrice:
    return VELOERA.price_of(name, {**EMPTY, **options})


def values(price: ProgramPrice) -> dict[str, Decimal | int]:
    return {name: figure.value for name, figure in price.figures.items()}


@pytest.mark.parametrize(
    ("name", "stored", "ratio"),
    [
        ("gpt-4o-acme", 2, "4"),
        ("gpt-5-acme", None, "1"),
        ("gpt-5-acme", 5, "5"),
        ("claude-haiku-4-5", None, "1"),
        ("gpt-3.5-turbo-16k", 2, "1.3333333333333333"),
        ("DeepSeek-Chat", 2, "4"),
        ("gemini-2.5-flash-preview-04-17", None, "5.833333333333333"),
        ("gpt-4-acme-all", None, "1"),
        ("acme/claude-2", 2, "2"),
        ("gpt-4-gizmo-abc", None, "1"),
    ],
)
def test_completion_ratios(name: str, stored: int | None, ratio: str) -> None:
    options = {"ModelRatio": {name: 1, "gpt-4-gizmo-*": 1}, "CompletionRatio": {} if stored is None else {name: stored}}
    assert values(price_of(name, **options))["completion_ratio"] == Decimal(ratio)


def test_ratios_know_one_gizmo_and_prices_two() -> None:
    entries = {"gpt-4-gizmo-*": 2, "gpt-4o-gizmo-*": 3}
    assert values(price_of("gpt-4-gizmo-abc", ModelRatio=entries))["model_ratio"] == 2
    assert price_of("gpt-4o-gizmo-abc", ModelRatio=entries).refusal
    assert values(price_of("gpt-4o-gizmo-abc", ModelPrice=entries)) == {"model_price": 3}


def test_thinking_budgets_and_compact_models_have_no_common_price() -> None:
    options = {"gemini-2.5-pro-thinking-*": 2, "*-openai-compact": 2}
    for name in ("gemini-2.5-pro-thinking-128", "acme-openai-compact"):
        assert price_of(name, ModelRatio=options).refusal


def test_cache_writes_are_built_in() -> None:
    price = price_of("acme", ModelRatio={"acme": 1}, CacheRatio={"acme": Decimal("0.1")}, CreateCacheRatio={"acme": 9})
    assert values(price)["cache_ratio"] == Decimal("0.1")
    assert price.unlisted["create_cache_ratio"].value == Decimal("1.25")
    assert price.hour_write_ratio is None


@pytest.mark.parametrize(
    ("name", "ratio"),
    [
        ("gpt-4o-realtime-preview", "20"),
        ("gpt-4o-realtime-preview-2024-12-17", "8"),
        ("gpt-4o-mini-realtime-preview", "16.666666666666668"),
        ("gpt-4o-audio-preview", "40"),
        ("gpt-4o-audio-preview-2024-12-17", "16"),
        ("gpt-4o-mini-audio-preview", None),
        ("acme", None),
    ],
)
def test_audio_has_ratios_by_rules_for_names(name: str, ratio: str | None) -> None:
    unlisted = price_of(name, ModelRatio={name: 1}).unlisted
    audio = unlisted.get("audio_ratio")
    assert (audio and str(audio.value)) == ratio
    assert ("audio_completion_ratio" in unlisted) is (ratio is not None)


def test_a_model_without_a_ratio_is_refused_unless_in_self_use_mode() -> None:
    assert "refuses its calls" in price_of("acme").refusal
    assert values(price_of("acme", SelfUseModeEnabled=True)) == {"model_ratio": Decimal("37.5"), "completion_ratio": 1}


def test_mapped_models_cost_what_their_targets_cost() -> None:
    assert VELOERA.charges_upstream_names
