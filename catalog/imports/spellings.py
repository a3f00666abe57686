"""Spellings of one id: `gpt-4o`, `openai/gpt-4o` and `GPT-4o` are the same model at the same vendor. Imports no models.

Only the vendor's own name, case and the dots of versions may differ. An id of a host is another spelling for
catalog/imports/resolving.py, which suggests models, but not here: hosts have prices of their own.
"""

from catalog.imports.resolving import DOTTED_VERSION
from catalog.vendor_matching import HOST_SEGMENTS, HOSTS, vendor_of_model, vendor_of_segment


def spelling_of(name: str) -> str:
    """A key that is equal for all spellings of an id."""
    text = name.casefold()
    while "/" in text:
        first, _, rest = text.partition("/")
        vendor = vendor_of_segment(first)
        if vendor is None or not rest:
            break
        model_vendor = vendor_of_model(rest)
        is_host = first in HOST_SEGMENTS or vendor.slug in HOSTS
        # A vendor that also serves other vendors' models is only left out before its own.
        if model_vendor.slug != vendor.slug if model_vendor else is_host:
            break
        text = rest
    return DOTTED_VERSION.sub("-", text)
