"""Prices as data of schema.org: exactly as published, never 0 for an unknown one, and safe inside of HTML."""

import json
import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from tests import world
from tests.pricing.pages import shop

pytestmark = pytest.mark.django_db


def data(client: Client, path: str) -> dict[str, Any]:
    """The type of each object in the page -> the object."""
    page = shop.get(client, path)
    texts = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert page.count("ld+json") == len(texts)
    things = [json.loads(text) for text in texts]
    return {thing["@type"]: thing for thing in things}


def offers(client: Client, name: str) -> list[dict[str, Any]]:
    listed = data(client, f"/models/{name}")["Product"].get("offers", [])
    assert isinstance(listed, list)
    return listed


def test_a_model_is_a_product_with_a_price_for_a_million_tokens(client: Client) -> None:
    model = world.model("gpt-4o", display_name="GPT-4o")
    world.price(model, input="2.5", output="10", input__cache_read="0.123456789012345")

    product = data(client, "/models/gpt-4o")["Product"]

    address = "http://testserver/models/gpt-4o?lang=en"
    assert (product["@context"], product["name"], product["sku"]) == ("https://schema.org", "GPT-4o", "gpt-4o")
    assert product["brand"] == {"@type": "Brand", "name": "Openai"}
    assert (product["url"], product["image"]) == (address, "http://testserver/images/models/gpt-4o.png")
    assert product["offers"][0] == {
        "@type": "Offer",
        "name": "Input",
        "price": "2.5",
        "priceCurrency": "USD",
        "priceSpecification": {
            "@type": "UnitPriceSpecification",
            "price": "2.5",
            "priceCurrency": "USD",
            "unitText": "token",
            "referenceQuantity": {"@type": "QuantitativeValue", "value": 1_000_000, "unitText": "token"},
        },
        "availability": "https://schema.org/InStock",
        "url": address,
    }
    # Every digit, as published.
    assert {offer["name"]: offer["price"] for offer in product["offers"]} == {
        "Input": "2.5", "Output": "10", "Cached input": "0.123456789012345",
    }  # fmt: skip


def test_an_unknown_price_is_no_offer(client: Client) -> None:
    world.model("unpriced")
    dynamic = world.price(world.model("dynamic"))
    world.line(dynamic, "", None, kind="dynamic", unit="")

    assert offers(client, "unpriced") == offers(client, "dynamic") == []


def test_free_costs_0_and_nothing_else_does(client: Client) -> None:
    world.price(world.model("free"), input="0", output="0")
    shop.image_rules("pictures")
    batch = world.price(world.model("paid-in-batches"), input="0", output="0")
    world.line(batch, "input", "1", conditions=shop.BATCH)

    assert [offer["price"] for offer in offers(client, "free")] == ["0"]
    assert "priceSpecification" not in offers(client, "free")[0]
    assert [(offer["price"], offer["priceSpecification"]["unitText"]) for offer in offers(client, "pictures")] == [
        ("0.04", "image")
    ]
    assert [offer["price"] for offer in offers(client, "paid-in-batches")] == ["1"]


def test_a_half_of_a_price_is_not_completed(client: Client) -> None:
    world.price(world.model("half"), input="2.5")

    assert [(offer["name"], offer["price"]) for offer in offers(client, "half")] == [("Input", "2.5")]


def test_the_currency_is_that_of_the_price_whatever_the_visitor_chooses(client: Client) -> None:
    sheet = world.price(world.model("qwen"), input="2.4", output="9.6")
    type(sheet).objects.filter(pk=sheet.pk).update(currency="CNY")

    for query in ("", "?currency=USD&per=1K"):
        product = data(client, f"/models/qwen{query}")["Product"]
        assert {(offer["price"], offer["priceCurrency"]) for offer in product["offers"]} == {
            ("2.4", "CNY"), ("9.6", "CNY"),
        }  # fmt: skip


def test_prices_of_hidden_groups_are_in_no_data(client: Client) -> None:
    sheet = world.price(world.model("gpt-4o"), input="2.5")
    world.line(sheet, "input", "77", conditions=[{"dim": "group", "op": "eq", "value": "vip"}])
    world.rate(world.token_group("vip"), Decimal("0.5"))

    assert "77" not in json.dumps(data(client, "/models/gpt-4o")["Product"]["offers"])


def test_a_retired_model_is_discontinued(client: Client) -> None:
    model = world.model("old", retires_on="2026-01-02")
    world.price(model, input="2.5")

    assert [(offer["availability"], "price" in offer) for offer in offers(client, "old")] == [
        ("https://schema.org/Discontinued", False)
    ]


def test_texts_cannot_end_the_element(client: Client) -> None:
    world.model("evil", display_name="</script><script>alert(1)</script><!--", description="a & b \u2028 ]]>")

    product = data(client, "/models/evil")["Product"]

    assert product["name"] == "</script><script>alert(1)</script><!--"
    assert "<script>alert" not in shop.get(client, "/models/evil")


def test_the_list_is_a_list_of_items(client: Client) -> None:
    for number in range(15):
        world.model(f"m-{number:02}", display_name=f"M {number}")

    things = data(client, "/?lang=zh")

    items = things["ItemList"]["itemListElement"]
    assert (things["ItemList"]["numberOfItems"], len(items)) == (15, 10)
    assert items[0] == {
        "@type": "ListItem", "position": 1, "name": "M 0", "url": "http://testserver/models/m-00?lang=zh",
    }  # fmt: skip
    template = things["WebSite"]["potentialAction"]["target"]["urlTemplate"]
    assert template == "http://testserver/?q={search_term_string}"


def test_the_way_to_a_model_leads_through_its_vendor(client: Client) -> None:
    world.model("gpt-4o")

    steps = data(client, "/models/gpt-4o")["BreadcrumbList"]["itemListElement"]

    assert [step["item"] for step in steps] == [
        "http://testserver/?lang=en",
        "http://testserver/?vendor=openai&lang=en",
        "http://testserver/models/gpt-4o?lang=en",
    ]
