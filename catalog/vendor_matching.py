"""The vendor of a model, inferred from its id, and the spellings of a vendor's name. Imports no models.

Ids name the host of a model at least as often as its vendor: azure/gpt-4o is OpenAI's, bedrock/anthropic.claude-… is
Anthropic's. The rules, in this order: a path segment that names an author (the first segment too, unless hosts put
their own name there), the model family at the start of the bare id, the host if it makes models itself. Otherwise the
vendor is unknown. Nothing is guessed from the middle of a name, which may contain `o1` or `grok` by chance.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from catalog.vendor_names import (
    CHINESE_NAMES,
    DECORATIONS,
    FAMILY_NAMES,
    KNOWN_VENDORS,
    NO_VENDORS,
    PLATFORMS,
    SIMPLIFIED,
    TRADITIONAL,
    KnownVendor,
)

# Prefixes that hosts put before the id itself.
GEOGRAPHY = re.compile(r"^(?:us|eu|apac|jp|au|ca|sa|me|il|global|us-gov)\.")
PREFIXES = re.compile(r"^(?:ft:|databricks-|meta-textgeneration-|hf:|fw-|coding-|cc-|~)")
DOTTED = re.compile(r"^([a-z][a-z0-9_-]*)\.(?=[a-z])")

# A Chinese character.
CHINESE = re.compile(r"[\u3400-\u9fff]")

_SIMPLIFIED = str.maketrans(TRADITIONAL, SIMPLIFIED)


def fold(name: str) -> str:
    """A key that is equal for two spellings of one name.

    Case, width, composition of accents, spaces and traditional forms of characters in vendors' names are ignored.
    """
    return " ".join(unicodedata.normalize("NFKC", name).casefold().translate(_SIMPLIFIED).split())


_BY_SPELLING: Mapping[str, KnownVendor] = MappingProxyType(
    {
        fold(spelling): vendor
        for vendor in reversed(KNOWN_VENDORS)
        for spelling in (*vendor.aliases, vendor.name, vendor.slug)
    }
)
_BY_SLUG = {vendor.slug: vendor for vendor in KNOWN_VENDORS}
_BY_WORD = {**{fold(name): _BY_SLUG[slug] for name, slug in FAMILY_NAMES.items()}, **_BY_SPELLING}
_PLATFORMS = {fold(name): _BY_SLUG[slug] for name, slug in PLATFORMS.items()}
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


def usual_chinese_name(name: str) -> str:
    """The Chinese name of the vendor with this name; empty if it has none, or if the name is Chinese already."""
    vendor = known_vendor(name)
    return "" if CHINESE.search(name) else CHINESE_NAMES.get(vendor.slug if vendor else fold(name), "")


def platforms_of(vendor: KnownVendor) -> list[str]:
    """The names of the platforms of this vendor, such as 百炼."""
    return [name for name, slug in PLATFORMS.items() if slug == vendor.slug]


def is_family(name: str, vendor: KnownVendor) -> bool:
    """Whether a name is, or ends with, what ids of this vendor's models start with, such as gemini or Amazon Nova."""
    word = fold(name).split()[-1]
    return FAMILY_NAMES.get(word) == vendor.slug or any(
        re.fullmatch(pattern, start) for pattern in vendor.families for start in (word, f"{word}-")
    )


def vendor_key(name: str) -> str:
    """A key that is equal for all spellings of a known vendor; the folded name for any other.

    The platforms of a vendor have a key of their own, unless their name is one of its spellings.
    """
    stated = vendor_of_name(name)
    vendor = known_vendor(name) or (None if stated.is_platform else stated.vendor)
    return vendor.slug if vendor else fold(name)


@dataclass(frozen=True)
class StatedVendor:
    """The vendor of a model as a document states it.

    `is_platform`: the platform of this vendor, which serves models of others, too. `is_none`: not a vendor, such as a
    reseller.
    """

    vendor: KnownVendor | None
    is_platform: bool = False
    is_none: bool = False


@lru_cache(maxsize=4096)
def vendor_of_name(name: str) -> StatedVendor:
    """The vendor that people mean by a name, also with what they write around it: `Azure-OpenAI`, `智谱清言（官方）`.

    Without a vendor if a part of the name is not known, or if it names several vendors.
    """
    words = _words(fold(name))
    if words is None:
        return StatedVendor(None)
    platforms = {_PLATFORMS[word] for word in words if word in _PLATFORMS}
    vendors = {_BY_WORD[word] for word in words if word in _BY_WORD and word not in _PLATFORMS}
    # Hosts are vendors of few models: in `Azure-OpenAI` it is OpenAI.
    vendors = {vendor for vendor in vendors if vendor.slug not in HOSTS} or vendors
    if len(vendors | platforms) == 1:
        return StatedVendor(next(iter(vendors | platforms)), is_platform=bool(platforms))
    if len(vendors) == 1:
        return StatedVendor(next(iter(vendors)))
    return StatedVendor(None, is_none=not vendors and not platforms)


def _words(folded: str) -> list[str] | None:
    """The known words of a folded name, the longest possible ones; None if it contains others."""
    words, place = [], 0
    while place < len(folded):
        match = _WORD.match(folded, place)
        if match is None:
            return None
        words.append(match[0])
        place = match.end()
    return words


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


def _word_pattern() -> re.Pattern[str]:
    """A known word, the longest first, or one sign between words."""
    known = {*_BY_WORD, *_PLATFORMS, *map(fold, NO_VENDORS), *map(fold, DECORATIONS)}
    longest_first = sorted(known, key=lambda word: (-len(word), word))
    return re.compile("|".join([*map(_whole, longest_first), r"[\W_]"]))


def _whole(word: str) -> str:
    """The word as a regular expression that does not match a part of a longer Latin word or number."""
    before, after = (_same_kind(sign) for sign in (word[0], word[-1]))
    return f"{before and f'(?<!{before})'}{re.escape(word)}{after and f'(?!{after})'}"


def _same_kind(sign: str) -> str:
    """The signs that would continue a word with this one; Chinese words follow each other without a space."""
    return "[0-9]" if sign.isdigit() else "[a-z]" if sign.isascii() else ""


_WORD = _word_pattern()


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
