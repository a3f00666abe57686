"""Filters and orders by price and popularity change at the second of their change, in every process."""

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from catalog.models import AIModel
from pricing.models import PopularModel
from tests import world
from tests.tokens.http.fast_server import Server

# The fast path has its own connection, which sees only committed rows.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sql]

NOW = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
CHANGE = NOW + dt.timedelta(minutes=10)
SECOND = dt.timedelta(seconds=1)
ANTHROPIC = {"anthropic_version": "2023-06-01"}


@pytest.fixture
def workers() -> Iterator[list[Server]]:
    servers = [Server(), Server()]
    yield servers
    for server in servers:
        server.close()


def names(workers: list[Server], key: str, path: str, **headers: str) -> list[str]:
    bodies = [worker.get(key, path, **headers)[2] for worker in workers for _ in range(2)]
    assert len(set(bodies)) == 1
    return ids(json.loads(bodies[0]))


def ids(body: Any) -> list[str]:
    rows = body["data"] if "data" in body else body["models"]
    return [row.get("id") or row.get("baseModelId") or row["model_name"] for row in rows]


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/v1/models?{}", {}),
        ("/v1/models?{}", ANTHROPIC),
        ("/v1beta/models?{}&pageSize=5", {}),
        ("/api/pricing?{}&unpriced=rows", {}),
    ],
)
def test_a_list_by_price_changes_at_the_second_of_the_price(
    workers: list[Server], path: str, headers: dict[str, str]
) -> None:
    for name, before, after in (("rising", "5", "5.01"), ("falling", "6", "4"), ("steady", "1", "1")):
        model = world.model(name)
        world.price(model, input=before, output="9")
        world.price(model, input=after, output="9", starts_at=CHANGE)
    world.model("unpriced")
    key = world.key()

    def ask() -> list[list[str]]:
        queries = ("max_price=5&sort=price", "sort=price")
        return [names(workers, key, path.format(query), **headers) for query in queries]

    with time_machine.travel(CHANGE - SECOND, tick=False) as clock:
        earlier = ask()
        clock.move_to(CHANGE)
        later = ask()

    assert earlier == [["steady", "rising"], ["steady", "rising", "falling", "unpriced"]]
    assert later == [["steady", "falling"], ["steady", "falling", "rising", "unpriced"]]


def test_a_model_is_in_filtered_lists_from_its_start_on(workers: list[Server]) -> None:
    world.price(world.model("now"), input="2", output="9")
    world.price(world.model("later", starts_at=CHANGE), input="1", output="9")
    key, paths = world.key(), [f"{path}?max_price=2&sort=price" for path in ("/v1/models", "/api/pricing")]

    with time_machine.travel(CHANGE - SECOND, tick=False) as clock:
        earlier = [names(workers, key, path) for path in paths]
        clock.move_to(CHANGE)
        later = [names(workers, key, path) for path in paths]

    assert earlier == [["now"]] * 2
    assert later == [["later", "now"]] * 2


def test_a_pinned_model_moves_at_the_next_request(workers: list[Server]) -> None:
    for name in ("a", "b"):
        world.model(name)
    key = world.key()
    assert names(workers, key, "/v1/models?sort=popular") == ["a", "b"]

    PopularModel.objects.create(model=AIModel.objects.get(name="b"))

    assert names(workers, key, "/v1/models?sort=popular") == ["b", "a"]
