"""The rows of the catalog page: all of them in a list that a browser can search, otherwise the first ones found."""

from decimal import Decimal
from html import escape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from pricing.pages.listing import cards
from pricing.pages.listing.rows import row_of
from pricing.pages.listing.search import Card
from pricing.pages.price_tags import PriceTag
from tests import world
from tests.pricing.pages import shop

HOSTILE = "<i>&\"'"


def card(**fields: Any) -> Card:
    values: dict[str, Any] = {
        "name": "gpt-4o", "title": "GPT-4o", "vendor": "OpenAI", "words": (("openai",), (), (), (), ()),
        "context": 128_000, "released": 9, "lifecycle": "active",
        "tag": PriceTag("priced", input="$2.50", output="$10.00", comparable=Decimal("2.5")),
    }  # fmt: skip
    return Card(**values | fields)


def html_of(one: Card, *, rank: int | None = None, choices: bytes = b"", is_hidden: bool = False) -> str:
    with translation.override("en"):
        return row_of(one, pages="/models/").html("@A", rank=rank, choices=choices, is_hidden=is_hidden).decode()


def test_a_row() -> None:
    assert html_of(card(), rank=0, choices=b"?group=vip&amp;lang=zh", is_hidden=True) == (
        '<tr hidden data-w="@A" data-n="9 128000 0 "><td><input type="checkbox" name="m" value="gpt-4o" '
        'aria-label="Compare GPT-4o"></td><th scope="row"><a href="/models/gpt-4o?group=vip&amp;lang=zh">GPT-4o</a>'
        "<small>OpenAI <code>gpt-4o</code></small></th><td>128K</td><td></td><td>$2.50</td><td>$10.00</td></tr>\n"
    )


@pytest.mark.parametrize("field", ["name", "title", "vendor", "input", "output", "single", "fees"])
def test_every_text_is_escaped(field: str) -> None:
    if field in ("name", "title", "vendor"):
        html = html_of(card(**{field: HOSTILE}))
    else:
        prices: dict[str, Any] = {field: (HOSTILE,) if field == "fees" else HOSTILE}
        html = html_of(card(tag=PriceTag("priced", **prices)))

    assert escape(HOSTILE) in html
    assert "<i>" not in html


@pytest.mark.parametrize("name", ["gpt-4o", "a/b:c@d", "a b+c", "ü/中文", "a%2F?b#c", "x'y\"<z>&", "(1)!$*;="])
def test_the_address_is_that_of_the_models_page(name: str) -> None:
    assert f'href="{escape(reverse("model-page", args=[name]))}"' in html_of(card(name=name))


@pytest.mark.django_db
def test_a_page_of_many_models_has_the_first_ones_found(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cards, "MOST_ROWS", 3)
    monkeypatch.setattr(cards, "FIRST_ROWS", 2)
    for name in ("a", "b", "c", "d"):
        world.price(world.model(f"model-{name}"), input="1", output="2")

    page = shop.get(client, "/?sort=name")
    assert shop.listed(page) == ["model-a", "model-b"]
    assert "4 models. Prices" in page
    assert "The first 2 are shown." in page
    found = shop.get(client, "/?q=model-d")
    assert shop.listed(found) == ["model-d"]
    assert "hidden data-w" not in found
    assert "are shown" not in found
    assert "仅显示前 2 个" in shop.get(client, "/?lang=zh")


@pytest.mark.django_db
def test_a_page_of_fewer_models_has_all_rows(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cards, "MOST_ROWS", 2)
    for name in ("a", "b"):
        world.price(world.model(f"model-{name}"), input="1", output="2")

    page = shop.get(client, "/?q=model-a")

    assert shop.listed(page) == ["model-a"]
    assert page.count("<tr hidden data-w") == 1
    assert "data-partial" not in page
