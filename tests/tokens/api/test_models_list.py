"""GET /v1/models: the models that a key can see, in OpenAI's format."""

import datetime as dt

import pytest
import time_machine
from django.test import Client

from tests import world

pytestmark = [pytest.mark.django_db, pytest.mark.sql]


def listed(client: Client, key: str) -> list[str]:
    answer = client.get("/v1/models", headers={"authorization": f"Bearer {key}"})
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["data"]]


def test_the_body_is_the_one_that_clients_know(client: Client) -> None:
    world.model("gpt-4o", released_on=dt.date(2024, 5, 13), context_length=128_000, max_output_tokens=16_384)

    answer = client.get("/v1/models", headers={"authorization": f"Bearer {world.key()}"})

    assert answer["content-type"] == "application/json"
    assert answer.json() == {
        "success": True,
        "object": "list",
        "data": [
            {
                "id": "gpt-4o",
                "object": "model",
                "created": 1715558400,
                "owned_by": "openai",
                "shutdown_date": None,
                "supported_endpoint_types": ["openai"],
                "name": "gpt-4o",
                "description": "",
                "context_length": 128000,
                "max_output_tokens": 16384,
                "max_completion_tokens": 16384,
                "max_output_length": 16384,
            }
        ],
    }


@pytest.mark.parametrize("released_on", [None, dt.date(1969, 12, 31), dt.date(2040, 1, 1)])
def test_without_a_readable_release_date_a_model_is_created_when_the_catalog_learned_of_it(
    client: Client, released_on: dt.date | None
) -> None:
    with time_machine.travel(dt.datetime(2026, 2, 3, 23, 59, 59, tzinfo=dt.UTC), tick=False):
        world.model("mystery", released_on=released_on)
    headers = {"authorization": f"Bearer {world.key()}"}

    rows = client.get("/v1/models", headers=headers).json()["data"]
    rows += client.get("/v1/models", headers=headers | {"anthropic-version": "2023-06-01"}).json()["data"]
    single = [
        client.get("/v1/models/mystery", headers=headers).json(),
        client.get("/v1/models/mystery", headers=headers | {"anthropic-version": "2023-06-01"}).json(),
    ]

    for openai, anthropic in (rows, single):
        assert openai["created"] == 1770076800
        assert anthropic["created_at"] == "2026-02-03T00:00:00Z"


def test_unknown_limits_are_left_out(client: Client) -> None:
    world.model("mystery")

    row = client.get("/v1/models", headers={"authorization": f"Bearer {world.key()}"}).json()["data"][0]

    assert not {"context_length", "max_input_tokens", "max_output_tokens", "max_completion_tokens"} & row.keys()


def test_the_newest_comes_first_and_equal_dates_go_by_id(client: Client) -> None:
    world.model("b", released_on=dt.date(2025, 1, 1))
    world.model("a", released_on=dt.date(2025, 1, 1))
    world.model("new", released_on=dt.date(2026, 1, 1))
    # Created on the day on which the catalog learned of it.
    with time_machine.travel(dt.datetime(2025, 6, 1, tzinfo=dt.UTC), tick=False):
        world.model("undated")

    assert listed(client, world.key()) == ["new", "undated", "a", "b"]


def test_a_key_without_models_gets_an_empty_list(client: Client) -> None:
    assert listed(client, world.key()) == []


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/"])
def test_both_slash_forms_answer_without_a_redirect(client: Client, path: str) -> None:
    assert client.get(path, headers={"authorization": f"Bearer {world.key()}"}).status_code == 200


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "*/*", "nonsense"])
def test_accept_is_never_a_reason_to_refuse(client: Client, accept: str) -> None:
    answer = client.get("/v1/models?format=xml", headers={"authorization": f"Bearer {world.key()}", "accept": accept})

    assert answer.status_code == 200
    assert answer["content-type"] == "application/json"


def test_head_has_the_headers_and_no_body(client: Client) -> None:
    world.model()
    key = world.key()

    answer = client.head("/v1/models", headers={"authorization": f"Bearer {key}"})

    assert answer.status_code == 200
    assert answer["etag"]
    assert answer.content == b""


def test_a_preflight_needs_no_key(client: Client) -> None:
    answer = client.options("/v1/models", headers={"access-control-request-headers": "authorization, x-stainless-os"})

    assert answer.status_code == 204
    assert answer["access-control-allow-origin"] == "*"
    assert answer["access-control-allow-headers"] == "authorization, x-stainless-os"
    assert "GET" in answer["access-control-allow-methods"]
