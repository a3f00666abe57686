"""Quantities are counted in the right unit, and combined prices follow the engine of their source."""

import json
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from tests.cases.importing import FILES, import_case, quote, rows

pytestmark = pytest.mark.django_db

MILLION = 1_000_000


def amount(model: str, usage: dict[str, Any], **request: Any) -> Decimal:
    text = quote(model, usage, **request)["amount"]
    assert text is not None
    return Decimal(text)


def test_image_tokens_are_not_images() -> None:
    import_case("litellm_image_units")
    document = quote("gemini-image-test", {"input": 1000, "input.image": 560})
    assert document["amount"] == "0.00312"
    assert [line.get("assumed_unit") for line in document["lines"]] == [None, "token"]
    assert amount("gemini-image-test", {"input": 1000, "input.image": {"quantity": 2, "unit": "image"}}) == Decimal(
        "0.0042"
    )
    assert amount("gpt-image-test", {"input": 1000, "input.image": 560}) == Decimal("0.00948")
    # 1,290 tokens, and one image by its own price.
    assert amount("gemini-image-test", {"output.image": 1290}) == Decimal("0.1548")
    assert amount("gemini-image-test", {"output.image": {"quantity": 1, "unit": "image"}}) == Decimal("0.134")


def test_pages_and_hours_are_quoted_by_the_existing_meters() -> None:
    import_case("genai_ocr_and_hours")
    assert amount("mistral-ocr-test", {"ocr": 1000}) == 2
    assert amount("mistral-ocr-test", {"ocr": {"quantity": 1000, "unit": "page"}}) == 2
    seconds = quote("voxtral-mini-test", {"input.audio": {"quantity": 3600, "unit": "second"}})
    assert seconds["amount"] == "0.18"
    assert seconds["lines"][0]["charged_quantity"] == "1"


def test_cached_audio_costs_what_audio_costs() -> None:
    import_case("litellm_audio_cache_without_price")
    assert amount("realtime-1", {"input.audio.cache_read": MILLION}) == 32
    assert amount("realtime-1", {"input.audio.cache_write": MILLION}) == 32
    assert amount("realtime-1", {"input.image.cache_read": MILLION}) == Decimal("0.4")
    assert amount("realtime-1", {"input.cache_read": MILLION}) == Decimal("0.4")


def test_the_tier_fast_is_charged_by_the_priority_price() -> None:
    import_case("litellm_service_tiers")
    usage = {"input": 1000, "output": 1000}
    for tier, expected in {"fast": "0.0875", "priority": "0.0875", "flex": "0.0175", "default": "0.035"}.items():
        assert amount("gpt-9-sol", usage, service_tier=tier) == Decimal(expected), tier


def test_a_service_tier_beyond_a_length_is_charged_by_the_length() -> None:
    """LiteLLM's engine has no price for both, so it takes the price of the length."""
    outcome = import_case("litellm_service_tiers")
    usage = {"input": 300_000, "output": 1000}
    for tier in ("flex", "priority", "fast", "default"):
        assert amount("gpt-9-sol", usage, service_tier=tier) == Decimal("3.045"), tier
    assert "gpt-9-sol: " in outcome.findings()
    assert "service tier" in outcome.findings()


def test_an_hour_in_the_cache_costs_the_same_for_long_prompts_as_for_short_ones() -> None:
    outcome = import_case("litellm_1h_write_in_long_prompt")
    assert amount("claude-test-long", {"input": 10_000, "input.cache_write[1h]": 240_000}) == Decimal("1.5")
    assert amount("claude-test-long", {"input": 10_000, "input.cache_write": 240_000}) == Decimal("1.86")
    assert "claude-test-long: " in outcome.findings()


def test_the_exports_have_the_same_price_for_the_hour_and_the_tiers() -> None:
    import_case("litellm_1h_write_in_long_prompt")
    import_case("litellm_service_tiers", "--allow-removals")
    long = rows()["claude-test-long"]["billing_expr"].partition("200k_plus")[2]
    assert "cc1h * 6" in long
    assert "cc * 7.5" in long
    beyond = rows()["gpt-9-sol"]["billing_expr"].split("272k_plus")[1:]
    assert beyond
    assert all("p * 10 + c * 45" in text for text in beyond)
    exported = json.loads(Client().get("/api/export/litellm.json").content)
    for name, case in (("claude-test-long", "litellm_1h_write_in_long_prompt"), ("gpt-9-sol", "litellm_service_tiers")):
        assert prices(exported[name]) == prices(stated(case)[name])


def stated(case: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((FILES / f"{case}.json").read_bytes())
    return document


def prices(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if "cost" in key}
