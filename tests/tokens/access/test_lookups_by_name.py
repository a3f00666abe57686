"""A single model, and an allow list of ids, cost the same in a catalog of any size: names are looked up first."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connection, models
from django.test import Client
from django.utils import timezone

from catalog import caches
from catalog.models import AIModel, ModelAlias, Offer
from tests import world
from tests.database_work import database_work
from tokens.access.visibility import Listing
from tokens.scope import Scope

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

SMALL, LARGE = 300, 6_000
MOST = 1.3
PATHS = (
    "/api/authorize?model=lab/model-7",
    "/api/authorize?model=alias-lab/model-7",
    "/api/authorize?model=unknown/model",
    "/api/authorize?model=gpt-4-gizmo-abc",
    "/v1/models/lab/model-7",
    "/v1/models/alias-lab/model-7",
    "/v1/models/unknown/model",
    "/v1/models/gpt-4-gizmo-abc",
    "/v1beta/models/models/lab/model-7",
    "/anthropic/v1/models/lab/model-7",
    "/anthropic/v1/models?limit=1&after_id=unknown",
)
Requests = dict[str, Callable[[], object]]


def grow(until: int) -> None:
    """Brings the catalog up to so many models, each with an alias, and tells the database about them."""
    vendor, channel = world.vendor(), world.channel()
    numbers = range(AIModel.objects.count(), until)
    rows = insert(
        AIModel(name=f"lab/model-{number}", vendor=vendor, status="published", supported_endpoint_types=["openai"])
        for number in numbers
    )
    insert(Offer(model=row, channel=channel) for row in rows)
    insert(ModelAlias(name=f"alias-{row.name}", model=row) for row in rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    caches.clear_all()


def insert(rows: Any) -> Any:
    """Inserts past history and revision, which these tests have no use for."""
    rows = list(rows)
    return models.QuerySet[Any](type(rows[0])).bulk_create(rows)


def work_of(requests: Requests) -> dict[str, int]:
    """What the database does for each request by a process without caches."""
    amounts = {}
    for name, ask in requests.items():
        caches.clear_all()
        with database_work() as work:
            ask()
        amounts[name] = work.amount
    return amounts


def single_models(client: Client) -> Requests:
    """Requests about one model, by keys whose patterns need no aliases, need them, or name ids."""
    keys = [
        world.key(),
        world.key(deny=["alias-lab/model-9*"]),
        world.key(allow=["id:lab/model-7", "alias-lab/model-8", "gpt-4-gizmo-*"]),
    ]
    question = {"model": "lab/model-7", "usage": {"input": 1}}

    def ask(path: str, key: str) -> None:
        assert client.get(path, headers={"authorization": f"Bearer {key}"}).status_code < 500

    def quote(key: str) -> None:
        headers = {"authorization": f"Bearer {key}"}
        answer = client.post("/api/pricing/quote", question, content_type="application/json", headers=headers)
        assert answer.status_code in (200, 404)

    requests: Requests = {
        f"{path} {number}": partial(ask, path, key) for path in PATHS for number, key in enumerate(keys)
    }
    return requests | {f"quote {number}": partial(quote, key) for number, key in enumerate(keys)}


def allow_lists_of_ids() -> Requests:
    requests: Requests = {}
    for allow in ((), ("nothing",), ("lab/model-7", "alias-lab/model-8", "id:lab/model-9", "x")):
        for deny in ((), ("alias-lab/model-9",)):
            scope = Scope(groups=(world.token_group().pk,), allow=allow, deny=deny)
            listing = Listing(scope, timezone.now())
            requests[f"models of {scope}"] = listing.models
    return requests


def test_names_are_looked_up_first(client: Client) -> None:
    world.price(world.model("gpt-4-gizmo-*"), input="1", output="2")
    requests = single_models(client) | allow_lists_of_ids()
    grow(SMALL)
    of_small = work_of(requests)

    grow(LARGE)
    of_large = work_of(requests)

    assert {name: amount for name, amount in of_large.items() if amount > MOST * of_small[name]} == {}
