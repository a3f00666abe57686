"""The models that any-llm lists with our address as each provider's."""

from collections.abc import Iterable

from any_llm import list_models

from tests.live.clients.situations import List, show


def provider(name: str, path: str) -> List:
    def models(url: str, key: str) -> Iterable[str]:
        return [model.id.removeprefix("models/") for model in list_models(name, api_key=key, api_base=f"{url}{path}")]

    return models


show(
    {
        "any-llm, openai": provider("openai", "/v1"),
        "any-llm, anthropic": provider("anthropic", ""),
        "any-llm, gemini": provider("gemini", ""),
    }
)
