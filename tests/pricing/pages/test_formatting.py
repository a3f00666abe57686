"""Money, counts and conditions as people read them."""

from decimal import Decimal
from typing import Any

import pytest

from catalog.prices import Line
from pricing.pages import formatting


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("2.5", "USD", "$2.50"), ("0", "USD", "$0.00"), ("0.000000083", "USD", "$0.000000083"),
        ("1234.5", "USD", "$1,234.50"), ("46", "CNY", "¥46.00"), ("12", "SEK", "12.00 SEK"),
        ("0.18000000000000002", "USD", "$0.18"), ("0.8219178082191781", "USD", "$0.821917808219"),
    ],
)  # fmt: skip
def test_money_keeps_every_digit_that_means_something(amount: str, currency: str, text: str) -> None:
    assert formatting.money(Decimal(amount), currency) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (None, ""), (512, "512"), (8192, "8K"), (131_072, "128K"), (128_000, "128K"), (200_000, "200K"),
        (1_048_576, "1M"), (1_000_000, "1M"), (1_050_000, "1.05M"), (10_000_000, "10M"), (262_144, "256K"),
    ],
)  # fmt: skip
def test_a_context_is_said_shortly(number: int | None, text: str) -> None:
    assert formatting.tokens(number) == text


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (("prompt_tokens", "gt", 200_000), "prompt above 200,000 tokens"),
        (("prompt_tokens", "gte", 200_000), "prompt of 200,000 tokens or more"),
        (("prompt_tokens", "lt", 32_000), "prompt below 32,000 tokens"),
        (("prompt_tokens", "lte", 32_000), "prompt up to 32,000 tokens"),
        (("max_results", "gt", 25), "max results > 25"),
        (("service_tier", "eq", "flex"), "service tier flex"),
        (("region", "ne", "eu"), "region other than eu"),
        (("resolution", "in", ["1K", "2K"]), "resolution 1K / 2K"),
        (("has_audio", "eq", True), "with sound"),
        (("has_audio", "eq", False), "without sound"),
        (("has_audio", "ne", True), "without sound"),
        (("request_match", "eq", {"body": {"speed": "fast"}}), "speed = fast"),
        (("time", "eq", {"windows": [{"hours": ["22:00-06:00"]}]}), "22:00-06:00 (UTC)"),
        (("time", "eq", {"tz": "UTC", "windows": [{"weekdays": [6, 7], "hours": ["00:00-24:00"]}]}),
         "Sat, Sun 00:00-24:00 (UTC)"),
    ],
)  # fmt: skip
def test_a_condition_is_a_few_words(condition: tuple[str, str, Any], text: str) -> None:
    assert formatting.condition(dict(zip(("dim", "op", "value"), condition, strict=True))) == text


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (Line("input", Decimal("0.0000025"), 1, "token"), "$2.50 per million tokens"),
        (Line("input", Decimal("2.5"), 1_000_000, "token"), "$2.50 per million tokens"),
        (Line("web_search", Decimal(14), 1000, "request"), "$14.00 per 1,000 requests"),
        (Line("output.image", Decimal("0.04"), 1, "image"), "$0.04 per image"),
        (Line("input", Decimal(16), 1_000_000, "character"), "$16.00 per million characters"),
        (Line("input", Decimal("0.000016"), 1, "character"), "$16.00 per million characters"),
        (
            Line("input.image", Decimal("0.0000000020751953125"), 1, "pixel"),
            "$0.0020751953125 per million pixels",
        ),
    ],
)
def test_a_figure_says_what_it_is_for(line: Line, text: str) -> None:
    assert f"{formatting.price(line, 'USD')} {formatting.per(line)}" == text


def test_words_of_a_source_are_shown_as_it_has_them() -> None:
    assert formatting.meter("x.litellm.odd_figure") == "odd figure"
    assert formatting.named("thinking_adaptive") == "thinking adaptive"
    assert formatting.unit("parsec") == "parsec"


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["tools", "effort", "effort_low", "effort_xhigh", "vision"], "tools, effort (low, xhigh), vision"),
        (["thinking_adaptive", "tools", "thinking_cache_preservation"],
         "thinking (adaptive, cache preservation), tools"),
        (["effort_max", "none_reasoning_effort"], "effort (max, none)"), (["low_reasoning_effort"], "effort low"),
        (["effort", "effort_low"], "effort low"), (["effort_max"], "effort max"), (["effort"], "effort"),
        (["tool_choice", "tool_search", "pdf_input", "web_search"],
         "tool choice, tool search, pdf input, web search"),
        ([], ""),
    ],
)  # fmt: skip
def test_words_that_begin_alike_stand_together(names: list[str], text: str) -> None:
    assert formatting.listed(names) == text
