"""Each gate separately: the list, the single model and the price list agree on what a key can see."""

import datetime as dt
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from catalog.models import AIModel, Channel, Offer
from tests import world
from tokens.models import TokenGroup

pytestmark = [pytest.mark.django_db, pytest.mark.sql]


def seen(client: Client, key: str) -> list[str]:
    """What the key sees, after asking everywhere."""
    headers = {"authorization": f"Bearer {key}"}
    listed = [row["id"] for row in client.get("/v1/models", headers=headers).json()["data"]]
    priced = [row["model_name"] for row in client.get("/api/pricing?unpriced=rows", headers=headers).json()["data"]]
    single = [
        name
        for name in AIModel.objects.values_list("name", flat=True)
        if client.get(f"/v1/models/{quote(name)}", headers=headers).status_code == 200
    ]
    assert sorted(listed) == sorted(priced) == sorted(single)
    return sorted(listed)


def test_a_draft_is_hidden(client: Client) -> None:
    world.model("live")
    world.model("draft", status=AIModel.Status.DRAFT)

    assert seen(client, world.key()) == ["live"]


def test_a_model_without_an_offer_is_hidden(client: Client) -> None:
    world.model("nowhere", on=None)

    assert seen(client, world.key()) == []


def test_a_disabled_offer_hides(client: Client) -> None:
    Offer.objects.filter(model=world.model("off")).update(enabled=False)

    assert seen(client, world.key()) == []


def test_a_disabled_channel_hides_and_another_one_still_serves(client: Client) -> None:
    model = world.model("both", on="east")
    Offer.objects.create(model=model, channel=world.channel("west"))
    world.model("only-east", on="east")
    Channel.objects.filter(slug="east").set_enabled(False)

    assert seen(client, world.key()) == ["both"]


def test_a_channel_outside_the_group_hides(client: Client) -> None:
    world.model("inside", on="main")
    world.model("outside", on=world.channel("other", group="vip"))

    assert seen(client, world.key()) == ["inside"]
    assert seen(client, world.key("vip")) == ["outside"]


def test_two_groups_see_the_union_each_model_once(client: Client) -> None:
    shared = world.model("shared", on=world.channel("a", group="a"))
    Offer.objects.create(model=shared, channel=world.channel("b", group="b"))
    world.model("of-b", on="b")
    TokenGroup.objects.get(slug="a").channels.add(world.channel("b", group="b"))

    assert seen(client, world.key("a", "b")) == ["of-b", "shared"]


def test_a_key_without_a_group_sees_nothing(client: Client) -> None:
    world.model()
    token, key = world.token()
    token.groups.clear()

    assert seen(client, key) == []


@pytest.mark.parametrize(
    ("allow", "deny", "expected"),
    [
        (None, [], ["claude", "gpt-4o", "gpt-4o-mini"]),
        ([], [], []),
        (["gpt-4o"], [], ["gpt-4o"]),
        (["gpt-*"], [], ["gpt-4o", "gpt-4o-mini"]),
        (["*"], ["gpt-4o"], ["claude", "gpt-4o-mini"]),
        (None, ["*mini"], ["claude", "gpt-4o"]),
        (["gpt-4o"], ["gpt-*"], []),
        (["GPT-4O"], [], []),
        (["gpt", "4o", "pt-4o*"], [], []),
        (["gpt-4o", "unknown"], [], ["gpt-4o"]),
    ],
)
def test_allow_and_deny(client: Client, allow: Any, deny: list[str], expected: list[str]) -> None:
    for name in ("gpt-4o", "gpt-4o-mini", "claude"):
        world.model(name)

    assert seen(client, world.key(allow=allow, deny=deny)) == expected


def test_a_star_covers_a_model_added_later(client: Client) -> None:
    key = world.key(allow=["gpt-*"])
    assert seen(client, key) == []

    world.model("gpt-6-new")

    assert seen(client, key) == ["gpt-6-new"]


@pytest.mark.parametrize("pattern", ["gpt.4", "gpt[-]4", "gpt-4|x", "^gpt-4$", "gpt-4?", "(gpt-4)", "gpt-+4", "\\w+"])
def test_only_the_star_is_special(client: Client, pattern: str) -> None:
    world.model("gpt-4")
    world.model(pattern)

    assert seen(client, world.key(allow=[pattern])) == [pattern]


def test_a_retired_model_leaves_every_list_on_its_day(client: Client, time_machine: Any) -> None:
    world.model("going", retires_on=dt.date(2026, 12, 1))
    key = world.key()

    lists = []
    for moment in (dt.datetime(2026, 11, 30, 23, 59, 59, tzinfo=dt.UTC), dt.datetime(2026, 12, 1, tzinfo=dt.UTC)):
        time_machine.move_to(moment, tick=False)
        lists.append(seen(client, key))

    assert lists == [["going"], []]


def test_visitors_see_the_public_groups_prices_only(client: Client) -> None:
    world.model("public")
    world.model("secret", on=world.channel("vip", group="vip"))

    rows = client.get("/api/pricing?unpriced=rows").json()["data"]

    assert [row["model_name"] for row in rows] == ["public"]
