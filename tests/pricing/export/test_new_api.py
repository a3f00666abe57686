"""GET /api/pricing: one row a visible model, with numbers that are true or none."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from catalog.exact import read_json
from pricing.models import PopularModel
from tests import world

pytestmark = pytest.mark.django_db


def prices(client: Client, **headers: str) -> Any:
    """The price list with rows of all models."""
    answer = client.get("/api/pricing?unpriced=rows", headers=headers)
    assert answer.status_code == 200, answer.content
    return read_json(answer.content)


def row(client: Client, name: str) -> Any:
    return next(row for row in prices(client)["data"] if row["model_name"] == name)


def test_the_top_level_is_the_one_that_clients_know(client: Client) -> None:
    model = world.model("gpt-4o", vendor=world.vendor("openai", name="OpenAI", icon="OpenAI"))
    PopularModel.objects.create(model=model)

    body = prices(client)

    assert list(body) == [
        "success", "data", "unpriced_models", "popular_models", "supported_endpoint", "vendors",
        "group_ratio", "usable_group", "auto_groups", "pricing_version",
    ]  # fmt: skip
    assert body["success"] is True
    assert body["popular_models"] == ["gpt-4o"]
    assert body["supported_endpoint"] == {"openai": {"path": "/v1/chat/completions", "method": "POST"}}
    assert body["vendors"] == [{"id": model.vendor.pk, "name": "OpenAI", "icon": "OpenAI"}]
    assert body["group_ratio"] == {"default": 1}
    assert body["usable_group"] == {"default": "Default"}
    assert body["auto_groups"] == ["default"]
    assert len(body["pricing_version"]) == 32


def test_a_token_price_becomes_ratios(client: Client) -> None:
    model = world.model("gpt-4o", series="gpt-4o", released_on=dt.date(2024, 5, 13))
    world.price(model, input="2.5", output="10", input__cache_read="1.25")

    assert row(client, "gpt-4o") == {
        "model_name": "gpt-4o",
        "series": "gpt-4o",
        "release_date": "2024-05-13",
        "vendor_id": model.vendor.pk,
        "owner_by": "openai",
        "pricing_status": "priced",
        "quota_type": 0,
        "model_ratio": Decimal("1.25"),
        "model_price": 0,
        "completion_ratio": 4,
        "cache_ratio": Decimal("0.5"),
        "discount": 1,
        "enable_groups": ["default"],
        "supported_endpoint_types": ["openai"],
        "public_endpoint_types": ["openai"],
    }


def test_an_unpriced_model_is_listed_without_a_number(client: Client) -> None:
    world.model("mystery")

    exported = row(client, "mystery")

    assert exported["pricing_status"] == "unpriced"
    assert not {"quota_type", "model_ratio", "model_price", "completion_ratio", "discount"} & set(exported)


def test_a_free_model_says_so(client: Client) -> None:
    world.price(world.model("gift"), input="0", output="0")

    assert row(client, "gift")["pricing_status"] == "free"


def test_a_price_that_no_ratio_can_express_has_figures_and_a_headline(client: Client) -> None:
    sheet = world.price(world.model("painter"))
    world.line(sheet, "output.image", "0.00000004", per=1, unit="pixel")

    exported = row(client, "painter")

    assert (exported["quota_type"], exported["model_ratio"], exported["model_price"]) == (1, 0, Decimal("4E-8"))
    assert (exported["billing_mode"], exported["display_unit"]) == ("per_pixel", "/pixel")
    assert exported["prices"] == [
        {"meter": "output.image", "amount": Decimal("4E-8"), "per": 1, "unit": "pixel", "currency": "USD"}
    ]


def test_another_currency_is_never_shown_as_dollars(client: Client) -> None:
    world.price(world.model("doubao"), currency="CNY", input="10", output="20")

    exported = row(client, "doubao")

    assert "model_ratio" not in exported
    assert {figure["currency"] for figure in exported["prices"]} == {"CNY"}


def test_the_sell_price_replaces_the_list_price(client: Client) -> None:
    model = world.model("gpt-4o")
    world.price(model, role="sell", input="3", output="12")
    world.price(model, role="list", input="2.5", output="10")

    assert row(client, "gpt-4o")["model_ratio"] == Decimal("1.5")


def test_an_announced_price_takes_effect_at_its_time(client: Client, time_machine: Any) -> None:
    model = world.model("gpt-4o")
    world.price(model, input="2.5", output="10")
    world.price(model, input="2", output="8", starts_at=dt.datetime(2026, 12, 1, tzinfo=dt.UTC))

    time_machine.move_to(dt.datetime(2026, 11, 30, 23, 59, 59, tzinfo=dt.UTC))
    before = row(client, "gpt-4o")["model_ratio"]
    time_machine.move_to(dt.datetime(2026, 12, 1, tzinfo=dt.UTC))
    after = row(client, "gpt-4o")["model_ratio"]

    assert (before, after) == (Decimal("1.25"), 1)


def test_popular_models_come_first_then_vendors_by_name(client: Client) -> None:
    world.model("z-chat", vendor=world.vendor("zhipu"))
    world.model("a-chat", vendor=world.vendor("anthropic"))
    favourite = world.model("b-chat", vendor=world.vendor("zhipu"))
    PopularModel.objects.create(model=favourite)

    assert [row["model_name"] for row in prices(client)["data"]] == ["b-chat", "a-chat", "z-chat"]


def test_a_hidden_group_is_not_named_to_visitors(client: Client) -> None:
    secret = world.token_group("inner-circle", is_public=False)
    world.rate(secret, "0.5")
    model = world.model("gpt-4o")
    model.offers.get().channel.groups.add(secret)

    assert b"inner-circle" not in client.get("/api/pricing").content
    with_key = prices(client, authorization=f"Bearer {world.key('inner-circle')}")
    assert with_key["group_ratio"] == {"inner-circle": Decimal("0.5")}


def test_an_unknown_key_is_a_visitor(client: Client) -> None:
    world.model("gpt-4o")

    assert len(prices(client, authorization="Bearer sk-of-another-service")["data"]) == 1


def test_the_same_prices_are_the_same_bytes_and_304(client: Client) -> None:
    world.price(world.model("gpt-4o"), input="2.5", output="10")

    first = client.get("/api/pricing")
    second = client.get("/api/pricing", headers={"if-none-match": first["etag"]})

    assert first["cache-control"].startswith("public, max-age=60")
    assert second.status_code == 304
    assert second.content == b""
