"""The rows of the list, stored as they are shown: a row is rendered again only if its model or price has changed."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import islice
from urllib.parse import quote

from django.urls import reverse
from django.utils.http import RFC3986_SUBDELIMS

from catalog import caches
from catalog.db.revision import version_of
from pricing.pages.listing.columns import Entry, row_of
from pricing.pages.listing.prices import prices
from pricing.pages.listing.search import Card
from pricing.pages.price_tags import PriceTag, price_tag
from pricing.pages.vendors.icons import mark
from pricing.pages.visitor import Visitor
from pricing.published.prices import Priced
from pricing.published.rendered import PriceState

# The rows of all kinds together, with about a kilobyte each.
MOST_ROWS = 20_000
# The last states of each kind: a request whose snapshot is older than that of others finds its own.
REMEMBERED = 2

Rows = dict[int, bytes]
Render = Callable[[Sequence[Card]], Mapping[int, bytes]]


class StoredRows:
    """Kind -> the rows that were shown in the last states of the prices; safe between threads.

    A kind is everything that a row depends on beside the state. Unlike RenderedModels it renders only what is shown.
    """

    def __init__(self, most_rows: int = MOST_ROWS) -> None:
        self.most_rows = most_rows
        self._kinds: OrderedDict[Hashable, OrderedDict[PriceState, Rows]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, kind: Hashable, state: PriceState, cards: Sequence[Card], render: Render) -> list[bytes]:
        """The rows of these cards in a state, which must be the one that `render` reads."""
        rows = self._rows(kind, state)
        shown = {card.key: rows[card.key] for card in cards if card.key in rows}
        missing = [card for card in cards if card.key not in shown]
        if missing:
            rendered = render(missing)
            shown |= rendered
            self._store(rows, rendered)
        return [shown[card.key] for card in cards]

    def clear(self) -> None:
        with self._lock:
            self._kinds.clear()

    def _rows(self, kind: Hashable, state: PriceState) -> Rows:
        """The stored rows of the state: new ones begin with those of the last state that are still valid."""
        with self._lock:
            states = self._kinds.setdefault(kind, OrderedDict())
            self._kinds.move_to_end(kind)
            rows = states.get(state)
            last, values = next(reversed(states.items()), (None, Rows()))
        if rows is None:
            changed = None if last is None else state.models_changed(last)
            rows = {} if changed is None else {key: row for key, row in [*values.items()] if key not in changed}
            with self._lock:
                rows = states.setdefault(state, rows)
                while len(states) > REMEMBERED:
                    states.popitem(last=False)
        return rows

    def _store(self, rows: Rows, rendered: Mapping[int, bytes]) -> None:
        with self._lock:
            rows |= rendered
            while len(self._kinds) > 1 and self._count() > self.most_rows:
                self._kinds.popitem(last=False)
            # One kind alone: its first rows.
            for key in [*islice(rows, max(self._count() - self.most_rows, 0))]:
                del rows[key]

    def _count(self) -> int:
        return sum(len(rows) for states in self._kinds.values() for rows in states.values())


STORED_ROWS = caches.register(StoredRows())


def rows_of(cards: Sequence[Card], models: Mapping[int, Priced], visitor: Visitor) -> list[bytes]:
    """The rows of these cards; `models` are those of the list by their keys. The language is active."""
    pages = reverse("model-page", args=["x"]).removesuffix("x")

    extra, language = visitor.columns, visitor.language
    vendors = {
        vendor.slug: (
            visitor.link("/", ("vendor", vendor.slug)),
            mark(vendor.slug, vendor.name_in(language), vendor.icon),
        )
        for vendor in {card.vendor.slug: card.vendor for card in cards}.values()
    }

    def render(missing: Sequence[Card]) -> Mapping[int, bytes]:
        sheets = prices([models[card.key] for card in missing], visitor.public, visitor)
        return {card.key: row_of(entry_of(card, price_tag(sheets.get(card.key))), extra) for card in missing}

    def entry_of(card: Card, tag: PriceTag) -> Entry:
        # As `reverse` quotes it.
        address = visitor.link(pages + quote(card.name, safe=RFC3986_SUBDELIMS + "/~:@"))
        is_deprecated = card.deprecated_on is not None and card.deprecated_on <= visitor.day
        return Entry(card, tag, address, *vendors[card.vendor.slug], is_deprecated)

    kind = (visitor.language, visitor.group, visitor.choices)
    return STORED_ROWS.get(kind, PriceState.of(version_of(visitor.counters), at=visitor.at), cards, render)
