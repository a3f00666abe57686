"""Fields that a source does not state and that follow from those it does: endpoint types, modalities, capabilities.

A reader lists the fields that it infers in `Record.inferred`: they fill empty fields and replace nothing.
"""

import re
from collections.abc import Collection, Sequence

from catalog import vendor_matching

# Vendor -> (family, the vendor's own endpoint type for chat models, preferred over openai).
OWN_ENDPOINT_TYPES = {"anthropic": ("claude", "anthropic"), "google": ("gemini", "gemini")}
BY_OUTPUT = {"image": "image-generation", "video": "openai-video", "audio": "audio-speech", "embedding": "embeddings"}
EMBEDDING = re.compile(r"(?:^|[-/_.])(?:text-)?embed", re.IGNORECASE)
RERANK = re.compile(r"(?:^|[-/_.])rerank", re.IGNORECASE)
MODALITIES = {"file": "pdf", "embeddings": "embedding"}
# Input modality -> the capability that it implies.
BY_INPUT = {"image": "vision", "pdf": "pdf_input"}


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
