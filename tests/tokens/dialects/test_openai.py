"""What OpenAI's list states of a model under the names that clients read, and what it omits because it is unknown."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from tests import world
from tests.tokens.dialects.bodies import body_of

pytestmark = pytest.mark.django_db

REQUIRED = {"id", "object", "created", "owned_by", "shutdown_date", "supported_endpoint_types", "name", "description"}


def row_of(client: Client, **facts: Any) -> Any:
    """The row of a model with these facts; the list and the single model are the same."""
    world.model("m", **facts)
    rows = body_of(client, "/v1/models")["data"]
    assert rows == [body_of(client, "/v1/models/m")]
    return rows[0]


def facts_of(client: Client, **facts: Any) -> Any:
    row = row_of(client, **facts)
    return {name: value for name, value in row.items() if name not in REQUIRED}


def test_a_model_without_known_facts_claims_nothing(client: Client) -> None:
    row = row_of(client)

    assert row.keys() == REQUIRED
    assert row["description"] == ""


def test_capabilities_are_features_and_parameters(client: Client) -> None:
    words = ["tools", "parallel_tools", "reasoning", "structured_outputs", "web_search", "vision", "batch"]

    assert facts_of(client, capabilities=words) == {
        "supported_features": ["tools", "reasoning", "structured_outputs", "web_search"],
        "supported_parameters": [
            *("tools", "tool_choice", "parallel_tool_calls", "reasoning", "include_reasoning"),
            *("structured_outputs", "response_format"),
        ],
    }


@pytest.mark.parametrize("words", [["vision"], ["batch", "citations"], ["house_word"]])
def test_capabilities_that_are_no_features_deny_none(client: Client, words: list[str]) -> None:
    assert facts_of(client, capabilities=words) == {}


def test_modalities_have_the_words_of_each_format(client: Client) -> None:
    inputs, outputs = ["text", "image", "pdf", "smell"], ["text", "embedding"]

    assert facts_of(client, input_modalities=inputs, output_modalities=outputs) == {
        "input_modalities": ["text", "image", "pdf"],
        "output_modalities": ["text", "embedding"],
        "architecture": {"input_modalities": ["text", "image", "file"], "output_modalities": ["text", "embeddings"]},
    }


def test_one_known_side_says_nothing_of_the_other(client: Client) -> None:
    assert facts_of(client, input_modalities=["text"], output_modalities=["smell"]) == {
        "input_modalities": ["text"],
        "architecture": {"input_modalities": ["text"]},
    }


def test_reasoning_levels_are_options(client: Client) -> None:
    options = [{"type": "effort", "values": ["none", "low", "xhigh"]}]

    assert facts_of(client, reasoning_levels=["none", "low", "xhigh"]) == {"reasoning_options": options}


def test_default_parameters_are_those_that_requests_may_have(client: Client) -> None:
    stated = {"temperature": Decimal("0.70"), "top_p": 1, "top_k": Decimal("64.0"), "max_temperature": 2, "odd": 1}

    facts = facts_of(client, default_parameters=stated, capabilities=["tools"])

    assert facts["default_parameters"] == {"temperature": 0.7, "top_p": 1, "top_k": 64}
    assert facts["supported_parameters"] == ["tools", "tool_choice", "temperature", "top_p", "top_k"]


def test_a_limit_of_temperature_is_no_default(client: Client) -> None:
    assert facts_of(client, default_parameters={"max_temperature": 2}) == {}


@pytest.mark.parametrize("path", ["/v1/models/user", "/api/v1/models/user/", "/openai/models/user", "/models/user"])
def test_zed_finds_the_models_of_the_user(client: Client, path: str) -> None:
    """As its provider for OpenRouter reads them; it rejects the whole list if a row lacks one of the first four."""
    world.model("plain")
    world.model("house: thinker", capabilities=["tools", "reasoning"], input_modalities=["text", "image"])

    rows = {row["id"]: row for row in body_of(client, path)["data"]}

    for row in rows.values():
        assert [type(row[name]) for name in ("id", "name", "created", "description")] == [str, str, int, str]
    assert "supported_parameters" not in rows["plain"]
    thinker = rows["house: thinker"]
    assert {"tools", "reasoning"} <= set(thinker["supported_parameters"])
    assert "image" in thinker["architecture"]["input_modalities"]


@pytest.mark.parametrize("prefix", ["/v1", "", "/V1", "/api/v1", "/openai/v1", "/v1beta/openai"])
def test_a_model_may_have_the_name_that_zed_asks_for(client: Client, prefix: str) -> None:
    world.model("user")

    assert body_of(client, f"{prefix}/models/user")["id"] == "user"
    assert client.get("/models/user", headers={"accept": "text/html"}).status_code == 200


@pytest.mark.parametrize("path", ["/gemini/v1beta/models/user", "/v1beta/models/user", "/anthropic/v1/models/user"])
def test_other_clients_than_zed_ask_for_a_model(client: Client, path: str) -> None:
    assert client.get(path, headers={"authorization": f"Bearer {world.key()}"}).status_code == 404
