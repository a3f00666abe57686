"""Prices of images or audio beside a price of tokens on the other side are indicated wherever a list has two prices."""

import pytest
from django.test import Client

from catalog.prices import MILLION
from tests import world
from tests.pricing.pages import shop

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("side", "meter", "unit", "per", "words"),
    [
        ("input", "output.image", "token", MILLION, "$5 in, output.image $30.00 per million tokens"),
        ("input", "output.audio", "token", MILLION, "$5 in, output.audio $30.00 per million tokens"),
        ("input", "output.video", "second", 1, "$5 in, output.video $30.00 per second"),
        ("output", "input.audio", "token", MILLION, "$5 out, input.audio $30.00 per million tokens"),
        ("output", "input.audio", "minute", 1, "$5 out, input.audio $30.00 per minute"),
    ],
)
def test_a_side_with_only_media_prices_is_indicated(
    client: Client, side: str, meter: str, unit: str, per: int, words: str
) -> None:
    # A model that returns only media has no unknown price of text.
    media = meter.partition(".")[2]
    sheet = world.price(world.model("media-1", output_modalities=[media] if side == "input" else ["text"]))
    world.line(sheet, side, "5")
    world.line(sheet, meter, "30", unit=unit, per=per)

    row = shop.row(shop.get(client, "/"), "media-1")
    assert "*" in row, row
    assert f"{words}\n" in client.get("/llms.txt").content.decode()


def test_a_side_with_a_price_of_its_own_needs_no_star(client: Client) -> None:
    sheet = world.price(world.model("media-1"), input="5", output="10")
    world.line(sheet, "output.image", "30")

    assert "*" not in shop.row(shop.get(client, "/"), "media-1")
    assert "$5 in, $10 out\n" in client.get("/llms.txt").content.decode()


def test_a_price_of_media_alone_is_stated_once(client: Client) -> None:
    world.line(world.price(world.model("media-1", output_modalities=["image"])), "output.image", "30")

    assert client.get("/llms.txt").content.decode().count("$30.00") == 1
