"""Fields that a source does not state and that follow from others: endpoint types, modalities, capabilities, limits.

A reader lists the fields that it infers in `Record.inferred`: they fill empty fields and replace nothing.
"""

import re
from collections.abc import Collection, Sequence
from typing import Any

from catalog import vendor_matching
from catalog.sources.codex_profiles import LONGEST_EFFORT
from catalog.vocabulary import REASONING_LEVELS

# Vendor -> (family, the vendor's own endpoint type for chat models, preferred over openai).
OWN_ENDPOINT_TYPES = {"anthropic": ("claude", "anthropic"), "google": ("gemini", "gemini")}
BY_OUTPUT = {"image": "image-generation", "video": "openai-video", "audio": "audio-speech", "embedding": "embeddings"}
EMBEDDING = re.compile(r"(?:^|[-/_.])(?:text-)?embed", re.IGNORECASE)
RERANK = re.compile(r"(?:^|[-/_.])rerank", re.IGNORECASE)
MODALITIES = {"file": "pdf", "embeddings": "embedding"}
# Input modality -> the capability that it implies.
BY_INPUT = {"image": "vision", "pdf": "pdf_input"}
# Every multiple of this many tokens is a usual context window; smaller ones are 1,000 or 1,024 times a power of two.
ROUND_WINDOW = 50_000


def modalities(names: Sequence[str] | None) -> tuple[str, ...] | None:
    """The modalities in the names of catalog/vocabulary.py."""
    return None if names is None else tuple(dict.fromkeys(MODALITIES.get(name, name) for name in names))


def endpoint_types(model: str, outputs: Collection[str] | None) -> tuple[str, ...] | None:
    """The endpoint types of a model with these outputs; None if the outputs do not imply any."""
    if RERANK.search(model):
        return ("jina-rerank",)
    if EMBEDDING.search(model):
        return ("embeddings",)
    if outputs is None or "text" in outputs:
        vendor = vendor_matching.vendor_of_model(model)
        family, own = OWN_ENDPOINT_TYPES.get(vendor.slug if vendor else "", ("", ""))
        return (own, "openai") if own and family in model.casefold() else ("openai",)
    return next(((type_name,) for output, type_name in BY_OUTPUT.items() if output in outputs), None)


def capabilities(stated: Collection[str], inputs: Collection[str] | None) -> tuple[str, ...]:
    """The stated capabilities and those that the input modalities imply."""
    return tuple(dict.fromkeys((*stated, *(word for modality, word in BY_INPUT.items() if modality in (inputs or ())))))


def reasoning_levels(values: Any) -> tuple[str, ...] | None:
    """The listed efforts, the lowest first, then those with other names; null is none. None if there is no list."""
    if not isinstance(values, list):
        return None
    names = ("none" if value is None else value for value in values)
    levels = dict.fromkeys(name for name in names if isinstance(name, str) and 0 < len(name) <= LONGEST_EFFORT)
    usual = [level for level in REASONING_LEVELS if level in levels]
    return (*usual, *(level for level in levels if level not in REASONING_LEVELS)) or None


def reasoning_options(options: Any) -> tuple[str, ...] | None:
    """The efforts among the options of models.dev's format; None if there are none."""
    for option in options if isinstance(options, list) else []:
        if isinstance(option, dict) and option.get("type") == "effort":
            return reasoning_levels(option.get("values"))
    return None


def window_and_input(longest_input: int | None, longest_output: int | None) -> tuple[int | None, int | None]:
    """The context window and the input limit, from a source that names no context window.

    Most sources write the context window as the input limit: 200,000 and 64,000 for Claude. For some models it is a
    limit of its own, and the window is the sum: 272,000 and 128,000 for GPT-5, whose window is 400,000. The sum is
    the window if it is a usual size and the input limit alone is not. Otherwise the window is the stated number, and no
    input limit is known.
    """
    if longest_input is None or longest_output is None or longest_input == longest_output:
        return longest_input, None
    window = longest_input + longest_output
    if _is_usual_window(window) and not _is_usual_window(longest_input):
        return window, longest_input
    return longest_input, None


def _is_usual_window(tokens: int) -> bool:
    if tokens > ROUND_WINDOW and tokens % ROUND_WINDOW == 0:
        return True
    return any(tokens % base == 0 and (tokens // base).bit_count() == 1 for base in (1000, 1024))
