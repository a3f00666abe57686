"""The grammar of LiteLLM's price keys, such as input_cost_per_token_above_200k_tokens_priority.

A key is a base (the meter and unit) and modifiers (conditions): kind of cache, resolution, interval, cache lifetime,
prompt length, service tier. `parse_key` and `format_key` are inverse for every key in the file's own order.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from types import MappingProxyType

from catalog.prices import Condition

EXPLICIT: Condition = {"dim": "cache_type", "op": "eq", "value": "explicit"}


@dataclass(frozen=True)
class PriceKey:
    """The meaning of a key: the price of a meter `per` so many units, under conditions."""

    meter: str
    unit: str
    per: int = 1
    conditions: tuple[Condition, ...] = ()

    @cached_property
    def own_spelling(self) -> str:
        """The key in the file's own order."""
        return format_key(self.meter, self.unit, self.per, self.conditions)


# Base -> meter, unit, per. A longer base comes before its own prefix: alternatives match in this order.
BASES: Mapping[str, tuple[str, str, int]] = MappingProxyType(
    {
        "annotation_cost_per_page": ("ocr.annotation", "page", 1),
        "cache_creation_input_audio_token_cost": ("input.audio.cache_write", "token", 1),
        "cache_creation_input_image_token_cost": ("input.image.cache_write", "token", 1),
        "cache_creation_input_token_cost": ("input.cache_write", "token", 1),
        "cache_read_input_audio_token_cost": ("input.audio.cache_read", "token", 1),
        "cache_read_input_image_token_cost": ("input.image.cache_read", "token", 1),
        "cache_read_input_token_cost": ("input.cache_read", "token", 1),
        "citation_cost_per_token": ("output.citation", "token", 1),
        "code_interpreter_cost_per_session": ("code_session", "session", 1),
        "file_search_cost_per_1k_calls": ("file_search", "request", 1000),
        "file_search_cost_per_gb_per_day": ("file_search", "gb_day", 1),
        "google_maps_grounding_cost_per_query": ("maps", "query", 1),
        "input_cost_per_audio_per_second": ("input.audio", "second", 1),
        "input_cost_per_audio_token": ("input.audio", "token", 1),
        "input_cost_per_character": ("input", "character", 1),
        "input_cost_per_image_token": ("input.image", "token", 1),
        "input_cost_per_image": ("input.image", "image", 1),
        "input_cost_per_pixel": ("input.image", "pixel", 1),
        "input_cost_per_query": ("request", "query", 1),
        "input_cost_per_request": ("request", "request", 1),
        "input_cost_per_second": ("input", "second", 1),
        "input_cost_per_text_message": ("input.text", "message", 1),
        "input_cost_per_token": ("input", "token", 1),
        "input_cost_per_video_per_second": ("input.video", "second", 1),
        "input_cost_per_video_token": ("input.video", "token", 1),
        "ocr_cost_per_credit": ("ocr", "credit", 1),
        "ocr_cost_per_page": ("ocr", "page", 1),
        "output_cost_per_audio_per_second": ("output.audio", "second", 1),
        "output_cost_per_audio_token": ("output.audio", "token", 1),
        "output_cost_per_character": ("output", "character", 1),
        "output_cost_per_image_token": ("output.image", "token", 1),
        "output_cost_per_image": ("output.image", "image", 1),
        "output_cost_per_pixel": ("output.image", "pixel", 1),
        "output_cost_per_reasoning_token": ("output.reasoning", "token", 1),
        "output_cost_per_second": ("output", "second", 1),
        "output_cost_per_token": ("output", "token", 1),
        "output_cost_per_video_per_second": ("output.video", "second", 1),
        "output_cost_per_video_token": ("output.video", "token", 1),
        "vector_store_cost_per_gb_per_day": ("storage", "gb_day", 1),
    }
)
# Names that LiteLLM itself reads as another one.
SYNONYMS: Mapping[str, str] = MappingProxyType(
    {
        "cost_per_second": "input_cost_per_second",
        "input_cost_per_token_cache_hit": "cache_read_input_token_cost",
        "cache_read_input_token_cost_per_audio_token": "cache_read_input_audio_token_cost",
        "input_cost_per_token_batch_requests": "input_cost_per_token_batches",
        "output_cost_per_token_batch_requests": "output_cost_per_token_batches",
    }
)
TIERS: Mapping[str, str] = MappingProxyType(
    {"batches": "batch"} | {tier: tier for tier in ("flex", "priority", "balanced", "ultrafast", "decisions", "fast")}
)
TIER_WORDS: Mapping[str, str] = MappingProxyType({tier: word for word, tier in TIERS.items()})

TIER = "|".join(TIERS)
KEY = re.compile(
    # Reading a cache that the client created, as against one that the provider keeps of its own accord.
    r"(?P<explicit>explicit_(?=cache_read_))?"
    rf"(?P<base>{'|'.join(BASES)})"
    r"(?:_(?P<resolution>480p|720p|768p|1080p|512|1024|1536|0\.5[kK]|[1248][kK]))?"
    r"(?:_above_(?P<interval>\d+)s_interval)?"
    r"(?:_above_(?P<lifetime>\d+h)r)?"
    # LiteLLM accepts the tier before the length and after it.
    rf"(?:_(?P<early_tier>{TIER})(?=_above_))?"
    r"(?:_above_(?P<length>\d+)k_tokens)?"
    rf"(?:_(?P<tier>{TIER}))?"
)
_BASE_OF: Mapping[tuple[str, str, int], str] = MappingProxyType({what: base for base, what in BASES.items()})


# Thousands of models have the same dozens of keys.
@lru_cache(maxsize=4096)
def parse_key(key: str, *, above: str = "gt") -> PriceKey | None:
    """The meaning of the key; None if it is not in the grammar. `above`: the operator for prompt lengths, gt or gte."""
    match = KEY.fullmatch(SYNONYMS.get(key, key))
    if match is None or (match["early_tier"] and match["tier"]):
        return None
    meter, unit, per = BASES[match["base"]]
    tier = match["early_tier"] or match["tier"]
    conditions: list[Condition] = []
    if match["explicit"]:
        conditions.append(EXPLICIT)
    if match["resolution"]:
        conditions.append({"dim": "resolution", "op": "eq", "value": match["resolution"]})
    if match["interval"]:
        conditions.append({"dim": "duration", "op": "gt", "value": int(match["interval"])})
    if match["lifetime"]:
        conditions.append({"dim": "cache_ttl", "op": "eq", "value": match["lifetime"]})
    if match["length"]:
        conditions.append({"dim": "prompt_tokens", "op": above, "value": int(match["length"]) * 1000})
    if tier:
        conditions.append({"dim": "service_tier", "op": "eq", "value": TIERS[tier]})
    return PriceKey(meter, unit, per, tuple(conditions))


def format_key(meter: str, unit: str, per: int, conditions: Sequence[Condition]) -> str:
    """The key, with modifiers in the file's own order."""
    values = {condition["dim"]: condition["value"] for condition in conditions}
    parts = ["explicit_" if "cache_type" in values else "", _BASE_OF[meter, unit, per]]
    if "resolution" in values:
        parts.append(f"_{values['resolution']}")
    if "duration" in values:
        parts.append(f"_above_{values['duration']}s_interval")
    if "cache_ttl" in values:
        parts.append(f"_above_{values['cache_ttl']}r")
    if "prompt_tokens" in values:
        parts.append(f"_above_{values['prompt_tokens'] // 1000}k_tokens")
    if "service_tier" in values:
        parts.append(f"_{TIER_WORDS[values['service_tier']]}")
    return "".join(parts)
