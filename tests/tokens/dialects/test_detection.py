"""The dialect of a response is chosen before everything else."""

from typing import Any

import pytest
from django.test import Client

from tests import world

pytestmark = pytest.mark.django_db

VERSION = {"anthropic-version": "2023-06-01"}


def spoken(body: dict[str, Any]) -> str:
    """The dialect of a list or an error."""
    if "models" in body and "data" not in body:
        return "gemini"
    if "has_more" in body or body.get("type") == "error":
        return "anthropic"
    if "error" in body:
        return "gemini" if "status" in body["error"] else "openai"
    return "openai"


@pytest.mark.parametrize(
    ("path", "headers", "dialect"),
    [
        ("/v1/models", {"authorization": "Bearer {key}"}, "openai"),
        ("/v1/models", {"x-api-key": "{key}"} | VERSION, "anthropic"),
        ("/v1/models", {"authorization": "Bearer {key}"} | VERSION, "anthropic"),
        ("/v1/models", {"authorization": "Bearer {key}", "anthropic-version": "2026-10-21"}, "anthropic"),
        ("/v1/models", {"x-api-key": "{key}"}, "openai"),
        ("/v1/models", {"authorization": "Bearer {key}", "anthropic-version": "  "}, "openai"),
        ("/v1/models", {"x-goog-api-key": "{key}"} | VERSION, "anthropic"),
        ("/v1/models", {"x-goog-api-key": "{key}"}, "gemini"),
        ("/v1/models?key={key}", {}, "gemini"),
        ("/v1/models?key=", {"authorization": "Bearer {key}"}, "openai"),
        ("/v1/models?key=BAD", {"authorization": "Bearer {key}"}, "gemini"),
        ("/v1/models?key={key}", {"authorization": "Bearer placeholder"}, "gemini"),
        ("/v1beta/models", {"authorization": "Bearer {key}"}, "gemini"),
        ("/v1alpha/models/", {"x-goog-api-key": "{key}"}, "gemini"),
        ("/v1beta/openai/models", {"x-api-key": "{key}"} | VERSION, "openai"),
        ("/v1beta/openai/models?key={key}", {}, "openai"),
        ("/v1beta/openai/models", {"x-goog-api-key": "{key}"}, "openai"),
        ("/anthropic/v1/models", {"x-api-key": "{key}"}, "anthropic"),
        ("/models", {"authorization": "Bearer {key}"}, "openai"),
        ("/models/", {"x-api-key": "{key}"} | VERSION, "anthropic"),
        ("/v1/models?dialect=gemini", {"authorization": "Bearer {key}"}, "gemini"),
        ("/v1/models?dialect=klingon", {"authorization": "Bearer {key}"}, "openai"),
        ("/v1/models?beta=true&$alt=json;enum-encoding=int", {"authorization": "bearer {key}"}, "openai"),
    ],
)
def test_a_list_is_in_the_dialect_of_its_client(
    client: Client, path: str, headers: dict[str, str], dialect: str
) -> None:
    world.model()
    key = world.key()

    answer = client.get(path.format(key=key), headers={name: value.format(key=key) for name, value in headers.items()})

    assert answer.status_code == 200, answer.content
    assert spoken(answer.json()) == dialect


@pytest.mark.parametrize(
    ("path", "headers", "dialect"),
    [
        ("/v1/models", {}, "openai"),
        ("/v1/models", VERSION, "anthropic"),
        ("/v1/models?key=BAD", {}, "gemini"),
        ("/v1beta/models", {}, "gemini"),
        ("/anthropic/v1/models", {}, "anthropic"),
        ("/v1beta/openai/models", VERSION, "openai"),
    ],
)
def test_a_refusal_is_in_the_dialect_of_its_client(
    client: Client, path: str, headers: dict[str, str], dialect: str
) -> None:
    answer = client.get(path, headers=headers)

    assert answer.status_code == 401
    assert spoken(answer.json()) == dialect


@pytest.mark.parametrize(
    ("path", "headers", "dialect"),
    [
        ("/v1/nothing", {}, "openai"),
        ("/v1/nothing", VERSION, "anthropic"),
        ("/v1beta/nothing", {}, "gemini"),
        ("/anthropic/nothing", {}, "anthropic"),
        ("/api/nothing", {}, "openai"),
    ],
)
def test_an_unknown_address_is_a_json_404_in_the_dialect(
    client: Client, path: str, headers: dict[str, str], dialect: str
) -> None:
    answer = client.get(path, headers=headers)

    assert answer.status_code == 404
    assert spoken(answer.json()) == dialect


def test_the_first_valid_key_in_the_order_of_the_dialect_counts(client: Client) -> None:
    world.model("for-a", on=world.channel("a", group="a"))
    world.model("for-b", on=world.channel("b", group="b"))
    a, b = world.key("a", name="a"), world.key("b", name="b")
    both = {"authorization": f"Bearer {a}", "x-api-key": b}

    openai = client.get("/v1/models", headers=both).json()
    anthropic = client.get("/v1/models", headers=both | VERSION).json()

    assert [row["id"] for row in openai["data"]] == ["for-a"]
    assert [row["id"] for row in anthropic["data"]] == ["for-b"]
