"""Runs inside LiteLLM's environment: the costs that LiteLLM computes from a cost map. Reads and writes JSON.

Input: {"map": path, "cases": [{"model", "provider", "tier", "at", "usage": {name: tokens}}]}. Output: a number for each
case, or a text with LiteLLM's error.
"""

import contextlib
import datetime as dt
import json
import sys
from pathlib import Path
from typing import Any

import litellm
from litellm import _internal_context, cost_calculator
from litellm.types.utils import CachedTokensDetails, CompletionTokensDetailsWrapper, PromptTokensDetailsWrapper, Usage


def usage_of(parts: dict[str, int]) -> Usage:
    """Counts as vendors report them: the prompt and the completion include all their parts."""
    written_5m, written_1h = parts.get("written_5m", 0), parts.get("written_1h", 0)
    cached = CachedTokensDetails(
        text_tokens=parts.get("cached", 0),
        audio_tokens=parts.get("cached_audio", 0),
        image_tokens=parts.get("cached_image", 0),
    )
    prompt = PromptTokensDetailsWrapper(
        cached_tokens=sum(parts.get(name, 0) for name in ("cached", "cached_audio", "cached_image")),
        audio_tokens=parts.get("audio", 0) + parts.get("cached_audio", 0),
        image_tokens=parts.get("image", 0) + parts.get("cached_image", 0),
        cache_creation_tokens=written_5m + written_1h,
        cache_creation_token_details={"ephemeral_5m_input_tokens": written_5m, "ephemeral_1h_input_tokens": written_1h}
        if written_5m + written_1h
        else None,
    )
    prompt.text_tokens = parts.get("text", 0) + parts.get("cached", 0)
    prompt.cached_tokens_details = cached
    others = ("reasoning", "audio_out", "image_out")
    completion = CompletionTokensDetailsWrapper(
        text_tokens=parts.get("text_out", 0),
        reasoning_tokens=parts.get("reasoning", 0),
        audio_tokens=parts.get("audio_out", 0),
        image_tokens=parts.get("image_out", 0),
    )
    total_in = sum(number for name, number in parts.items() if name not in (*others, "text_out"))
    total_out = sum(parts.get(name, 0) for name in (*others, "text_out"))
    return Usage(
        prompt_tokens=total_in,
        completion_tokens=total_out,
        total_tokens=total_in + total_out,
        prompt_tokens_details=prompt,
        completion_tokens_details=completion,
    )


def cost(case: dict[str, Any]) -> float | str:
    _internal_context._billing_time.set(dt.datetime.fromisoformat(case["at"]))
    tier = case["tier"]
    try:
        costs = cost_calculator.cost_per_token(
            model=case["model"],
            custom_llm_provider=case["provider"],
            usage_object=usage_of(case["usage"]),
            call_type="retrieve_batch" if tier == "batch" else "completion",
            service_tier=None if tier == "batch" else tier,
        )
    except Exception as error:  # noqa: BLE001  # A model that LiteLLM cannot price is a result, too.
        return f"{type(error).__name__}: {error}"[:200]
    return float(sum(costs))


def main(question: dict[str, Any]) -> list[float | str]:
    rows = json.loads(Path(question["map"]).read_bytes())
    rows.pop("sample_spec", None)
    litellm.model_cost.clear()
    litellm.model_cost.update(rows)
    litellm.utils._invalidate_model_cost_lowercase_map()
    litellm.add_known_models()
    return [cost(case) for case in question["cases"]]


if __name__ == "__main__":
    # LiteLLM prints hints about unknown providers.
    with contextlib.redirect_stdout(sys.stderr):
        costs = main(json.load(sys.stdin))
    json.dump(costs, sys.stdout)
