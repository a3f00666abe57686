"""Code examples on a model's page."""

from typing import Any

import pytest
from django.test import Client

from catalog.models import EndpointType
from tests import world
from tests.pricing.pages import shop

pytestmark = pytest.mark.django_db


def page_of(client: Client, name: str) -> str:
    return shop.text_of(shop.get(client, f"/models/{name}"))


def test_each_endpoint_has_code_examples(client: Client) -> None:
    EndpointType.objects.get_or_create(name="kling", defaults={"path": "/kling/v1/videos/text2video"})
    world.model("it's/new:1", supported_endpoint_types=["openai", "anthropic", "gemini", "kling"])

    text = shop.text_of(shop.get(client, "/models/it's/new:1"))

    assert "curl --fail-with-body 'http://testserver/v1/chat/completions'" in text
    assert '-H "Authorization: Bearer $API_KEY"' in text
    assert "export API_KEY=YOUR_API_KEY" in text
    assert "it'\\''s/new:1" in text
    assert 'OpenAI(base_url="http://testserver/v1", api_key=os.environ["API_KEY"])' in text
    assert 'client.messages.create( model="it\'s/new:1", max_tokens=1024' in text
    assert "http://testserver/v1beta/models/it%27s/new:1:generateContent" in text
    assert 'requests.post( "http://testserver/kling/v1/videos/text2video"' in text
    assert "audio.mp3" not in text


def test_only_endpoints_by_which_customers_may_call_it_are_shown(client: Client) -> None:
    world.model("gpt-4o", supported_endpoint_types=["openai", "embeddings"], public_endpoint_types=["openai"])
    world.model("whisper-*", supported_endpoint_types=["audio-transcription", "own"])
    EndpointType.objects.create(name="own", path="/v1/own")

    assert "/v1/embeddings" not in page_of(client, "gpt-4o")
    text = page_of(client, "whisper-*")
    assert "model='whisper-NAME'" in text
    assert "The recording is the file audio.mp3 ." in text
    # What it takes is not known.
    assert "POST /v1/own" in text
    assert "testserver/v1/own" not in text


@pytest.mark.parametrize(
    ("query", "notice"), [("", "only a catalog and does not answer them"), ("?lang=zh", "不处理模型调用")]
)
def test_the_page_says_whether_the_examples_call_a_gateway(
    client: Client, settings: Any, query: str, notice: str
) -> None:
    world.model("gpt-4o")
    settings.PUBLIC_BASE_URL = ""
    assert notice in page_of(client, f"gpt-4o{query}")

    settings.PUBLIC_BASE_URL = "https://api.example.com/"
    text = page_of(client, f"gpt-4o{query}")

    assert notice not in text
    assert "curl --fail-with-body 'https://api.example.com/v1/chat/completions'" in text


def test_a_model_that_nobody_can_call_has_neither_examples_nor_a_notice(client: Client) -> None:
    world.model("internal", public_endpoint_types=[])

    text = page_of(client, "internal")

    assert "PUBLIC_BASE_URL" not in text
    assert "API_KEY" not in text
