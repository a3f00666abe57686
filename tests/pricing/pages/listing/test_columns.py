"""The cells of a row: what they show of a model and its price, and that every text is escaped."""

import datetime as dt
import re
from collections.abc import Sequence
from decimal import Decimal
from html import escape
from typing import Any

import pytest
from django.utils import translation

from catalog.models import Vendor
from pricing.pages.listing.columns import COLUMNS, EXTRA, Entry, columns_of, row_of
from pricing.pages.listing.orders import ORDERS
from pricing.pages.listing.search import Card
from pricing.pages.price_tags import PriceTag
from pricing.pages.visitor import EXTRA_COLUMNS

VENDOR, MARK = "/?vendor=openai&lang=zh", '<img class="logo" src="/icon" alt="">'
HOSTILE = "<i>&\"'"
TAG = PriceTag("priced", input="$2.50", output="$10.00", comparable=Decimal("2.5"))


def card(**fields: Any) -> Card:
    values: dict[str, Any] = {
        "key": 1, "name": "gpt-4o", "title": "GPT-4o", "vendor": Vendor(slug="openai", name="OpenAI"), "aliases": (),
        "words": (("openai",), (), ("text", "image"), ("text",), (), ()), "context": 128_000, "released": None,
        "deprecated_on": None,
    }  # fmt: skip
    return Card(**values | fields)


def html_of(
    one: Card, *, tag: PriceTag = TAG, address: str = "/models/gpt-4o", extra: Sequence[str] = (), **fields: Any
) -> str:
    with translation.override("en"):
        return row_of(Entry(one, tag, address, VENDOR, MARK, **fields), extra).decode()


def test_a_row() -> None:
    assert html_of(card(), address="/models/gpt-4o?group=vip&lang=zh") == (
        '<tr><td class="pick"><input type="checkbox" name="m" value="gpt-4o" aria-label="Compare GPT-4o"></td>'
        '<th scope="row"><a href="/models/gpt-4o?group=vip&amp;lang=zh">GPT-4o</a>'
        '<small><a href="/?vendor=openai&amp;lang=zh"><img class="logo" src="/icon" alt=""> OpenAI</a> '
        '<code>gpt-4o</code><button type="button" class="copy" value="gpt-4o" aria-label="Copy gpt-4o">Copy</button>'
        "</small></th>"
        '<td class="context">128K</td>'
        '<td class="types">text, image → text</td><td class="price input">$2.50</td>'
        '<td class="price output">$10.00</td></tr>\n'
    )


def test_a_deprecated_model_is_marked() -> None:
    assert '<i class="old">deprecated</i>' in html_of(card(), is_deprecated=True)


@pytest.mark.parametrize("field", ["name", "title", "vendor", "words", "input", "output", "single", "fees"])
def test_every_text_is_escaped(field: str) -> None:
    if field in ("name", "title"):
        html = html_of(card(**{field: HOSTILE}))
    elif field == "vendor":
        html = html_of(card(vendor=Vendor(slug="x", name=HOSTILE)))
    elif field == "words":
        html = html_of(card(words=(("x",), (), (HOSTILE,), (HOSTILE,), (), ())))
    else:
        prices: dict[str, Any] = {field: (HOSTILE,) if field == "fees" else HOSTILE}
        html = html_of(card(), tag=PriceTag("priced", **prices))

    assert escape(HOSTILE) in html
    assert "<i>" not in html


def test_a_header_leads_to_an_order_that_exists() -> None:
    assert {column.sort for column in columns_of(EXTRA_COLUMNS) if column.sort} <= ORDERS.keys()
    assert len({column.name for column in COLUMNS}) == len(COLUMNS)


def test_added_columns_are_known_to_visitors() -> None:
    assert tuple(EXTRA) == EXTRA_COLUMNS


def test_the_cells_of_added_columns() -> None:
    known = card(max_output=16_384, released=dt.date(2024, 5, 13), knowledge="2023-10", open_weights=False)

    html = html_of(known, tag=PriceTag("priced", input="$2.50", cached="$1.25"), extra=EXTRA_COLUMNS)

    assert re.findall(r'<td class="extra" data-label="([^"]+)">([^<]+)</td>', html) == [
        ("Cached input", "$1.25"), ("Maximum output", "16K"), ("Released", "2024-05-13"),
        ("Knowledge cut-off", "2023-10"), ("Open weights", "no"),
    ]  # fmt: skip
    # Unknown is not no.
    assert html_of(card(), extra=EXTRA_COLUMNS).count(">–</td>") == len(EXTRA_COLUMNS)
