"""The spellings of a vendor that find its models. Imports no models."""

from functools import lru_cache

from catalog.search.folding import fold_name
from catalog.vendor_matching import is_family, known_vendor, platforms_of, vendor_of_name, vendor_of_segment
from catalog.vendor_names import CHINESE_NAMES


@lru_cache(maxsize=1024)
def spellings_of(slug: str, name: str, *others: str) -> frozenset[str]:
    """The folded spellings of the vendor with this slug and these names: its own, and those of a known vendor.

    Names of its model families are not among them, because the ids of models contain these: `gemini` finds the models
    with this name, and not all models of Google.
    """
    known = next(filter(None, map(known_vendor, (slug, name, *others))), None)
    names = {slug, name, CHINESE_NAMES.get(slug, "")}
    more = set(others)
    if known is not None:
        names |= {known.slug, known.name, CHINESE_NAMES.get(known.slug, "")}
        more |= {*known.aliases, *filter(_is_chinese, platforms_of(known))}
        more = {spelling for spelling in more if spelling and not is_family(spelling, known)}
    return frozenset(filter(None, map(fold_name, names | more)))


def meant_vendor(part: str) -> str:
    """The slug of the vendor that part of a search names with other words around it: 智谱官方. Empty for none."""
    vendor = vendor_of_name(part).vendor
    return vendor.slug if vendor else ""


def author(segment: str) -> str:
    """The slug of the vendor that a segment of an id's path names: meta-llama/… Empty for none."""
    vendor = vendor_of_segment(segment.casefold())
    return vendor.slug if vendor else ""


def _is_chinese(name: str) -> bool:
    return not name.isascii()
