"""Models are added to the comparison by search, and the first ones stay."""

import re

import pytest
from django.test import Client

from tests import world
from tests.pricing.pages import shop

pytestmark = pytest.mark.django_db


def found(html: str) -> list[str]:
    """The addresses of the models that were found."""
    return re.findall(r'href="([^"]+)"', html.split('id="found"')[1].split("</div>")[0])


def test_a_search_finds_models_to_add_behind_the_others(client: Client) -> None:
    world.model("first")
    world.model("second-chat")
    world.model("third-chat")
    world.model("secret-chat", status="draft")

    html = shop.get(client, "/compare?m=first&m=second-chat&q=chat&lang=en")

    assert found(html) == ["/compare?m=first&amp;m=second-chat&amp;m=third-chat&amp;lang=en"]
    assert [html.index(f'name="m" value="{name}"') for name in ("first", "second-chat")]
    assert "secret" not in html


def test_the_models_stay_in_the_order_in_which_they_were_added(client: Client) -> None:
    for name in ("a", "b", "c"):
        world.model(name)

    html = shop.get(client, "/compare?m=c&m=a&m=b")

    assert re.findall(r"<th scope=.col.>.*?href=./models/(\w)", html) == ["c", "a", "b"]


def test_the_search_says_when_it_finds_nothing(client: Client) -> None:
    world.model("first")

    assert "No models match." in shop.get(client, "/compare?m=first&q=nonsense")
    assert "No models match." not in shop.get(client, "/compare?m=first")


def test_six_models_leave_no_room(client: Client) -> None:
    names = [f"model-{number}" for number in range(7)]
    for name in names:
        world.model(name)

    html = shop.get(client, "/compare?" + "&".join(f"m={name}" for name in names[:6]) + "&q=model")

    assert "At most 6 models are compared." in html
    assert 'id="add"' not in html
