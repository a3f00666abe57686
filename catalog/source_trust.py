"""Whose word counts where sources disagree: a pin before a person, a person before a source, the trusted one first.

Rules only; catalog/imports/provenance.py finds out who wrote what. Imports no models.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

# The higher one is believed; of two that are trusted alike the one that spoke first.
GUESS, AGGREGATOR, CURATED, FIRST_PARTY, UPSTREAM, BY_HAND = 10, 20, 30, 40, 50, 60

TRUST: Mapping[str, int] = MappingProxyType(
    {
        "starter": GUESS,
        "openrouter": AGGREGATOR,
        "llm_metadata": AGGREGATOR,
        "litellm": CURATED,
        "new_api": CURATED,
        "ratio_config": CURATED,
        # Of these only what vendors themselves sell is taken, unless other providers are asked for.
        "models_dev": FIRST_PARTY,
        "genai_prices": FIRST_PARTY,
        "llm_prices": FIRST_PARTY,
        "openai_models": UPSTREAM,
        "csv": BY_HAND,
        "yaml": BY_HAND,
    }
)


@dataclass(frozen=True)
class Writer:
    """Who wrote a value: a source with the trust it has, or a person (no source)."""

    source: str = ""
    name: str = "a person"
    trust: int = BY_HAND

    def __str__(self) -> str:
        return self.name


PERSON = Writer()


@dataclass(frozen=True)
class Kept:
    """A value that stays though the source says another one, and why."""

    stored: Any
    offered: Any
    why: str


def writer(slug: str, name: str, trust: int, *, providers: Sequence[str] = ()) -> Writer:
    """A source as a writer; other providers' offers are no word of the vendor's."""
    return Writer(slug, name, min(trust, CURATED) if providers and trust == FIRST_PARTY else trust)


def why_kept(stored_by: Writer, offered_by: Writer) -> str:
    """Why what the one wrote stays when the other says something else; empty where it does not stay."""
    if stored_by.source == offered_by.source and stored_by.source:
        return ""
    if offered_by.trust >= BY_HAND or offered_by.trust > stored_by.trust:
        return ""
    if not stored_by.source:
        return "set by a person"
    word = "is trusted more" if stored_by.trust > offered_by.trust else "said so first and is trusted alike"
    return f"from {stored_by}, which {word}"
