"""The cost of a price list: the same queries at any length, and two if nothing changed."""

from typing import Any

import pytest
from django.test import Client

from tests import world

pytestmark = [pytest.mark.django_db, pytest.mark.sql]
# The revision, and the public groups.
WARM = 2
# Beside them: moments of sheets (2), discounts (2), retirements, rates of groups and of
# currencies; models, groups, pinned, used; sheets, the
# keys that lines are read by (a subquery in their place leads PostgreSQL astray), lines, discounts, rates; who reaches
# what, listed aliases, endpoint types, rates of groups. Starts: those of boundaries, of who reaches what, and of the
# models in reach.
COLD = WARM + 7 + 4 + 5 + 4 + 3


def make(number: int) -> None:
    for index in range(number):
        world.price(world.model(f"model-{index}", vendor=world.vendor(f"vendor-{index % 3}")), input="1", output="2")


@pytest.mark.parametrize("number", [1, 20])
def test_a_cold_list_costs_the_same_queries_however_long_it_is(
    client: Client, number: int, django_assert_max_num_queries: Any
) -> None:
    make(number)
    with django_assert_max_num_queries(COLD):
        assert len(client.get("/api/pricing").json()["data"]) == number


@pytest.mark.parametrize(
    "address",
    ["/api/pricing", "/api/pricing?as_of=2026-03-01", "/api/ratio_config", "/api/prices", "/api/newapi/models.json"],
)
def test_a_warm_one_costs_two(client: Client, address: str, django_assert_num_queries: Any) -> None:
    make(2)
    first = client.get(address).content
    with django_assert_num_queries(WARM):
        assert client.get(address).content == first


def test_a_warm_explained_list_also_reads_documents_and_sources(client: Client, django_assert_num_queries: Any) -> None:
    make(2)
    first = client.get("/api/pricing?explain=1").content
    with django_assert_num_queries(WARM + 2):
        assert client.get("/api/pricing?explain=1").content == first


@pytest.mark.parametrize("number", [1, 20])
def test_a_cold_explained_list_costs_the_same_queries_however_long_it_is(
    client: Client, number: int, django_assert_max_num_queries: Any
) -> None:
    make(number)
    # Beside them: the documents; sheets, lines, their runs, the runs' documents, aliases.
    with django_assert_max_num_queries(COLD + 7):
        assert len(client.get("/api/pricing?explain=1").json()["data"]) == number


def test_days_between_two_boundaries_share_one_body(client: Client, django_assert_num_queries: Any) -> None:
    make(2)
    first = client.get("/api/pricing?as_of=2026-03-01").content
    with django_assert_num_queries(WARM):
        assert client.get("/api/pricing?as_of=2026-03-05").content == first
