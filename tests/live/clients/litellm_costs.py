"""The costs of completions that LiteLLM computes with its cost map loaded from our address."""

import json
import sys
from typing import Any

import litellm
from litellm.litellm_core_utils.get_model_cost_map import get_model_cost_map_source_info
from litellm.types.utils import CompletionTokensDetailsWrapper, PromptTokensDetailsWrapper, Usage


def cost(model: str, case: dict[str, Any]) -> float:
    usage = Usage(
        prompt_tokens=case["prompt"],
        completion_tokens=case["completion"],
        total_tokens=case["prompt"] + case["completion"],
        prompt_tokens_details=PromptTokensDetailsWrapper(cached_tokens=case.get("cached", 0)),
        completion_tokens_details=CompletionTokensDetailsWrapper(reasoning_tokens=case.get("reasoning", 0)),
    )
    # As somebody calls a gateway: every model by OpenAI's protocol.
    response = litellm.ModelResponse(model=model, usage=usage)
    return litellm.completion_cost(  # type: ignore[no-any-return]
        completion_response=response, model=model, custom_llm_provider="openai", service_tier=case.get("tier")
    )


def is_known(model: str) -> bool:
    """Whether LiteLLM computes a cost. Older versions raise a plain Exception if the model is not in the map."""
    try:
        cost(model, {"prompt": 1000, "completion": 1000})
    except Exception as error:
        if "isn't mapped yet" not in str(error):
            raise
        return False
    return True


def main(arguments: dict[str, Any]) -> dict[str, Any]:
    return {
        "priced": [model for model in arguments["unpriced"] if is_known(model)],
        "source": get_model_cost_map_source_info()["source"],
        "known": sorted(litellm.model_cost),
        "offered": sorted(
            {*litellm.model_list, *(name for names in litellm.models_by_provider.values() for name in names)}
        ),
        "costs": [cost(model, case) for model, case in arguments["cases"]],
    }


json.dump(main(json.loads(sys.argv[1])), sys.stdout)
