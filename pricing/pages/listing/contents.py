"""What the page of the list and its fragment show: the two templates have the same variables."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from pricing.engine.formatting import amounts
from pricing.pages.listing.catalog import Page, catalog_of
from pricing.pages.listing.columns import EXTRA, columns_of
from pricing.pages.listing.filters import orders, selects
from pricing.pages.listing.orders import is_descending, label_of, reverse_of
from pricing.pages.listing.rows import rows_of
from pricing.pages.listing.search import Search
from pricing.pages.responses import HEAD, ROWS, Context
from pricing.pages.sharing.heads import LISTED_ITEMS, list_head
from pricing.pages.vendors.icons import mark
from pricing.pages.visitor import Visitor

# The page, and the part of it that a search changes.
LIST, FRAGMENT = "pricing/pages/catalog.html", "pricing/pages/results.html"
# A page with appended rows stays below so many elements; after that, a link leads to the next page.
MOST_ELEMENTS = 3000


@dataclass(frozen=True)
class Head:
    """The header of a column: `order` is its value of aria-sort, `link` the address of the list in its order.

    `hint` says which order that is.
    """

    name: str
    label: str
    is_hidden: bool
    link: str = ""
    order: str = ""
    hint: str = ""


def list_context(visitor: Visitor, search: Search, *, site: str) -> Context:
    """The language of the visitor is active; `site` is the address of the page's own site."""
    catalog = catalog_of(visitor)
    page = Page.of(catalog, search)
    rows = rows_of(page.cards, catalog.models, visitor)

    def address(search: Search | None) -> str:
        return visitor.link("/", *search.parameters) if search else ""

    vendor = catalog.vendors.get(search.vendor)
    return {
        HEAD: list_head(
            visitor,
            page.search.parameters,
            site=site,
            models=[(card.name, card.title) for card in page.cards[:LISTED_ITEMS]],
            number=page.total,
            vendors=len(catalog.vendors),
            vendor=vendor.name_in(visitor.language) if vendor else "",
        ),
        ROWS: rows,
        "page": page,
        "vendor_mark": mark(vendor.slug, vendor.name_in(visitor.language), vendor.icon) if vendor else "",
        "vendor_name": vendor.name_in(visitor.language) if vendor else "",
        "number_of_models": len(catalog.cards),
        "numbers": {
            "models": amounts.number(len(catalog.cards)),
            "total": amounts.number(page.total),
            "first": amounts.number(page.first),
            "last": amounts.number(page.last),
        },
        "search": page.search,
        "address": address(page.search),
        "previous": address(page.previous),
        "next": address(page.next),
        "fragment": "/results",
        "has_stars": any(b"<b>*</b>" in row for row in rows),
        "heads": heads(visitor, page.search),
        # The fragment does not show them.
        "selects": lambda: selects(catalog.tallies, catalog.vendors, catalog.endpoints, page.search),
        "orders": lambda: orders(page.search),
        "columns": lambda: [(name, _(column.header), name in visitor.columns) for name, column in EXTRA.items()],
        "is_open": bool(page.search.filters),
        "most_elements": MOST_ELEMENTS,
    }


def heads(visitor: Visitor, search: Search) -> list[Head]:
    """The headers of the columns. The header of the chosen order turns it around."""
    found: list[Any] = []
    for column in columns_of(visitor.columns):
        label = _(column.header)
        if not column.sort:
            found.append(Head(column.name, label, column.is_hidden))
            continue
        is_chosen = search.sort.removeprefix("-") == column.sort
        sort = reverse_of(search.sort) if is_chosen else column.sort
        order = ("descending" if is_descending(search.sort) else "ascending") if is_chosen else ""
        link = visitor.link("/", *search.having(sort=sort).parameters)
        found.append(Head(column.name, label, column.is_hidden, link, order, _(label_of(sort))))
    return found
