"""Details of OpenAI's models that the golden files do not show."""

import pytest
from django.test import Client

from tests import world
from tests.tokens.dialects.bodies import body_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("query", ["client_version=0.169.0", "client_version="])
def test_codex_finds_its_own_list_beside_the_other(client: Client, query: str) -> None:
    world.model("gpt-6-codex", context_length=400_000, input_modalities=["text", "image", "pdf"])
    world.model("embedder", supported_endpoint_types=["embeddings"])

    body = body_of(client, f"/v1/models?{query}")
    models = {model["slug"]: model for model in body["models"]}

    assert [row["id"] for row in body["data"]] == list(models)
    assert models["gpt-6-codex"]["context_window"] == 400_000
    assert models["gpt-6-codex"]["input_modalities"] == ["text", "image"]
    assert (models["gpt-6-codex"]["visibility"], models["embedder"]["visibility"]) == ("list", "hide")
    assert "models" not in body_of(client, "/v1/models")
