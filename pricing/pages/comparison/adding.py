"""The search of the comparison: models that can be added to those that are compared."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import get_language

from catalog.models import AIModel
from pricing.pages.listing.catalog import catalog_of
from pricing.pages.listing.search import Search
from pricing.pages.visitor import Visitor

MOST_FOUND = 8


@dataclass(frozen=True)
class Candidate:
    """A model that was found; `link` is the comparison with it as the last column."""

    name: str
    title: str
    vendor: str
    link: str


@dataclass(frozen=True)
class Adding:
    """The search, what it found, and whether there is room for another column."""

    text: str
    names: tuple[str, ...]
    found: tuple[Candidate, ...]
    has_room: bool


def adding(text: str, models: Sequence[AIModel], visitor: Visitor, *, has_room: bool) -> Adding:
    """The first models that the text finds, without those that are compared already."""
    names = tuple(model.name for model in models)
    search = Search.from_query({"q": text})
    found = catalog_of(visitor).found(search) if search.q and has_room else []
    cards = [card for card in found if card.name not in names][:MOST_FOUND]
    language = get_language()
    candidates = tuple(
        Candidate(card.name, card.title, card.vendor.name_in(language), _link([*names, card.name], visitor))
        for card in cards
    )
    return Adding(search.q, names, candidates, has_room)


def _link(names: Sequence[str], visitor: Visitor) -> str:
    return visitor.link(reverse("compare"), *(("m", name) for name in names))
