"""Pages of filtered and sorted lists, and what is stored of them."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.test import Client

from catalog.models import AIModel, Channel, Offer
from pricing.models import PopularModel, PriceSheet, UsageCount
from tests import world
from tokens.http.bodies import BODIES, VISITOR_BODIES
from tokens.models import Token

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

NOW = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)
NAMES = [f"m{number}" for number in range(7)]


def ids(body: Any) -> list[str]:
    rows = body["data"] if "data" in body else body["models"]
    return [row.get("id") or row.get("baseModelId") or row["model_name"] for row in rows]


def test_a_scheduled_price_list_is_filtered_by_its_own_prices(client: Client) -> None:
    world.price(model := world.model("m"), input="5", output="9")
    world.price(model, input="1", output="9", starts_at=NOW + SECOND)

    with time_machine.travel(NOW, tick=False):
        lists = [client.get(f"/api/pricing?max_price=1{more}").json() for more in ("", "&as_of=2026-12-01")]

    assert [ids(body) for body in lists] == [[], ["m"]]


@pytest.mark.parametrize("moment", ["2026-11-20", "2027-12-05"])
def test_a_price_list_of_another_moment_is_sorted_by_what_is_popular_today(client: Client, moment: str) -> None:
    for name, requests in (("a", 1), ("b", 5)):
        world.price(model := world.model(name), input="1", output="1")
        day = NOW.date() - dt.timedelta(days=1)
        UsageCount.objects.create(model=model, name=name, day=day, reporter="r", requests=requests)

    with time_machine.travel(NOW, tick=False):
        lists = [client.get(f"/api/pricing?sort=popular{more}").json() for more in (f"&as_of={moment}", "")]

    assert [ids(body) for body in lists] == [body["popular_models"] for body in lists] == [["b", "a"]] * 2


def test_each_group_pays_its_own_price(client: Client) -> None:
    model = world.model("m")
    world.price(model, input="4", output="9")
    world.channel("vip", group="vip")
    Offer.objects.create(model=model, channel=Channel.objects.get(slug="vip"))
    world.rate(world.token_group("vip"), "0.5")
    keys = world.key("default"), world.key("vip")

    seen = [
        ids(client.get(f"{path}?max_price=2&unpriced=rows", headers={"authorization": f"Bearer {key}"}).json())
        for path in ("/v1/models", "/api/pricing")
        for key in keys
    ]

    assert seen == [[], ["m"], [], ["m"]]


HIDING: dict[str, Callable[[AIModel], object]] = {
    "draft": lambda model: AIModel.objects.filter(pk=model.pk).set_status("draft"),
    "retired": lambda model: AIModel.objects.filter(pk=model.pk).update(retires_on=dt.date(2020, 1, 1)),
    "offer gone": lambda model: Offer.objects.get(model=model).delete(),
    "model gone": lambda model: model.delete(),
    "denied": lambda model: Token.objects.update(deny=[model.name]),
    "another price": lambda model: world.price(model, input="0.1", output="9", starts_at=NOW - SECOND),
    "no price": lambda model: PriceSheet.objects.filter(model=model).end(at=NOW, now=NOW),
}


@pytest.mark.parametrize("how", HIDING)
@pytest.mark.parametrize(("sort", "order"), [("price", NAMES[::-1]), ("popular", NAMES), ("created", NAMES)])
def test_paging_goes_on_from_a_model_that_changed_meanwhile(
    client: Client, sort: str, order: list[str], how: str
) -> None:
    for number, name in enumerate(NAMES):
        model = world.model(name, capabilities=["tools"])
        world.price(model, input=str(9 - number), output="9")
        PopularModel.objects.create(model=model, position=number)
    world.model("other")
    headers = {"authorization": f"Bearer {world.key()}"}
    query = f"capability=tools&sort={sort}"
    with time_machine.travel(NOW, tick=False):
        token = client.get(f"/v1beta/models?{query}&pageSize=3", headers=headers).json()["nextPageToken"]
        page = client.get(f"/anthropic/v1/models?{query}&limit=3", headers=headers).json()

        HIDING[how](AIModel.objects.get(name=order[2]))

        following = [
            client.get(f"/v1beta/models?{query}&pageToken={token}", headers=headers).json(),
            client.get(f"/anthropic/v1/models?{query}&after_id={page['last_id']}", headers=headers).json(),
        ]
        before = client.get(f"/anthropic/v1/models?{query}&before_id={page['last_id']}", headers=headers).json()
    assert [[name for name in ids(body) if name != order[2]] for body in following] == [order[3:]] * 2
    assert [name for name in ids(before) if name != order[2]] == order[:2]


@pytest.mark.parametrize("limit", [2, 5])
@pytest.mark.parametrize("gone", ["m6", "m5"])
def test_no_popular_model_moves_if_another_one_is_gone(client: Client, limit: int, gone: str) -> None:
    for number, name in enumerate(NAMES):
        model = world.model(name)
        if number > 3:
            # The ids of the pinned ones are in the opposite order.
            PopularModel.objects.create(model=model, position=len(NAMES) - number)
    order = ["m6", "m5", "m4", "m0", "m1", "m2", "m3"]
    headers = {"authorization": f"Bearer {world.key()}"}
    token = client.get(f"/v1beta/models?sort=popular&pageSize={limit}", headers=headers).json()["nextPageToken"]

    AIModel.objects.get(name=gone).delete()

    body = client.get(f"/v1beta/models?sort=popular&pageToken={token}", headers=headers).json()
    assert ids(body) == order[limit:]


def test_an_id_is_a_cursor_in_every_order(client: Client) -> None:
    for number, name in enumerate(NAMES):
        world.price(world.model(name), input=str(9 - number), output="9")
    headers = {"authorization": f"Bearer {world.key()}"}

    pages = [
        ids(client.get(f"/anthropic/v1/models?{query}", headers=headers).json())
        for query in ("after_id=m3&sort=price", "before_id=m3&sort=price&limit=2", "after_id=m3&sort=popular")
    ]

    assert pages == [["m2", "m1", "m0"], ["m5", "m4"], ["m4", "m5", "m6"]]


def test_a_cursor_of_another_order_is_refused(client: Client) -> None:
    for name in NAMES:
        world.model(name)
    headers = {"authorization": f"Bearer {world.key()}"}
    sorts = ("", "price", "popular")
    tokens = {
        sort: client.get(f"/v1beta/models?sort={sort}&pageSize=3", headers=headers).json()["nextPageToken"]
        for sort in sorts
    }

    for own in sorts:
        for other in sorts:
            answer = client.get(f"/v1beta/models?sort={other}&pageToken={tokens[own]}", headers=headers)
            assert answer.status_code == (200 if own == other else 400), (own, other)
            answer = client.get(f"/anthropic/v1/models?sort={other}&after_id={tokens[own]}", headers=headers)
            assert answer.status_code == (200 if own == other != "" else 400), (own, other)


def test_only_lists_of_one_name_are_stored(client: Client) -> None:
    for number in range(3):
        world.price(world.model(f"m{number}", capabilities=["tools"], context_length=1000), input="1", output="1")
    headers = {"authorization": f"Bearer {world.key()}"}
    free = (
        *(f"max_price={number}" for number in range(1, 4)),
        *(f"min_context={number}" for number in range(3)),
        *("vendor=nobody", "capability=x", "vendor=openai&capability=tools", "vendor=openai,nobody"),
    )
    bounded = ("", "sort=price", "sort=created", "vendor=OpenAI", "capability=tools&sort=popular")
    for path, cache in (("/v1/models", BODIES), ("/v1beta/models", BODIES), ("/api/pricing", BODIES)):
        client.get(path, headers=headers)
        count = len(cache._bodies)
        for query in free:
            client.get(f"{path}?{query}", headers=headers)
        assert len(cache._bodies) == count
        for query in bounded:
            client.get(f"{path}?{query}&unknown={query}", headers=headers)
        assert len(cache._bodies) == count + len(bounded) - 1
    client.get("/api/pricing")
    count = len(VISITOR_BODIES._bodies)
    for query in free:
        client.get(f"/api/pricing?{query}")
    assert len(VISITOR_BODIES._bodies) == count
