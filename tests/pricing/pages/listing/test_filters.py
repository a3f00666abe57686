"""GET /: the filters of the list work without scripts."""

import pytest
from django.test import Client

from tests import world
from tests.pricing.pages import shop

pytestmark = [pytest.mark.django_db, pytest.mark.sql]


def names(client: Client, query: str = "") -> list[str]:
    return shop.listed(shop.get(client, f"/{query}"))


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


def test_tags_and_types_of_billing_are_filters(client: Client) -> None:
    world.price(world.model("talker", tags=["Tools", "128K"]), input="1", output="2")
    world.line(world.price(world.model("painter", tags=["Tools"])), "output.image", "0.04", per=1, unit="image")
    world.line(world.price(world.model("caller")), "request", "0.7", per=1, unit="request")
    world.line(world.price(world.model("filmer")), "output.video", "0.1", per=1, unit="second")
    world.line(world.price(world.model("reader")), "ocr", "0.002", per=1, unit="page")
    world.model("unpriced")

    assert sorted(names(client, "?tag=Tools")) == ["painter", "talker"]
    assert names(client, "?tag=128K") == ["talker"]
    for kind, name in (
        ("tokens", "talker"), ("image", "painter"), ("call", "caller"), ("second", "filmer"), ("other", "reader")
    ):  # fmt: skip
        assert names(client, f"?billing={kind}") == [name]
    assert names(client, "?billing=tokens&tag=Tools") == ["talker"]
    assert names(client, "?billing=image&price=5") == []
    page = shop.get(client, "/?tag=Tools&lang=zh")
    assert '<option value="Tools" selected>Tools（2）</option>' in page
    assert '<option value="call">按次计费</option>' in page


def test_endpoints_are_called_by_their_labels(client: Client) -> None:
    world.model("a", supported_endpoint_types=["openai", "odd-one"])

    assert ">Chat completions (1)</option>" in shop.get(client, "/")
    assert ">对话补全（1）</option>" in shop.get(client, "/?lang=zh")
    # One that has no label has its name.
    assert '<option value="odd-one">odd-one (1)</option>' in shop.get(client, "/")


def test_limits_have_a_unit(client: Client) -> None:
    world.price(world.model(), input="1", output="2")

    text = shop.text_of(shop.get(client, "/"))
    assert "Context (tokens) Any length" in text
    assert "Input price (per million tokens) Any price" in text
    assert "Input price (per 1,000 tokens) Any price" in shop.text_of(shop.get(client, "/?per=1K"))
