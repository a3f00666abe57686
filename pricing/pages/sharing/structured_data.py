"""Models and lists as objects of schema.org, with prices exactly as published. Imports no models."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from catalog.exact import digits
from catalog.prices import Line, Sheet
from pricing.engine.formatting import amounts, lines
from pricing.engine.headline import headline, reads_as_free

CONTEXT = "https://schema.org"
IN_STOCK, DISCONTINUED = "https://schema.org/InStock", "https://schema.org/Discontinued"
MOST_OFFERS = 12

Thing = Mapping[str, Any]


def product(
    *, name: str, title: str, vendor: str, description: str, url: str, image: str, sheet: Sheet | None, is_retired: bool
) -> Thing:
    """A model as a product; it has offers only if its price is known, and one without a price if it has retired."""
    if is_retired:
        offers = [{"@type": "Offer", "availability": DISCONTINUED, "url": url}]
    else:
        prices = price_specifications(sheet) if sheet else ()
        offers = [{"@type": "Offer", **price, "availability": IN_STOCK, "url": url} for price in prices]
    return {
        "@context": CONTEXT,
        "@type": "Product",
        "name": title,
        "productID": name,
        "sku": name,
        "description": description,
        "brand": {"@type": "Brand", "name": vendor},
        "url": url,
        "image": image,
        **({"offers": offers} if offers else {}),
    }


def price_specifications(sheet: Sheet) -> Iterator[Thing]:
    """The price of each thing that is paid for in every request; of the headline if there is none.

    Nothing for an unknown price. A figure of 0 is there only beside a paid one, or if the model is free.
    """
    if sheet.state not in ("priced", "free"):
        return
    sheet = sheet.folded()
    plain = {(line.meter, line.unit): line for line in sheet.lines if line.is_plain and not line.has_own_meter}
    chosen = sorted((line for line in plain.values() if line.amount is not None), key=lines.usual_place)
    if not chosen or reads_as_free(sheet, [line.amount or Decimal(0) for line in chosen]):
        chosen = [line for line in [headline(sheet)] if line.amount is not None]
    if sheet.state == "free":
        yield {"price": "0", "priceCurrency": sheet.currency}
        return
    for line in chosen[:MOST_OFFERS]:
        yield {
            "name": lines.label(line),
            "price": digits(amounts.shown_amount(line)),
            "priceCurrency": sheet.currency,
            "priceSpecification": _unit_price(line, sheet.currency),
        }


def _unit_price(line: Line, currency: str) -> Thing:
    """The price for as many units as it is published for: 1,000,000 tokens."""
    return {
        "@type": "UnitPriceSpecification",
        "price": digits(amounts.shown_amount(line)),
        "priceCurrency": currency,
        "unitText": line.unit,
        "referenceQuantity": {
            "@type": "QuantitativeValue",
            "value": amounts.shown_per(line),
            "unitText": line.unit,
        },
    }


def breadcrumbs(steps: Iterable[tuple[str, str]]) -> Thing:
    """(name, address) of the pages on the way to this one, and of this one."""
    return {
        "@context": CONTEXT,
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": place, "name": name, "item": url}
            for place, (name, url) in enumerate(steps, start=1)
        ],
    }


def website(*, name: str, url: str) -> Thing:
    return {
        "@context": CONTEXT,
        "@type": "WebSite",
        "name": name,
        "url": url,
        "potentialAction": {
            "@type": "SearchAction",
            "target": {"@type": "EntryPoint", "urlTemplate": f"{url}?q={{search_term_string}}"},
            "query-input": "required name=search_term_string",
        },
    }


def item_list(*, name: str, number: int, models: Sequence[tuple[str, str]]) -> Thing:
    """A list of so many models, with (title, address) of the first ones."""
    return {
        "@context": CONTEXT,
        "@type": "ItemList",
        "name": name,
        "numberOfItems": number,
        "itemListElement": [
            {"@type": "ListItem", "position": place, "name": title, "url": url}
            for place, (title, url) in enumerate(models, start=1)
        ],
    }
