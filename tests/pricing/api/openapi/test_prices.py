"""Responses about prices are what the OpenAPI document says."""

import pytest
from django.test import Client

from tests import world
from tests.pricing.docs.test_document import conforms
from tests.pricing.verification import books


@pytest.mark.django_db
def test_the_price_list_matches_the_document(client: Client) -> None:
    world.price(world.model("gpt-4o"), input="2.5", output="10", input__cache_read="1.25")
    world.model("unpriced")

    answer = client.get("/api/pricing")

    conforms(answer.json(), "PriceList")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/api/pricing?discount=folded", "PriceList"),
        ("/api/pricing?explain=1", "PriceList"),
        ("/api/pricing/history/gpt-4o", "PriceHistory"),
        ("/api/pricing/changes?since=2025-01-01", "PriceChanges"),
        ("/api/ratio_config", "RatioConfig"),
        ("/api/prices", "OneHubPrices"),
        ("/api/newapi/models.json", "MetadataModels"),
        ("/api/i18n/en/newapi/vendors.json", "MetadataVendors"),
    ],
)
def test_responses_about_prices_match_the_document(client: Client, path: str, shape: str) -> None:
    world.price(world.model("gpt-4o"), input="2.5", output="10")

    conforms(client.get(path).json(), shape)


@pytest.mark.django_db
def test_figures_with_a_public_source_match_the_document(client: Client) -> None:
    world.channel("c")
    books.store("litellm", books.litellm(gpt_5={"input_cost_per_token": 2e-06, "output_cost_per_token": 1e-05}))

    conforms(client.get("/api/pricing?explain=1").json(), "PriceList")


@pytest.mark.django_db
def test_a_quote_matches_the_document(client: Client) -> None:
    world.price(world.model("gpt-4o"), input="2.5", output="10")
    question = {"model": "gpt-4o", "usage": {"input": 1000, "output": 200}}

    answer = client.post("/api/pricing/quote", question, content_type="application/json")

    conforms(question, "Question")
    conforms(answer.json(), "Quote")
