"""A page shows the id of a model once where its title is the same text, and the aliases with which it can be called."""

import datetime as dt
import re

import pytest
import time_machine
from django.test import Client

from catalog.models import ModelAlias
from pricing.pages.formatting import heading
from tests import world
from tests.pricing.pages import shop

pytestmark = pytest.mark.django_db

NOON = dt.datetime(2026, 6, 15, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("name", "title", "text"),
    [
        ("gpt-5", "GPT-5", "gpt-5"),
        ("gpt-5", "gpt-5", "gpt-5"),
        ("gpt-5", "GPT 5", "GPT 5"),
        ("o/GLM-5", "o/glm-5", "o/GLM-5"),
    ],
)
def test_a_title_in_another_case_is_the_id(name: str, title: str, text: str) -> None:
    assert heading(name, title) == text


@pytest.mark.parametrize(("title", "shown"), [("GPT-5", "gpt-5"), ("GPT 5 Pro", "GPT 5 Pro gpt-5"), ("", "gpt-5")])
def test_the_id_is_not_shown_twice(client: Client, title: str, shown: str) -> None:
    world.model("gpt-5", display_name=title, vendor=world.vendor("acme", name="Acme"))

    of_list = shop.row(shop.get(client, "/"), "gpt-5").partition(" Copy")[0]
    # The vendor has its first letter as its icon.
    assert of_list.replace(" A Acme", "") == shown
    comparison = shop.get(client, "/compare?m=gpt-5")
    assert shop.text_of(comparison.split("<thead>")[1].split("</thead>")[0]).removeprefix("A ") == shown
    page = shop.get(client, "/models/gpt-5")
    top = shop.text_of(page.split("<h1>")[1].split("</p>")[0])
    assert top.removeprefix("A ") == f"{shown} Copy"
    # What the button copies is the id.
    assert re.search(r'id="id">gpt-5<', page)


def test_a_page_has_the_aliases_of_its_model(client: Client) -> None:
    model = world.model("gpt-5", retires_on=dt.date(2026, 6, 20))
    for name, is_listed in (("newest", False), ("gpt-latest", True)):
        ModelAlias.objects.create(name=name, model=model, listed=is_listed)
    ModelAlias.objects.create(name="of-another", model=world.model("gpt-4"))
    ModelAlias.objects.create(name="of-a-hidden-one", model=world.model("x", on=world.channel("in", group="staff")))

    with time_machine.travel(NOON):
        page = shop.get(client, "/models/gpt-5")
        assert "Aliases gpt-latest newest" in shop.text_of(page)
        assert "of-another" not in page
        assert "of-a-hidden-one" not in page
        assert "别名 gpt-latest newest" in shop.text_of(shop.get(client, "/models/newest?lang=zh"))
    with time_machine.travel(NOON + dt.timedelta(days=30)):
        assert "gpt-latest" not in shop.get(client, "/models/gpt-5")
