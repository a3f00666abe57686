"""Details of Gemini's models that the golden files do not show."""

import pytest
from django.test import Client

from tests import world
from tests.tokens.dialects.bodies import body_of

pytestmark = pytest.mark.django_db


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
def test_methods_follow_from_the_endpoint_types(client: Client, types: list[str], methods: list[str]) -> None:
    world.model("m", supported_endpoint_types=types)

    assert body_of(client, "/v1beta/models/m")["supportedGenerationMethods"] == methods
