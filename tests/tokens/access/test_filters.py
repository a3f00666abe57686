"""Filters and orders of lists: every dialect and the price list answer what brute force says, page by page."""

import random
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from django.test import Client

from tests.sizes import size
from tests.tokens.access.filter_oracle import NOW, as_in_the_price_list, choose, random_models, random_query, store

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

QUERIES = size(30, full=3000)
# Address, headers, and where its answers have the ids.
LISTS: tuple[tuple[str, dict[str, str], Callable[[Any], list[str]]], ...] = (
    ("/v1/models", {}, lambda body: [row["id"] for row in body["data"]]),
    ("/models", {}, lambda body: [row["id"] for row in body["data"]]),
    ("/v1beta/openai/models", {}, lambda body: [row["id"] for row in body["data"]]),
    ("/v1/models", {"anthropic-version": "2023-06-01"}, lambda body: [row["id"] for row in body["data"]]),
    ("/anthropic/v1/models", {}, lambda body: [row["id"] for row in body["data"]]),
    ("/v1beta/models", {}, lambda body: [row["baseModelId"] for row in body["models"]]),
    ("/api/pricing", {}, lambda body: [row["model_name"] for row in body["data"]]),
)


@pytest.mark.parametrize("seed", range(3))
def test_every_list_is_what_brute_force_says(client: Client, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311
    models = list(random_models(dice))
    with time_machine.travel(NOW, tick=False):
        headers = {"authorization": f"Bearer {store(models)}"}
        for _ in range(QUERIES):
            path, more, read = dice.choice(LISTS)
            query, of_prices = random_query(dice), path == "/api/pricing"
            visible = [model for model in models if model.in_price_list or not of_prices]
            own = [row for model in visible for row in model.rows(of_prices=of_prices)]
            expected = choose(own, query, default=as_in_the_price_list if of_prices else lambda newest: newest)
            address = f"{path}?{urlencode([*query, *([('unpriced', 'rows')] if of_prices else [])])}"

            answer = client.get(address, headers=headers | more)
            again = client.get(address, headers=headers | more | {"if-none-match": answer["etag"]})

            assert read(answer.json()) == expected, address
            assert again.status_code == 304, address
            if not of_prices and dice.randrange(3) == 0:
                assert list(walk(client, address, headers | more, dice.randrange(2, 6))) == expected, address


def walk(client: Client, address: str, headers: dict[str, str], limit: int) -> Iterator[str]:
    """The ids of all pages."""
    after = ""
    while True:
        paging = f"&limit={limit}&pageSize={limit}" + (f"&after_id={after}&pageToken={after}" if after else "")
        body = client.get(address + paging, headers=headers).json()
        yield from (row.get("id") or row["baseModelId"] for row in body.get("data", body.get("models", ())))
        after = body.get("nextPageToken", "") or (body["last_id"] if body.get("has_more") else "")
        if not after:
            return
