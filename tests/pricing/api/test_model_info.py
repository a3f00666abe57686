"""The list of models that LiteLLM's clients read: the models of a key, with its prices."""

import json
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from catalog.models import ModelAlias
from tests import world
from tests.pricing.docs.test_document import conforms

pytestmark = pytest.mark.django_db

PATHS = ["/v1/model/info", "/model/info", "/v1/model/info/", "/model/info/"]


def info(client: Client, key: str, path: str = "/v1/model/info") -> dict[str, Any]:
    answer = client.get(path, headers={"authorization": f"Bearer {key}"})
    assert answer.status_code == 200, answer.content
    body = json.loads(answer.content, parse_float=Decimal)
    conforms(json.loads(answer.content), "ModelInfos")
    return {row["model_name"]: row for row in body["data"]}


@pytest.mark.parametrize("path", PATHS)
def test_it_has_the_form_of_litellm(client: Client, path: str) -> None:
    model = world.model(
        "gpt-4o", context_length=128_000, max_output_tokens=16_384, capabilities=["vision", "tools"], listed=True
    )
    world.price(model, input="2.5", output="10", input__cache_read="1.25")

    row = info(client, world.key(), path)["gpt-4o"]

    assert row["litellm_params"] == {"model": "gpt-4o"}
    facts = row["model_info"]
    assert (facts["id"], facts["db_model"], facts["mode"]) == ("gpt-4o", False, "chat")
    assert (facts["max_tokens"], facts["max_input_tokens"], facts["max_output_tokens"]) == (16_384, 128_000, 16_384)
    assert (facts["supports_vision"], facts["supports_function_calling"]) == (True, True)
    assert facts["input_cost_per_token"] == Decimal("0.0000025")
    assert facts["output_cost_per_token"] == Decimal("0.00001")
    assert facts["cache_read_input_token_cost"] == Decimal("0.00000125")


def test_each_key_sees_its_own_models_and_prices(client: Client) -> None:
    world.price(world.model("gpt-4o"), input="2.5", output="10")
    world.price(world.model("hidden", on=world.channel("vip", group="vip")), input="1", output="2")
    world.rate(world.token_group("vip"), "0.5")

    assert info(client, world.key()).keys() == {"gpt-4o"}
    rows = info(client, world.key("vip"))
    assert rows.keys() == {"hidden"}
    assert rows["hidden"]["model_info"]["input_cost_per_token"] == Decimal("0.0000005")


def test_an_unknown_price_is_no_number(client: Client) -> None:
    world.model("unpriced")
    world.price(world.model("half"), input="2.5")

    for row in info(client, world.key()).values():
        assert not [name for name in row["model_info"] if "cost" in name]


def test_its_models_are_those_of_the_list(client: Client) -> None:
    world.model("not-in-prices", in_price_list=False)
    world.model("not-listed", listed=False)
    ModelAlias.objects.create(name="latest", model=world.model("gpt-4o"), listed=True)
    ModelAlias.objects.create(name="other", model=world.model("o3"))
    key = world.key()

    rows = info(client, key)
    listed = client.get("/v1/models", headers={"authorization": f"Bearer {key}"}).json()["data"]

    assert rows.keys() == {row["id"] for row in listed} == {"not-in-prices", "gpt-4o", "latest", "o3"}
    assert rows["latest"]["litellm_params"] == {"model": "gpt-4o"}


@pytest.mark.parametrize("path", PATHS)
def test_it_needs_a_key(client: Client, path: str) -> None:
    assert client.get(path).json()["error"]["code"] == "missing_api_key"
    assert client.get(path, headers={"x-api-key": "x" * 30}).status_code == 401
    assert client.post(path).status_code == 405


def test_it_is_not_sent_again_unchanged(client: Client) -> None:
    world.model("gpt-4o")
    headers = {"authorization": f"Bearer {world.key()}"}
    first = client.get("/model/info", headers=headers)

    assert "private" in first["cache-control"]
    assert client.get("/model/info", headers=headers | {"if-none-match": first["etag"]}).status_code == 304
