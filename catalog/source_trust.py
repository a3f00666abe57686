"""Which value wins if sources disagree: pins over people, people over sources, and the most trusted source first.

These are the rules; catalog/imports/provenance.py determines who wrote a value. Imports no models.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

# The higher value wins; of two equally trusted sources the one that wrote first, except as WINS_TIES says.
GUESS, AGGREGATOR, CURATED, FIRST_PARTY, UPSTREAM, BY_HAND = 10, 20, 30, 40, 50, 60

TRUST: Mapping[str, int] = MappingProxyType(
    {
        "starter": GUESS,
        "openrouter": AGGREGATOR,
        "llm_metadata": AGGREGATOR,
        "litellm": CURATED,
        "new_api": CURATED,
        "ratio_config": CURATED,
        # First-party because only the vendors' own offers are read, unless other providers are requested.
        "models_dev": FIRST_PARTY,
        "genai_prices": FIRST_PARTY,
        "llm_prices": FIRST_PARTY,
        "openai_models": UPSTREAM,
        "csv": BY_HAND,
        "yaml": BY_HAND,
    }
)

# The database of a gateway: the only source that states factors of usage.
GATEWAY = "gateway"
# (source, other): the source wins, whichever wrote first, if both are equally trusted. The price list of a gateway has
# the prices that its program computed; its database and its ratio_config have only what an operator stored.
WINS_TIES = frozenset({("new_api", GATEWAY), ("new_api", "ratio_config"), (GATEWAY, "ratio_config")})


@dataclass(frozen=True)
class Writer:
    """The author of a value: a source with its trust, or a person (no source)."""

    source: str = ""
    name: str = "a person"
    trust: int = BY_HAND

    def __str__(self) -> str:
        return self.name


PERSON = Writer()


@dataclass(frozen=True)
class WithheldChange:
    """A change that an import may not make, and the reason."""

    stored: Any
    offered: Any
    reason: str


def writer(slug: str, name: str, trust: int, *, providers: Sequence[str] = ()) -> Writer:
    """A source as a writer. Offers of other providers are never first-party."""
    return Writer(slug, name, min(trust, CURATED) if providers and trust == FIRST_PARTY else trust)


def outranks(first: Writer, second: Writer) -> bool:
    """Whether a value of the first source replaces one of the second, whichever wrote first."""
    is_tie = first.trust == second.trust
    return first.trust > second.trust or (is_tie and (first.source, second.source) in WINS_TIES)


def why_withheld(stored_by: Writer, offered_by: Writer) -> str:
    """Why the stored value stays if the other writer offers another one; "" if it does not stay."""
    if stored_by.source == offered_by.source and stored_by.source:
        return ""
    if offered_by.trust >= BY_HAND or outranks(offered_by, stored_by):
        return ""
    if not stored_by.source:
        return "set by a person"
    if stored_by.trust > offered_by.trust:
        relation = "is more trusted"
    elif outranks(stored_by, offered_by):
        relation = "is equally trusted and more specific"
    else:
        relation = "is equally trusted and wrote first"
    return f"from {stored_by}, which {relation}"
