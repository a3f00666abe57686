"""The models that LiteLLM lists when our address is used as each kind of provider."""

import os
from collections.abc import Iterable

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm

from tests.live.clients.situations import List, show


def provider(name: str, path: str) -> List:
    def list_models(url: str, key: str) -> Iterable[str]:
        models: list[str] = litellm.get_valid_models(
            check_provider_endpoint=True, custom_llm_provider=name, api_key=key, api_base=f"{url}{path}"
        )
        return [model.removeprefix(f"{name}/") for model in models]

    return list_models


show(
    {
        "LiteLLM, openai": provider("openai", "/v1"),
        "LiteLLM, anthropic": provider("anthropic", ""),
        "LiteLLM, gemini": provider("gemini", ""),
        "LiteLLM, litellm_proxy": provider("litellm_proxy", ""),
        "LiteLLM, hosted_vllm": provider("hosted_vllm", "/v1"),
        "LiteLLM, openai_like": provider("openai_like", "/v1"),
        "LiteLLM, azure": provider("azure", ""),
    }
)
