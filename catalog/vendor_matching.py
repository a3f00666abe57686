"""The vendor of a model, inferred from its id, and the spellings of a vendor's name. Imports no models.

Ids name the host of a model at least as often as its vendor: azure/gpt-4o is OpenAI's, bedrock/anthropic.claude-… is
Anthropic's. The rules, in this order: a path segment that names an author (the first segment too, unless hosts put
their own name there), the model family at the start of the bare id, the host if it makes models itself. Otherwise the
vendor is unknown. Nothing is guessed from the middle of a name, which may contain `o1` or `grok` by chance.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from catalog.vendor_names import KNOWN_VENDORS, KnownVendor

# Prefixes that hosts put before the id itself.
GEOGRAPHY = re.compile(r"^(?:us|eu|apac|jp|au|ca|sa|me|il|global|us-gov)\.")
PREFIXES = re.compile(r"^(?:ft:|databricks-|meta-textgeneration-|hf:|fw-|coding-|cc-|~)")
DOTTED = re.compile(r"^([a-z][a-z0-9_-]*)\.(?=[a-z])")


def fold(name: str) -> str:
    """A key that is equal for two spellings of one name: case, width, composition of accents and spaces are ignored."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


_BY_SPELLING: Mapping[str, KnownVendor] = MappingProxyType(
    {
        fold(spelling): vendor
        for vendor in reversed(KNOWN_VENDORS)
        for spelling in (*vendor.aliases, vendor.name, vendor.slug)
    }
)
_BY_SEGMENT: Mapping[str, KnownVendor] = MappingProxyType(
    {segment: vendor for vendor in KNOWN_VENDORS for segment in vendor.segments}
)
_FAMILIES = tuple((re.compile("|".join(vendor.families)), vendor) for vendor in KNOWN_VENDORS if vendor.families)


def vendor_of_segment(segment: str) -> KnownVendor | None:
    """The vendor that this segment of an id's path names, such as openai or z-ai."""
    return _BY_SEGMENT.get(segment)


def known_vendor(name: str) -> KnownVendor | None:
    """The vendor with this name, in any of its spellings."""
    return _BY_SPELLING.get(fold(name))


def vendor_key(name: str) -> str:
    """A key that is equal for all spellings of a known vendor; the folded name for any other."""
    vendor = known_vendor(name)
    return vendor.slug if vendor else fold(name)


# First segments of ids under which these vendors also host other vendors' models.
HOST_SEGMENTS = frozenset({"alibaba", "dashscope", "nvidia_nim", "perplexity", "qwencloud", "snowflake", "volcengine"})


@lru_cache(maxsize=8192)
def vendor_of_model(model: str) -> KnownVendor | None:
    """The vendor of the model with this id; None if the id does not show it."""
    *path, bare = model.casefold().split("/")
    for segment in reversed(path):
        if (vendor := _BY_SEGMENT.get(segment.lstrip("~"))) and (segment != path[0] or segment not in HOST_SEGMENTS):
            return vendor
    bare = PREFIXES.sub("", GEOGRAPHY.sub("", bare))
    dotted = DOTTED.match(bare)
    if dotted and (vendor := _BY_SEGMENT.get(dotted[1])):
        return vendor
    parts = (bare, *reversed(path[1:]))
    family = next((vendor for part in parts for pattern, vendor in _FAMILIES if pattern.match(part)), None)
    return family or _by_first_word(bare) or (_BY_SEGMENT.get(path[0].lstrip("~")) if path else None)


# Vendors that also host other vendors' models: only models whose ids name them are their own.
HOSTS = frozenset({"amazon", "databricks", "groq", "huggingface", "microsoft", "nvidia", "snowflake", "vercel"})


def is_first_party(provider: str, model: str) -> bool:
    """Whether the provider of this model is its vendor, so that the provider's price is the list price."""
    seller, vendor = known_vendor(provider), vendor_of_model(model)
    if seller is None:
        return False
    return vendor.slug == seller.slug if vendor else seller.slug not in HOSTS


def _by_first_word(bare: str) -> KnownVendor | None:
    """The vendor that the first word names, as in openai-something or cohere-something."""
    word, dash, _ = bare.partition("-")
    return _BY_SEGMENT.get(word) if dash else None
