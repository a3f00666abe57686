"""The exports for visitors can be cached, and contain nothing that is hidden from visitors."""

import gzip

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog import caches
from pricing.export.formats import FORMATS
from tests import world

pytestmark = pytest.mark.django_db

ADDRESSES = [f"/api/export/{path}" for form in FORMATS.values() for path in form.addresses.values()] + ["/llms.txt"]


@pytest.fixture
def secrets() -> list[str]:
    """A catalog with things that visitors do not see; their names."""
    model = world.model("gpt-4o", on=world.channel("upstream-east", base_url="https://upstream.example.com"))
    world.price(model, input="2.5", output="10")
    world.price(model, role="cost", input="1.2345", output="5.4321")
    world.price(model, input="77.77", output="88.88", starts_at=world.LONG_AGO.replace(year=2099))
    world.price(world.model("draft-model", status="draft"), input="1", output="1")
    backstage = world.channel("backstage", group="inner-circle")
    world.price(world.model("hidden-model", on=backstage), input="1", output="1")
    world.rate(world.token_group("inner-circle"), "0.123")
    return [
        "upstream-east", "upstream.example.com", "1.2345", "1.2345e-06", "0.0000012345", "5.4321", "77.77",
        "draft-model", "backstage", "hidden-model", "inner-circle", "0.123",
    ]  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_visitor_gets_it_without_hidden_models(client: Client, secrets: list[str], address: str) -> None:
    answer = client.get(address)

    assert answer.status_code == 200
    assert b"gpt-4o" in answer.content
    # A spreadsheet also lists scheduled prices, which are public in the history, with the day from which they apply.
    lines = [line for line in answer.content.splitlines() if b",2099-" not in line]
    assert len(lines) == len(answer.content.splitlines()) or address.endswith(".csv")
    assert not [secret for secret in secrets if secret.encode() in b"\n".join(lines)]


@pytest.mark.parametrize("address", ADDRESSES)
def test_it_is_served_with_a_slash_at_the_end_too(client: Client, secrets: list[str], address: str) -> None:
    plain, slashed = client.get(address), client.get(f"{address}/")

    assert (slashed.status_code, slashed.content) == (200, plain.content)
    assert slashed["content-type"] == plain["content-type"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_it_can_be_cached_and_revalidated(client: Client, secrets: list[str], address: str) -> None:
    answer = client.get(address)

    assert answer["cache-control"].startswith("public, max-age=3600")
    again = client.get(address, headers={"if-none-match": answer["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    world.price(world.model("gpt-5"), input="1", output="1")
    assert client.get(address, headers={"if-none-match": answer["etag"]}).status_code == 200


@pytest.mark.parametrize("address", ADDRESSES)
def test_it_is_compressed_if_the_client_accepts_it(client: Client, secrets: list[str], address: str) -> None:
    for number in range(60):
        world.price(world.model(f"gpt-{number}"), input="1", output="1")

    answer = client.get(address, headers={"accept-encoding": "gzip"})

    assert answer["content-encoding"] == "gzip"
    assert gzip.decompress(answer.content) == client.get(address).content


@pytest.mark.parametrize("address", ADDRESSES)
def test_programs_in_browsers_may_read_it(client: Client, address: str) -> None:
    assert client.get(address)["access-control-allow-origin"] == "*"


def test_each_has_its_content_type(client: Client) -> None:
    types = {address: client.get(address)["content-type"] for address in ADDRESSES}

    assert types.pop("/api/export/prices.csv") == "text/csv; charset=utf-8"
    assert types.pop("/llms.txt") == types.pop("/api/export/llms.txt") == "text/plain; charset=utf-8"
    assert set(types.values()) == {"application/json"}


def test_the_whole_catalog_is_not_published(client: Client) -> None:
    assert client.get("/api/export/catalog.yaml").status_code == 404


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_empty_catalog_is_an_empty_export(client: Client, address: str) -> None:
    assert client.get(address).status_code == 200


@pytest.mark.parametrize("address", ["/api/export/openrouter.json", "/api/export/litellm.json", "/llms.txt"])
def test_it_costs_the_same_queries_for_one_model_as_for_many(client: Client, address: str) -> None:
    counts = []
    for number in (1, 30):
        for index in range(number):
            world.price(world.model(f"model-{number}-{index}"), input="1", output="2")
        caches.clear_all()
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        counts.append(len(queries))
    # One more for aliases, where the format has them.
    assert counts[0] == counts[1] <= (20 if address == "/llms.txt" else 21)
