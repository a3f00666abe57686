"""Details of Gemini's models that the golden files do not show."""

import pytest
from django.test import Client

from catalog.models import AIModel
from tests import world
from tests.tokens.dialects.bodies import body_of
from tokens.calls.routes import KNOWN
from tokens.dialects.gemini import METHODS, generation_methods

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("types", "methods"),
    [
        (["gemini", "openai"], ["generateContent", "streamGenerateContent", "countTokens"]),
        (["openai", "gemini"], ["generateContent", "streamGenerateContent", "countTokens"]),
        (["openai", "embeddings"], ["embedContent", "batchEmbedContents"]),
        (["embeddings", "gemini", "openai"], ["embedContent", "batchEmbedContents"]),
        (["gemini", "embeddings"], ["generateContent", "streamGenerateContent", "countTokens"]),
        (["openai-video", "gemini"], ["predictLongRunning"]),
        (["jina-rerank"], []),
        (["type-of-this-site"], []),
        (["type-of-this-site", "gemini"], ["generateContent", "streamGenerateContent", "countTokens"]),
        (["image-generation"], []),
        (["image-generation", "openai"], []),
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
def test_methods_follow_from_the_preferred_endpoint_type(client: Client, types: list[str], methods: list[str]) -> None:
    world.model("m", supported_endpoint_types=types)

    assert body_of(client, "/v1beta/models/m")["supportedGenerationMethods"] == methods


def test_methods_follow_the_order_of_the_public_types(client: Client) -> None:
    world.model("m", supported_endpoint_types=["gemini", "embeddings"], public_endpoint_types=["embeddings", "gemini"])

    assert body_of(client, "/v1beta/models/m")["supportedGenerationMethods"] == ["embedContent", "batchEmbedContents"]


@pytest.mark.parametrize("types", [[], *([name] for name in METHODS), ["gemini", "image-generation"]])
def test_a_model_may_be_called_by_its_methods(types: list[str]) -> None:
    """`/api/authorize` accepts the calls that the list claims."""
    methods = generation_methods(AIModel(name="m", supported_endpoint_types=types))

    accepted = [route for method in methods for route in KNOWN.matches(f"v1beta/models/m:{method}")]
    assert len(accepted) >= len(methods)
    assert all(match.route.endpoint.accepts(types) for match in accepted)
