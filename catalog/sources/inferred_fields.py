"""What follows from what a source says, where it does not say it: how a model is called, what it takes and can do.

Whoever uses these names the fields in a record's `inferred`, so that they fill gaps and replace nothing.
"""

import re
from collections.abc import Collection, Sequence

from catalog import vendor_matching

# The vendor's own way to call its chat models, preferred over the common one.
OWN_ENDPOINT_TYPES = {"anthropic": ("claude", "anthropic"), "google": ("gemini", "gemini")}
BY_OUTPUT = {"image": "image-generation", "video": "openai-video", "audio": "audio-speech", "embedding": "embeddings"}
EMBEDDING = re.compile(r"(?:^|[-/_.])(?:text-)?embed", re.IGNORECASE)
RERANK = re.compile(r"(?:^|[-/_.])rerank", re.IGNORECASE)
MODALITIES = {"file": "pdf", "embeddings": "embedding"}
# What the inputs alone tell of a model that answers in text.
BY_INPUT = {"image": "vision", "pdf": "pdf_input"}


def modalities(names: Sequence[str] | None) -> tuple[str, ...] | None:
    """The names in the vocabulary's words."""
    return None if names is None else tuple(dict.fromkeys(MODALITIES.get(name, name) for name in names))


def endpoint_types(model: str, outputs: Collection[str] | None) -> tuple[str, ...] | None:
    """The ways to call a model that makes this; None where that does not tell."""
    if RERANK.search(model):
        return ("jina-rerank",)
    if EMBEDDING.search(model):
        return ("embeddings",)
    if outputs is None or "text" in outputs:
        vendor = vendor_matching.vendor_of_model(model)
        family, own = OWN_ENDPOINT_TYPES.get(vendor.slug if vendor else "", ("", ""))
        return (own, "openai") if own and family in model.casefold() else ("openai",)
    return next(((type_name,) for made, type_name in BY_OUTPUT.items() if made in outputs), None)


def abilities(named: Collection[str], inputs: Collection[str] | None) -> tuple[str, ...]:
    """The capabilities that are named, and those that the inputs show."""
    return tuple(dict.fromkeys((*named, *(word for made, word in BY_INPUT.items() if made in (inputs or ())))))
