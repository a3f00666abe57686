"""Runs inside genai-prices' environment: the costs that genai-prices computes from a data file. Reads and writes JSON.

Input: {"data": path, "cases": [{"provider", "model", "at", "usage": {name: tokens}}]}. Output: a decimal number as text
for each case, or null if genai-prices rejects the usage.
"""

import datetime as dt
import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

from genai_prices import Usage, types

# Count of genai-prices -> the parts of a usage that it includes.
COUNTS = {
    "input_tokens": (
        "text",
        "cached",
        "written_5m",
        "written_1h",
        "audio",
        "image",
        "cached_audio",
        "cached_image",
    ),
    "cache_read_tokens": ("cached", "cached_audio", "cached_image"),
    "cache_write_tokens": ("written_5m", "written_1h"),
    "cache_write_5m_tokens": ("written_5m",),
    "cache_write_1h_tokens": ("written_1h",),
    "input_audio_tokens": ("audio", "cached_audio"),
    "cache_audio_read_tokens": ("cached_audio",),
    "input_image_tokens": ("image", "cached_image"),
    "cache_image_read_tokens": ("cached_image",),
    "output_tokens": ("text_out", "reasoning", "audio_out", "image_out"),
    "output_reasoning_tokens": ("reasoning",),
    "output_audio_tokens": ("audio_out",),
    "output_image_tokens": ("image_out",),
}


def main(question: dict[str, Any]) -> list[str | None]:
    body = json.loads(Path(question["data"]).read_bytes(), parse_float=Decimal)
    providers = types._providers_from_raw(body)
    models = {(provider.id, model.id): (provider, model) for provider in providers for model in provider.models}
    return [cost(*models[case["provider"], case["model"]], case) for case in question["cases"]]


def cost(provider: Any, model: Any, case: dict[str, Any]) -> str | None:
    usage = Usage(**{name: sum(case["usage"].get(part, 0) for part in parts) for name, parts in COUNTS.items()})
    try:
        price = model.calc_price(usage, provider, genai_request_timestamp=dt.datetime.fromisoformat(case["at"]))
    except ValueError:
        return None
    return format(price.total_price, "f")


if __name__ == "__main__":
    json.dump(main(json.load(sys.stdin)), sys.stdout)
