"""A model whose price is unknown has no price in its history, in the list of changes or in the feed."""

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from tests import world
from tests.cases.importing import rows
from tests.pricing.pages import shop

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("lines", [["input"], ["x.acme.song"], ["input", "x.acme.song"]], ids="-".join)
def test_a_model_without_a_price_has_no_history_of_single_figures(client: Client, lines: list[str]) -> None:
    # A model whose only price is 0, beside an unknown output or an unknown figure, has an unknown price.
    model = world.model("no-price")
    sheet = world.price(model)
    for meter in lines:
        amount = "0.25" if meter.startswith("x.") else "0"
        world.line(sheet, meter, amount)

    page = shop.text_of(shop.get(client, "/models/no-price"))
    assert rows()["no-price"]["pricing_status"] == "unpriced"
    assert "no price yet" in page
    assert "Price history" not in page
    assert client.get("/api/pricing/history/no-price").json()["data"]["history"] == []
    assert client.get("/api/pricing/changes?kind=price").json()["data"] == []
    assert "no-price" not in client.get("/api/pricing/changes.atom?kind=price").content.decode()


def test_a_price_that_becomes_unknown_ends_in_the_history(client: Client) -> None:
    model = world.model("ended")
    world.price(model, input="1", output="2", starts_at=timezone.now() - dt.timedelta(days=9))
    sheet = world.price(model, starts_at=timezone.now() - dt.timedelta(days=2))
    world.line(sheet, "input", "0")

    history = client.get("/api/pricing/history/ended").json()["data"]["history"]
    assert [(step["pricing_status"], "prices" in step) for step in history] == [("priced", True), ("unpriced", False)]
    (change,) = client.get("/api/pricing/changes?kind=price").json()["data"][:1]
    assert change["after"] == {"pricing_status": "unpriced"}
    page = shop.text_of(shop.get(client, "/models/ended"))
    assert "→ $0.00" not in page
    assert "no price yet" in page
