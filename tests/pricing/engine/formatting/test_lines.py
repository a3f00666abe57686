"""Whole lines in words, and the differences of two sheets."""

from decimal import Decimal
from typing import Any

import pytest

from catalog.prices import Line, Sheet
from pricing.engine.formatting.lines import changes, described, label, pairs, remark, summary

LONG_PROMPT = ({"dim": "prompt_tokens", "op": "gt", "value": 200_000},)
ONE_HOUR = ({"dim": "cache_ttl", "op": "eq", "value": "1h"},)


def token_line(meter: str, amount: str, per: int = 1_000_000, **fields: Any) -> Line:
    return Line(meter, Decimal(amount), per, "token", **fields)


def sheet(*lines: Line, currency: str = "USD") -> Sheet:
    return Sheet(currency, lines)


def sentences(before: Sheet | None, after: Sheet | None) -> list[str]:
    return [change.sentence for change in changes(before, after)]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (token_line("input", "2.5"), "Input"),
        (token_line("input", "2.5", conditions=LONG_PROMPT), "Input, prompt above 200,000 tokens"),
        (token_line("input.cache_write", "6", conditions=(*ONE_HOUR, *LONG_PROMPT)),
         "Cache write 1h, prompt above 200,000 tokens"),
        (Line("", Decimal("0.5"), kind="multiplier"), "All prices, factor"),
        (Line("web_search", Decimal(10), 1, "query", "allowance"), "Web search, free units"),
    ],
)  # fmt: skip
def test_a_label_says_what_is_priced_and_when(line: Line, text: str) -> None:
    assert label(line) == text


def test_both_sides_of_a_change_have_the_same_unit() -> None:
    per_token = sheet(token_line("input", "0.0000025", 1))

    assert sentences(per_token, sheet(token_line("input", "3"))) == ["Input: $2.50 → $3.00 per million tokens"]
    assert sentences(per_token, sheet(token_line("input", "2.5"))) == []
    by_thousand, by_one = Line("ocr", Decimal(2), 1000, "page"), Line("ocr", Decimal("0.003"), 1, "page")
    assert sentences(sheet(by_thousand), sheet(by_one)) == ["Page reading: $2.00 → $3.00 per 1,000 pages"]


def test_added_and_removed_lines_and_new_currencies_are_changes() -> None:
    old, new = sheet(token_line("input", "2")), sheet(token_line("output", "8"))

    assert sentences(old, new) == [
        "Input: $2.00 per million tokens → none",
        "Output: none → $8.00 per million tokens",
    ]
    assert sentences(old, sheet(token_line("input", "2"), currency="CNY")) == [
        "Input: $2.00 → ¥2.00 per million tokens"
    ]
    assert sentences(None, sheet(Line("", None, kind="dynamic"))) == ["All prices: none → depends on the request"]


def test_a_change_loses_no_digit() -> None:
    old, new = sheet(token_line("input", "0.8219178082191781")), sheet(token_line("input", "0.8219178082191782"))

    assert sentences(old, new) == ["Input: $0.8219178082191781 → $0.8219178082191782 per million tokens"]


def test_lines_with_the_same_label_get_different_ones() -> None:
    by_token, by_image = token_line("input.image", "5"), Line("input.image", Decimal("0.01"), 1, "image")

    assert list(pairs(sheet(by_token), sheet(by_image))) == [
        "Image input (per million tokens)",
        "Image input (per image)",
    ]
    assert described(sheet(by_token, by_token)) == {
        "Image input (per million tokens)": "$5.00 per million tokens",
        "Image input (per million tokens) (2)": "$5.00 per million tokens",
    }


def test_a_summary_begins_with_input_and_output() -> None:
    cached = [token_line(f"input.{name}", "1", conditions=LONG_PROMPT) for name in ("audio", "image", "video", "text")]

    text = summary(sheet(*cached, token_line("input.cache_read", "0.1"), token_line("output", "10"),
                         token_line("input", "2.5")))  # fmt: skip

    assert text == (
        "Input $2.50 per million tokens · Output $10.00 per million tokens · "
        "Cached input $0.10 per million tokens · 4 more"
    )
    assert summary(sheet()) == "without a price"


def test_a_summary_of_a_paid_price_never_shows_only_free_lines() -> None:
    free = [token_line(name, "0") for name in ("input", "output", "input.cache_read")]

    text = summary(sheet(*free, Line("ocr", Decimal("0.002"), 1, "page")))

    assert text == (
        "Page reading $0.002 per page · Input $0.00 per million tokens · Output $0.00 per million tokens · 1 more"
    )


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (Line("input", Decimal("1.5"), kind="multiplier"), "Input times 1.5"),
        (Line("web_search", Decimal(1500), 1, "query", "allowance", facts={"period": "day"}),
         "Web search: 1,500 queries free per day"),
        (Line("input.audio", Decimal(60), 1, "second", "minimum"), "Audio input: at least 60 seconds are charged"),
        (Line("", None, kind="dynamic", conditions=LONG_PROMPT),
         "All prices: depends on the request, prompt above 200,000 tokens"),
    ],
)  # fmt: skip
def test_a_remark_is_a_sentence(line: Line, text: str) -> None:
    assert remark(line) == text
