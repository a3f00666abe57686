"""GET /: a model's row shows its price in every state."""

from decimal import Decimal

import pytest
from django.test import Client

from catalog.exact import read_json
from tests import world
from tests.pricing.pages import shop

pytestmark = [pytest.mark.django_db, pytest.mark.sql]


def names(client: Client, query: str = "") -> list[str]:
    return shop.listed(shop.get(client, f"/{query}"))


def models_with_fees() -> None:
    """Tokens at 0 beside a fee, in a model for each kind of fee, and a model that is free."""
    for name, meter, amount, unit in (
        ("rerank-1", "request", "0.001", "query"),
        ("search-chat-1", "request", "0.005", "request"),
        ("song-1", "output.image", "0.08", "image"),
        ("reader-1", "ocr", "0.002", "page"),
    ):
        world.line(world.price(world.model(name), input="0", output="0"), meter, amount, per=1, unit=unit)
    world.price(world.model("output-1"), input="0", output="2")
    world.price(world.model("token-1"), input="1", output="1")
    world.price(world.model("free-1"), input="0", output="0")


def test_each_state_of_a_price_has_its_words(client: Client) -> None:
    world.price(world.model("priced"), input="2.5", output="10")
    world.price(world.model("gratis"), input="0", output="0")
    world.model("unpriced")
    world.line(world.price(world.model("dynamic")), "", None, kind="dynamic")
    world.line(world.price(world.model("included")), "", None, kind="included")
    world.line(world.price(world.model("call")), "request", "0.05", per=1, unit="request")
    shop.image_rules("picture")
    shop.tiered("tiers")

    page = shop.get(client, "/")

    assert shop.row(page, "priced").endswith("$2.50 $10.00")
    assert shop.row(page, "gratis").endswith("free")
    assert shop.row(page, "unpriced").endswith("no price yet")
    assert shop.row(page, "dynamic").endswith("depends on the request")
    assert shop.row(page, "included").endswith("included in a plan")
    assert shop.row(page, "call").endswith("$0.05 per request")
    assert shop.row(page, "picture").endswith("e.g. $0.04 per image")
    assert shop.row(page, "tiers").endswith("$1.25 * $10.00")


def test_free_tokens_beside_a_fee_are_not_free(client: Client) -> None:
    models_with_fees()

    page = shop.get(client, "/?sort=price")

    assert shop.row(page, "rerank-1").endswith("$0.001 per query")
    assert shop.row(page, "search-chat-1").endswith("$0.005 per request")
    assert shop.row(page, "song-1").endswith("$0.08 per image")
    assert shop.row(page, "reader-1").endswith("$0.002 per page")
    assert shop.listed(page)[:3] == ["free-1", "token-1", "output-1"]
    assert names(client, "?price=0") == ["free-1"]
    rows = read_json(client.get("/api/pricing").content)["data"]
    assert [row["model_name"] for row in rows if row["pricing_status"] == "free"] == ["free-1"]
    prices = {row["model_name"]: row.get("model_price") for row in rows}
    assert prices["rerank-1"] == Decimal("0.001")
    assert prices["search-chat-1"] == Decimal("0.005")
    assert prices["song-1"] == Decimal("0.08")
    assert "$0.001 per query" in shop.text_of(shop.get(client, "/models/rerank-1"))
    assert "per query $0.001" in shop.text_of(shop.get(client, "/compare?m=rerank-1&m=token-1"))


def test_a_star_is_explained_above_the_rows(client: Client) -> None:
    world.price(world.model("plain"), input="1")
    assert "Conditions or additional fees apply" not in shop.get(client, "/")

    shop.tiered()

    page = shop.get(client, "/")
    assert page.index("* Conditions or additional fees apply") < page.index("<table")


def test_a_fee_per_request_beside_the_tokens_is_shown(client: Client) -> None:
    sheet = world.price(world.model("with-fee"), input="1", output="2")
    world.line(sheet, "request", "0.01", per=1, unit="request")

    page = shop.get(client, "/")

    assert shop.row(page, "with-fee").endswith("$1.00 * $2.00 + $0.01 per request")
    assert "* Conditions or additional fees apply" in page


def test_the_label_of_each_checkbox_names_its_model(client: Client) -> None:
    world.model("gpt-4o", display_name="GPT-4o")

    assert 'value="gpt-4o" aria-label="Compare gpt-4o"' in shop.get(client, "/")
