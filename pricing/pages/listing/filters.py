"""The form above the list: a select for each facet, the context, the price and the order. Imports no models."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext as _

from catalog.exact import digits
from catalog.search.pinyin import syllable
from pricing.engine.formatting import amounts, capabilities, labels
from pricing.pages.formatting import endpoint_label, token_count
from pricing.pages.listing.orders import ORDERS, label_of
from pricing.pages.listing.search import CardVendor, Search

CONTEXTS = (32_000, 128_000, 200_000, 1_000_000)
PRICES = tuple(map(Decimal, ("0", "0.1", "0.5", "1", "3", "10")))
# Facet -> the words that can be chosen: those that people know. An address may have any word that a model has.
KNOWN = {
    "input": labels.MODALITIES.keys(),
    "output": labels.MODALITIES.keys(),
    "capability": capabilities.CAPABILITIES.keys(),
}
LABELS = {
    "vendor": (gettext_noop("Vendor"), gettext_noop("All vendors")),
    "endpoint": (gettext_noop("Endpoint"), gettext_noop("Any")),
    "input": (gettext_noop("Input types"), gettext_noop("Any")),
    "output": (gettext_noop("Output types"), gettext_noop("Any")),
    "capability": (gettext_noop("Capabilities"), gettext_noop("Any")),
    "tag": (gettext_noop("Tag"), gettext_noop("Any")),
}
# Type of billing -> its label, see headline.billing_type.
BILLING = {
    "tokens": gettext_noop("per token"),
    "call": gettext_noop("per call"),
    "image": gettext_noop("per image"),
    "second": gettext_noop("per second"),
    "other": gettext_noop("other units"),
}
# A filter with more options than this is hard to use and a large part of the page: the most frequent ones.
MOST_TAGS = 40
# Facet -> (word, number of models that have it).
Tallies = Mapping[str, Sequence[tuple[str, int]]]


@dataclass(frozen=True)
class Choice:
    value: str
    label: str
    is_chosen: bool
    count: int | None = None

    @property
    def text(self) -> str:
        return labels.with_detail(self.label, f"{self.count:,}") if self.count else self.label


@dataclass(frozen=True)
class Select:
    name: str
    label: str
    any: str
    options: tuple[Choice, ...]


def selects(
    tallies: Tallies, vendors: Mapping[str, CardVendor], endpoints: Mapping[str, str], search: Search
) -> list[Select]:
    """Every filter with the chosen option; a value from the address that is not an option is added.

    `vendors`: slug -> the vendor. `endpoints`: name of an endpoint type -> what it is called.
    """

    def label(facet: str, word: str) -> str:
        match facet:
            case "vendor":
                return vendors[word].name_in(get_language())
            case "endpoint":
                return endpoint_label(endpoints.get(word, "")) or word
            case "capability":
                return capabilities.label(word)
            case "input" | "output":
                return labels.modality(word)
        return word

    shown = {name: counted[:MOST_TAGS] if name == "tag" else counted for name, counted in tallies.items()}
    # Many catalogs have no tags.
    facet_selects = [
        _facet(name, counted, getattr(search, name), label)
        for name, counted in shown.items()
        if counted or name != "tag" or search.tag
    ]
    billing = tuple(Choice(name, _(label), name == search.billing) for name, label in BILLING.items())
    least = sorted({*CONTEXTS, *filter(None, [search.context])})
    most = sorted({*PRICES, *([] if search.price is None else [search.price])})
    contexts = tuple(Choice(str(number), f"≥ {token_count(number)}", number == search.context) for number in least)
    prices = tuple(
        Choice(digits(price), f"≤ {amounts.limit(price)}" if price else labels.state("free"), price == search.price)
        for price in most
    )
    return [
        *facet_selects,
        Select("billing", _("Billing"), _("Any"), billing),
        Select("context", labels.with_detail(_("Context"), labels.field_unit("token")), _("Any length"), contexts),
        Select("price", labels.with_detail(_("Input price"), amounts.per_tokens()), _("Any price"), prices),
    ]


def orders(search: Search) -> list[Choice]:
    """The orders, and the one that a header has turned around if it is chosen."""
    sorts = [*ORDERS] if search.sort in ORDERS else [*ORDERS, search.sort]
    return [Choice(sort, _(label_of(sort)), sort == search.sort) for sort in sorts]


def alphabetical(label: str) -> str:
    """Orders labels by their letters; Chinese ones by their pinyin."""
    return "".join(syllable(character) or character for character in label).casefold()


def _facet(
    name: str, counted: Sequence[tuple[str, int]], chosen: str, label_of_word: Callable[[str, str], str]
) -> Select:
    label, anything = LABELS[name]
    known = KNOWN.get(name)
    choices = [
        Choice(word, label_of_word(name, word), word == chosen, number)
        for word, number in counted
        if known is None or word in known
    ]
    if name == "vendor":
        choices.sort(key=lambda choice: alphabetical(choice.label))
    if chosen and not any(choice.is_chosen for choice in choices):
        number = next((number for word, number in counted if word == chosen), 0)
        choices.append(Choice(chosen, chosen, is_chosen=True, count=number))
    return Select(name, _(label), _(anything), tuple(choices))
