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
