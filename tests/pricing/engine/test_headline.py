"""The headline is the one figure shown for a price; a paid price never has a headline of 0."""

from decimal import Decimal
from typing import Any

import pytest

from catalog.prices import Line, Sheet
from pricing.engine.headline import (
    billing_type,
    comparable_price,
    headline,
    input_and_output,
    is_one_of_several,
    reads_as_free,
)

LONG_PROMPT = ({"dim": "prompt_tokens", "op": "gt", "value": 200_000},)
SHORT_PROMPT = ({"dim": "prompt_tokens", "op": "lte", "value": 200_000},)

BATCH = ({"dim": "service_tier", "op": "eq", "value": "batch"},)


def token_line(meter: str, amount: str, **fields: Any) -> Line:
    return Line(meter, Decimal(amount), 1_000_000, "token", **fields)


def fee(meter: str, amount: str, unit: str, **fields: Any) -> Line:
    return Line(meter, Decimal(amount), 1, unit, **fields)


def image_rule(resolution: str, amount: str, **facts: Any) -> Line:
    conditions = ({"dim": "resolution", "op": "eq", "value": resolution},)
    return Line("output.image", Decimal(amount), 1, "image", conditions=conditions, facts=facts)


FREE_TOKENS = [token_line("input", "0"), token_line("output", "0")]


@pytest.mark.parametrize(
    ("lines", "chosen"),
    [
        ([token_line("output", "10"), token_line("input", "2.5")], 1),
        ([token_line("input", "2.5"), fee("request", "0.01", "request")], 0),
        ([token_line("input", "0"), token_line("output", "2")], 1),
        ([*FREE_TOKENS, fee("request", "0.001", "query")], 2),
        ([fee("x.acme.song", "0.001", "request"), fee("ocr", "0.002", "page")], 1),
        ([fee("x.acme.song", "0.001", "request"), *FREE_TOKENS, fee("ocr", "0.002", "page")], 3),
        ([*FREE_TOKENS, fee("web_search", "0.01", "query"), fee("request", "0.005", "request")], 3),
        ([*FREE_TOKENS, fee("ocr", "0.002", "page")], 2),
        ([*FREE_TOKENS, token_line("input", "1", conditions=LONG_PROMPT)], 2),
        (FREE_TOKENS, 0),
        (
            [token_line("input.audio", "1", conditions=LONG_PROMPT), fee("request", "2", "request", conditions=BATCH)],
            1,
        ),
        ([token_line("input", "3"), token_line("input", "0"), token_line("output", "1")], 2),
        # Tiers without a price for all prompts, beside a search and a cache.
        (
            [
                fee("web_search", "0.01", "query"),
                token_line("input.cache_read", "0.08"),
                token_line("output", "2", conditions=SHORT_PROMPT),
                token_line("input", "0.8", conditions=SHORT_PROMPT),
                token_line("input", "1.2", conditions=LONG_PROMPT),
            ],
            3,
        ),
        ([fee("ocr.annotation", "0.005", "page"), fee("ocr", "0.002", "page")], 1),
        ([*FREE_TOKENS, fee("web_search", "0.01", "query"), token_line("input", "1", conditions=LONG_PROMPT)], 3),
        ([image_rule("4K", "0.16"), image_rule("1K", "0.04")], 1),
        ([image_rule("1K", "0"), image_rule("4K", "0.16")], 1),
        ([image_rule("1K", "0.04"), image_rule("4K", "0.16", verification_status="verified")], 1),
    ],
)
def test_the_headline_is_the_usual_price_and_is_paid_where_any_is(lines: list[Line], chosen: int) -> None:
    assert headline(Sheet("USD", tuple(lines))) is lines[chosen]


@pytest.mark.parametrize(
    ("lines", "price"),
    [
        ([token_line("input", "2.5"), token_line("output", "10")], "2.5"),
        ([token_line("input", "0"), token_line("output", "2")], "2"),
        ([token_line("output", "2")], "2"),
        (FREE_TOKENS, "0"),
        ([*FREE_TOKENS, fee("request", "0.005", "request")], None),
        ([*FREE_TOKENS, token_line("input", "1", conditions=LONG_PROMPT)], None),
        ([fee("request", "0", "request")], "0"),
        ([image_rule("4K", "0.16"), image_rule("1K", "0.04")], None),
    ],
)
def test_only_what_is_free_compares_as_nothing(lines: list[Line], price: str | None) -> None:
    comparable = comparable_price(Sheet("USD", tuple(lines)))

    assert comparable == (None if price is None else Decimal(price))


def test_a_currency_compares_in_dollars_and_without_a_rate_not_at_all() -> None:
    yuan = Sheet("CNY", (token_line("input", "14"),), per_usd=Decimal(7))

    assert comparable_price(yuan) == Decimal(2)
    assert comparable_price(Sheet("CNY", yuan.lines)) is None
    assert input_and_output(yuan) == {"input": yuan.lines[0]}


@pytest.mark.parametrize(
    ("lines", "is_example"),
    [
        ([fee("request", "0.05", "request")], False),
        ([*FREE_TOKENS, fee("request", "0.05", "request")], False),
        ([fee("request", "0.05", "request"), fee("web_search", "0.01", "query")], True),
        ([image_rule("1K", "0.04"), image_rule("4K", "0.04")], False),
        ([image_rule("1K", "0.04"), image_rule("4K", "0.16")], True),
    ],
)
def test_a_headline_beside_other_prices_is_an_example(lines: list[Line], *, is_example: bool) -> None:
    assert is_one_of_several(Sheet("USD", tuple(lines))) is is_example


def test_a_form_without_a_place_for_fees_must_not_read_as_free() -> None:
    paid = Sheet("USD", (*FREE_TOKENS, fee("request", "0.005", "request")))

    assert reads_as_free(paid, [Decimal(0), Decimal(0)])
    assert not reads_as_free(paid, [Decimal(0), Decimal("0.005")])
    assert not reads_as_free(Sheet("USD", tuple(FREE_TOKENS)), [Decimal(0)])


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        ([token_line("input", "2.5"), fee("request", "0.01", "request")], "tokens"),
        (FREE_TOKENS, "tokens"),
        ([*FREE_TOKENS, fee("request", "0.001", "query")], "call"),
        ([fee("request", "0.7", "request")], "call"),
        ([image_rule("4K", "0.16"), image_rule("1K", "0.04")], "image"),
        ([fee("output.video", "0.1", "second")], "second"),
        ([fee("input.audio", "0.006", "minute")], "second"),
        ([fee("ocr", "0.002", "page")], "other"),
        ([fee("input", "0.000016", "character")], "other"),
        ([], ""),
        ([Line("", None, kind="dynamic")], ""),
        ([Line("", None, kind="included")], ""),
    ],
)
def test_the_type_of_billing_is_that_of_the_headline(lines: list[Line], kind: str) -> None:
    assert billing_type(Sheet("USD", tuple(lines))) == kind
