"""Hand-written clients, replayed from their source: what they send, and which fields they need."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from tests import world

pytestmark = pytest.mark.django_db

NAMES = [f"claude-{number:03}" for number in range(5)]
KNOWN_TO_CHERRY_STUDIO = {"openai", "openai-response", "anthropic", "gemini", "image-generation"}


@pytest.fixture
def key() -> str:
    for age, name in enumerate(NAMES):
        world.model(
            name,
            released_on=dt.date(2026, 9, 1) - dt.timedelta(days=age),
            context_length=200_000,
            max_output_tokens=8192,
            supported_endpoint_types=["anthropic", "openai", "gemini"],
        )
    early = dt.date(2024, 1, 1)
    world.model("embedder", released_on=early, supported_endpoint_types=["embeddings"])
    world.price(world.model("gpt-4o", released_on=early), input="2.5", output="10")
    return world.key()


def bearer(key: str, **more: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"} | more


def test_claude_code_knocks_and_then_reads_one_page(client: Client, key: str) -> None:
    headers = bearer(key) | {"anthropic-version": "2023-06-01", "user-agent": "claude-code/2.1.197"}
    knock = client.head("/", headers=headers)
    page = client.get("/v1/models?limit=1000", headers=headers).json()

    assert knock.status_code not in range(300, 400)
    assert [row["id"] for row in page["data"] if "claude" in row["id"]] == NAMES
    assert all(row["display_name"] for row in page["data"])


def test_librechat_reads_one_page_without_a_limit(client: Client, key: str) -> None:
    headers = {"x-api-key": key, "anthropic-version": "2023-06-01"}

    body = client.get("/v1/models", headers=headers).json()

    assert len(body["data"]) == 7
    assert body["has_more"] is False


def all_api_hub_anthropic(client: Client, key: str) -> Iterator[str]:
    after = ""
    for _ in range(20):
        query = f"limit=2{after}"
        page = client.get(f"/v1/models?{query}", headers={"x-api-key": key, "anthropic-version": "2023-06-01"}).json()
        assert all(isinstance(row["id"], str) for row in page["data"])
        yield from (row["id"] for row in page["data"])
        if not page["has_more"]:
            return
        after = f"&after_id={page['last_id']}"
    raise AssertionError("more than 20 pages")


def all_api_hub_gemini(client: Client, key: str) -> Iterator[str]:
    token = ""
    for _ in range(20):
        page = client.get(
            "/v1beta/models", {"pageSize": "2", "pageToken": token}, headers={"x-goog-api-key": key}
        ).json()
        yield from (row["name"].removeprefix("models/") for row in page["models"])
        token = page.get("nextPageToken", "")
        if not token:
            return
    raise AssertionError("more than 20 pages")


def test_all_api_hub_pages_through_both_and_reads_openais_whole(client: Client, key: str) -> None:
    whole = [row["id"] for row in client.get("/v1/models", headers=bearer(key)).json()["data"]]

    assert list(all_api_hub_anthropic(client, key)) == whole
    assert list(all_api_hub_gemini(client, key)) == whole
    assert [row["id"] for row in client.get("/models", headers=bearer(key)).json()["data"]] == whole
    assert client.get("/v1/models", headers=bearer("sk-wrong")).status_code == 401


def test_continue_keeps_geminis_chat_models(client: Client, key: str) -> None:
    never = {"embedContent", "predict", "predictLongRunning", "bidiGenerateContent"}
    rows = client.get(f"/v1beta/models?key={key}").json()["models"]

    shown_names = [
        row["name"].removeprefix("models/")
        for row in rows
        if "generateContent" in row["supportedGenerationMethods"]
        and not never.intersection(row["supportedGenerationMethods"])
    ]

    assert shown_names == NAMES
    assert {row.get("inputTokenLimit") for row in rows[:5]} == {200_000}


def test_continue_reads_anthropics_limits(client: Client, key: str) -> None:
    headers = {"x-api-key": key, "anthropic-version": "2023-06-01"}

    first = client.get("/v1/models?limit=100", headers=headers).json()["data"][0]

    assert (first["max_input_tokens"], first["max_tokens"], first["display_name"]) == (200_000, 8192, "claude-000")


def test_cherry_studio_finds_a_type_that_it_knows(client: Client, key: str) -> None:
    rows = client.get("/v1/models", headers=bearer(key)).json()["data"]

    chat = [row for row in rows if row["id"] != "embedder"]

    assert all(KNOWN_TO_CHERRY_STUDIO.intersection(row["supported_endpoint_types"]) for row in chat)


def test_lobechat_joins_models_and_prices_by_their_id(client: Client, key: str) -> None:
    models = {row["id"] for row in client.get("/v1/models", headers=bearer(key)).json()["data"]}
    prices: Any = client.get("/api/pricing", headers=bearer(key)).json()
    priced = {row["model_name"]: row for row in prices["data"]}

    assert set(priced) | {model["model_name"] for model in prices["unpriced_models"]} == models
    assert (priced["gpt-4o"]["quota_type"], priced["gpt-4o"]["model_ratio"], priced["gpt-4o"]["completion_ratio"]) == (
        0,
        1.25,
        4,
    )
    assert priced["gpt-4o"]["enable_groups"] == ["default"]


def test_open_webui_and_aichat_need_names_and_ids_that_are_text(client: Client, key: str) -> None:
    rows = client.get("/v1/models", headers=bearer(key)).json()["data"]

    assert all(isinstance(row["id"], str) and row["id"] and isinstance(row["name"], str) for row in rows)
    assert all(isinstance(row["created"], int) and row["object"] == "model" for row in rows)
