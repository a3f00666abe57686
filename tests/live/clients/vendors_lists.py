"""The vendors' own SDKs for Python as they are by default, with their own retries."""

from collections.abc import Iterable

import anthropic
import openai
from google import genai

from tests.live.clients.situations import show


def openais(url: str, key: str) -> Iterable[str]:
    return [model.id for model in openai.OpenAI(base_url=f"{url}/v1", api_key=key).models.list()]


def anthropics(url: str, key: str) -> Iterable[str]:
    return [model.id for model in anthropic.Anthropic(base_url=url, api_key=key).models.list()]


def googles(url: str, key: str) -> Iterable[str]:
    client = genai.Client(api_key=key, http_options={"base_url": url})
    return [(model.name or "").removeprefix("models/") for model in client.models.list()]


show({"openai": openais, "anthropic": anthropics, "google-genai": googles})
