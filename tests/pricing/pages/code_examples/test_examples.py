"""Code examples on a model's page."""

import pytest
from django.test import Client

from catalog.models import EndpointType
from tests import world
from tests.pricing.pages import shop

pytestmark = pytest.mark.django_db


def page_of(client: Client, name: str) -> str:
    return shop.text_of(shop.get(client, f"/models/{name}"))


def test_each_endpoint_has_code_examples(client: Client, settings: object) -> None:
    EndpointType.objects.get_or_create(name="kling", defaults={"path": "/kling/v1/videos/text2video"})
    world.model("it's/new:1", supported_endpoint_types=["openai", "anthropic", "gemini", "kling"])

    text = shop.text_of(shop.get(client, "/models/it's/new:1"))

    assert "curl 'http://testserver/v1/chat/completions'" in text
    assert "it'\\''s/new:1" in text
    assert 'OpenAI(base_url="http://testserver/v1", api_key="YOUR_API_KEY")' in text
    assert 'client.messages.create( model="it\'s/new:1", max_tokens=1024' in text
    assert "http://testserver/v1beta/models/it%27s/new:1:generateContent" in text
    assert 'requests.post( "http://testserver/kling/v1/videos/text2video"' in text


def test_code_examples_use_the_public_base_url(client: Client, settings: object) -> None:
    settings.PUBLIC_BASE_URL = "https://api.example.com/"  # type: ignore[attr-defined]
    world.model("gpt-4o")

    assert "curl 'https://api.example.com/v1/chat/completions'" in page_of(client, "gpt-4o")
