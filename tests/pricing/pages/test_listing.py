"""GET /: the list of models for visitors, its filters and orders, without scripts."""

import datetime as dt
from decimal import Decimal

import pytest
from django.test import Client

from catalog.exact import read_json
from pricing.models import PopularModel
from tests import world
from tests.pricing.pages import shop

pytestmark = [pytest.mark.django_db, pytest.mark.sql]


def names(client: Client, query: str = "") -> list[str]:
    return shop.listed(shop.get(client, f"/{query}"))


def test_a_visitor_sees_only_public_models(client: Client) -> None:
    world.model("open")
    world.model("draft", status="draft")
    world.model("hidden", on=world.channel("inner", group="staff"))
    world.model("retired", retires_on=dt.date(2026, 1, 1))

    assert names(client) == ["open"]


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


def models_with_fees() -> None:
    """Tokens at 0 beside a fee, in a model for each kind of fee, and a model that is free."""
    for name, meter, amount, unit in (
        ("rerank-1", "x.litellm.input_cost_per_query", "0.001", "query"),
        ("search-chat-1", "request", "0.005", "request"),
        ("song-1", "output.image", "0.08", "image"),
        ("reader-1", "ocr", "0.002", "page"),
    ):
        world.line(world.price(world.model(name), input="0", output="0"), meter, amount, per=1, unit=unit)
    world.price(world.model("output-1"), input="0", output="2")
    world.price(world.model("token-1"), input="1", output="1")
    world.price(world.model("free-1"), input="0", output="0")


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


def test_popular_models_come_first_then_the_newest(client: Client) -> None:
    world.model("old", released_on=dt.date(2025, 1, 1))
    world.model("new", released_on=dt.date(2026, 1, 1))
    world.model("undated")
    PopularModel.objects.create(model=world.model("loved", released_on=dt.date(2024, 1, 1)))

    assert names(client) == ["loved", "new", "old", "undated"]
    assert names(client, "?sort=newest") == ["new", "old", "loved", "undated"]


def test_every_filter_narrows_the_list(client: Client) -> None:
    world.price(
        world.model(
            "eye-1", display_name="Eye One", vendor=world.vendor("acme", name="Acme"), context_length=200_000,
            input_modalities=["text", "image"], output_modalities=["text"], capabilities=["vision"],
            supported_endpoint_types=["anthropic"],
        ),
        input="0.5",
    )  # fmt: skip
    world.price(world.model("ear-1", context_length=8192, input_modalities=["audio"]), input="5")
    world.model("silent")

    for query in (
        "?q=EYE", "?q=acme+one", "?vendor=acme", "?endpoint=anthropic", "?input=image", "?output=text",
        "?capability=vision", "?context=128000", "?price=1", "?q=eye&vendor=acme&price=0.5",
    ):  # fmt: skip
        assert names(client, query) == ["eye-1"], query
    assert names(client, "?input=image&price=0.4") == []
    assert names(client, "?vendor=nobody") == []
    assert len(names(client, "?context=much&price=-1&sort=chaos&q=")) == 3


def test_orders_by_price_context_and_name(client: Client) -> None:
    world.price(world.model("b-dear", context_length=10), input="9")
    world.price(world.model("c-cheap", context_length=30), input="0.000000083")
    world.model("a-unpriced", context_length=20)

    assert names(client, "?sort=price") == ["c-cheap", "b-dear", "a-unpriced"]
    assert names(client, "?sort=context") == ["c-cheap", "a-unpriced", "b-dear"]
    assert names(client, "?sort=name") == ["a-unpriced", "b-dear", "c-cheap"]


def test_prices_are_those_of_the_group_that_the_visitor_chose(client: Client) -> None:
    model = world.model("gpt-4o")
    world.price(model, input="2.5", output="10")
    world.rate(world.token_group("default"), "1.2")
    world.rate(world.token_group("partner", is_public=True), "0.8")
    world.channel(group="partner")
    world.channel(group="secret")
    world.rate(world.token_group("secret"), "0.1")

    assert shop.row(shop.get(client, "/"), "gpt-4o").endswith("$3.00 $12.00")
    page = shop.get(client, "/?group=partner")
    assert shop.row(page, "gpt-4o").endswith("$2.00 $8.00")
    assert 'href="/models/gpt-4o?group=partner"' in page
    assert "secret" not in page.casefold()
    assert shop.row(shop.get(client, "/?group=secret"), "gpt-4o").endswith("$3.00 $12.00")


def test_a_star_is_explained_above_the_rows(client: Client) -> None:
    world.price(world.model("plain"), input="1")
    assert "Conditions apply" not in shop.get(client, "/")

    shop.tiered()

    page = shop.get(client, "/")
    assert page.index("* Conditions apply") < page.index("<table")


def test_the_label_of_each_checkbox_names_its_model(client: Client) -> None:
    world.model("gpt-4o", display_name="GPT-4o")

    assert 'value="gpt-4o" aria-label="Compare GPT-4o"' in shop.get(client, "/")


def test_an_empty_list_says_so(client: Client) -> None:
    assert "There are no models here yet." in shop.get(client, "/")

    world.model("gpt-4o")

    assert "No models match." in shop.text_of(shop.get(client, "/?q=zzz"))
