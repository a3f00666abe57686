"""The OpenAPI 3.1 document of every public address: model lists, keys, prices, and the management API."""

from pricing.admin_api.openapi.part import document_part
from pricing.api.openapi import document as own_document
from tokens.openapi import Document

ABOUT = (
    "\n\nPrograms of operators use the management API below `/api/admin/v1`, with an admin key. Its addresses have no "
    "final slash, and browsers of other sites cannot read it."
)


def document() -> Document:
    """The whole document."""
    whole, part = own_document(), document_part()
    whole["info"]["description"] += ABOUT
    whole["tags"] += part["tags"]
    _extend(whole["paths"], part["paths"])
    for kind, named in part["components"].items():
        _extend(whole["components"].setdefault(kind, {}), named)
    return whole


def _extend(one: Document, other: Document) -> None:
    if both := one.keys() & other.keys():
        raise ValueError(f"The document would have two of these: {', '.join(sorted(both))}.")
    one.update(other)
