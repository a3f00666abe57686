"""Details of each dialect's models that the golden files do not show."""

from typing import Any

import pytest
from django.test import Client

from tests import world

pytestmark = pytest.mark.django_db


def ask(client: Client, path: str) -> Any:
    return client.get(path, headers={"authorization": f"Bearer {world.key()}"}).json()


@pytest.mark.parametrize(
    ("types", "methods"),
    [
        (["gemini", "openai"], ["generateContent", "streamGenerateContent", "countTokens"]),
        (["openai", "embeddings"], ["embedContent", "batchEmbedContents"]),
        (["image-generation"], []),
        (
            ["gemini", "image-generation"],
            ["generateContent", "streamGenerateContent", "countTokens", "predict"],
        ),
        (["openai-video"], ["predictLongRunning"]),
        (["kling"], ["predictLongRunning"]),
        (["anthropic", "openai"], []),
        ([], []),
    ],
)
def test_what_geminis_clients_may_call(client: Client, types: list[str], methods: list[str]) -> None:
    world.model("m", supported_endpoint_types=types)

    assert ask(client, "/v1beta/models/m")["supportedGenerationMethods"] == methods


def test_the_curated_types_count_and_not_the_supported_ones(client: Client) -> None:
    world.model("m", supported_endpoint_types=["gemini", "openai"], public_endpoint_types=["openai"])

    assert ask(client, "/v1/models/m")["supported_endpoint_types"] == ["openai"]
    assert ask(client, "/v1beta/models/m")["supportedGenerationMethods"] == []


def test_a_setting_narrows_anthropics_and_geminis_lists(client: Client, settings: Any) -> None:
    settings.NARROW_DIALECTS = True
    world.model("claude", supported_endpoint_types=["anthropic", "openai"])
    world.model("gemini", supported_endpoint_types=["gemini"])

    assert [row["id"] for row in ask(client, "/anthropic/v1/models")["data"]] == ["claude"]
    assert [row["baseModelId"] for row in ask(client, "/v1beta/models")["models"]] == ["gemini"]
    assert [row["id"] for row in ask(client, "/v1/models")["data"]] == ["claude", "gemini"]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("claude-opus-5-5", "opus"),
        ("claude-3-5-sonnet-20241022", "sonnet"),
        ("us.anthropic.claude-haiku-4-5", "haiku"),
        ("anthropic/claude-fable-6", "fable"),
        ("gpt-opus", None),
        ("claude-instant", None),
    ],
)
def test_anthropics_line_is_derived_from_the_id(client: Client, name: str, line: str | None) -> None:
    world.model(name)

    assert ask(client, f"/anthropic/v1/models/{name}")["line"] == line


# What price files say of models; of batches and citations, or of the ways to think, it says nothing.
COMMON = [
    ["tools", "vision"],
    ["tools", "reasoning", "vision", "structured_outputs", "web_search"],
    ["reasoning", "thinking_adaptive", "effort_max", "effort_xhigh"],
    ["reasoning", "batch", "citations"],
]


def test_unknown_capabilities_are_null_and_known_ones_are_complete(client: Client) -> None:
    world.model("unknown")
    world.model("known", capabilities=["effort_high", "server_code_execution"])

    known = ask(client, "/anthropic/v1/models/known")["capabilities"]

    assert ask(client, "/anthropic/v1/models/unknown")["capabilities"] is None
    for number, common in enumerate(COMMON):
        world.model(f"common-{number}", capabilities=common, input_modalities=["text", "image", "pdf"])
        assert ask(client, f"/anthropic/v1/models/common-{number}")["capabilities"] is None
    assert known["effort"] == {
        "supported": True,
        **{level: {"supported": level == "high"} for level in ("low", "medium", "high", "xhigh", "max")},
    }
    assert known["server_tools"]["supported"] is True
    assert known["batch"] == {"supported": False}


@pytest.mark.parametrize("query", ["client_version=0.169.0", "client_version="])
def test_codex_finds_its_own_list_beside_the_other(client: Client, query: str) -> None:
    world.model("gpt-6-codex", context_length=400_000, input_modalities=["text", "image", "pdf"])
    world.model("embedder", supported_endpoint_types=["embeddings"])

    body = ask(client, f"/v1/models?{query}")
    models = {model["slug"]: model for model in body["models"]}

    assert [row["id"] for row in body["data"]] == list(models)
    assert models["gpt-6-codex"]["context_window"] == 400_000
    assert models["gpt-6-codex"]["input_modalities"] == ["text", "image"]
    assert (models["gpt-6-codex"]["visibility"], models["embedder"]["visibility"]) == ("list", "hide")
    assert "models" not in ask(client, "/v1/models")
