"""Who made a model, told from its id, and which spellings of a maker are one. Imports no models.

An id says who hosts a model at least as often as who made it: azure/gpt-4o is OpenAI's, bedrock/anthropic.claude-… is
Anthropic's. So an author's segment in the path counts first, the first one too unless hosts write themselves there,
then the family at the start of the bare id, and only then the host, where that makes models itself. What none of them
knows stays unknown; nothing is guessed from the middle of a name, where `o1` or `grok` may stand by chance.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from catalog.vendor_names import MAKERS, Maker

# Hosts put these before the id itself.
GEOGRAPHY = re.compile(r"^(?:us|eu|apac|jp|au|ca|sa|me|il|global|us-gov)\.")
PREFIXES = re.compile(r"^(?:ft:|databricks-|meta-textgeneration-|hf:|fw-|coding-|cc-|~)")
DOTTED = re.compile(r"^([a-z][a-z0-9_-]*)\.(?=[a-z])")


def fold(name: str) -> str:
    """The form in which two spellings of one name are equal: case, width, accents' composition and spaces ignored."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


_BY_SPELLING: Mapping[str, Maker] = MappingProxyType(
    {fold(spelling): maker for maker in reversed(MAKERS) for spelling in (*maker.aliases, maker.name, maker.slug)}
)
_BY_SEGMENT: Mapping[str, Maker] = MappingProxyType({segment: maker for maker in MAKERS for segment in maker.segments})
_FAMILIES = tuple((re.compile("|".join(maker.families)), maker) for maker in MAKERS if maker.families)


def known_maker(name: str) -> Maker | None:
    """The maker that a vendor's name stands for, in any of its spellings."""
    return _BY_SPELLING.get(fold(name))


def maker_key(name: str) -> str:
    """The same for all spellings of one maker that are known, else the folded name."""
    maker = known_maker(name)
    return maker.slug if maker else fold(name)


# First segments under which their makers sell what others made, too.
HOST_SEGMENTS = frozenset({"alibaba", "dashscope", "nvidia_nim", "perplexity", "qwencloud", "snowflake", "volcengine"})


@lru_cache(maxsize=8192)
def maker_of(model: str) -> Maker | None:
    """Who made the model with this id; None where the id does not tell."""
    *path, bare = model.casefold().split("/")
    for segment in reversed(path):
        if (maker := _BY_SEGMENT.get(segment.lstrip("~"))) and (segment != path[0] or segment not in HOST_SEGMENTS):
            return maker
    bare = PREFIXES.sub("", GEOGRAPHY.sub("", bare))
    dotted = DOTTED.match(bare)
    if dotted and (maker := _BY_SEGMENT.get(dotted[1])):
        return maker
    parts = (bare, *reversed(path[1:]))
    family = next((maker for part in parts for pattern, maker in _FAMILIES if pattern.match(part)), None)
    return family or _by_first_word(bare) or (_BY_SEGMENT.get(path[0].lstrip("~")) if path else None)


# Makers that sell other makers' models too: of theirs only what its id names is their own.
HOSTS = frozenset({"amazon", "databricks", "groq", "huggingface", "microsoft", "nvidia", "snowflake", "vercel"})


def is_first_party(provider: str, model: str) -> bool:
    """Whether who sells the model under this name is its maker, so that its price is the list price."""
    seller, maker = known_maker(provider), maker_of(model)
    if seller is None:
        return False
    return maker.slug == seller.slug if maker else seller.slug not in HOSTS


def _by_first_word(bare: str) -> Maker | None:
    """openai-something and cohere-something name their maker as plainly as a path does."""
    word, dash, _ = bare.partition("-")
    return _BY_SEGMENT.get(word) if dash else None
