"""A model's public endpoint types decide what each dialect lists."""

from typing import Any

import pytest
from django.test import Client

from tests import world
from tests.tokens.dialects.bodies import body_of

pytestmark = pytest.mark.django_db


def test_public_types_replace_the_supported_ones(client: Client) -> None:
    world.model("m", supported_endpoint_types=["gemini", "openai"], public_endpoint_types=["openai"])

    assert body_of(client, "/v1/models/m")["supported_endpoint_types"] == ["openai"]
    assert body_of(client, "/v1beta/models/m")["supportedGenerationMethods"] == []


def test_a_setting_narrows_anthropics_and_geminis_lists(client: Client, settings: Any) -> None:
    settings.NARROW_DIALECTS = True
    world.model("claude", supported_endpoint_types=["anthropic", "openai"])
    world.model("gemini", supported_endpoint_types=["gemini"])

    assert [row["id"] for row in body_of(client, "/anthropic/v1/models")["data"]] == ["claude"]
    assert [row["baseModelId"] for row in body_of(client, "/v1beta/models")["models"]] == ["gemini"]
    assert [row["id"] for row in body_of(client, "/v1/models")["data"]] == ["claude", "gemini"]
