"""The models that LiteLLM lists when our address is used as three kinds of providers."""

import json
import os
import sys
from importlib import metadata
from typing import Any

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm


def main(arguments: dict[str, Any]) -> dict[str, Any]:
    key, url = arguments["keys"]["good"], arguments["url"]

    def models(provider: str, base: str) -> list[str]:
        return litellm.get_valid_models(  # type: ignore[no-any-return]
            check_provider_endpoint=True, custom_llm_provider=provider, api_key=key, api_base=base
        )

    return {
        "version": metadata.version("litellm"),
        "openai": models("openai", f"{url}/v1"),
        "anthropic": models("anthropic", url),
        "gemini": models("gemini", url),
    }


json.dump(main(json.loads(sys.argv[1])), sys.stdout)
