"""The definitions of the verification: which prices it compares, which books count, and when books outweigh a price.

First-party: a price counts as the vendor's own if the model's id names no other host: `gpt-5`, `openai/gpt-5` and
`xai/grok-4`, but not `azure/gpt-5` or `us.anthropic.claude-opus-5`. Books with providers (models.dev, genai-prices) say
who offers each row, and their readers mark the vendor's own; other books (LiteLLM) say it by the id. OpenRouter resells
every model. It usually charges the vendor's price, but a host sets the price of an open model, so it confirms and
contradicts only together with another book.

Independent: books that copy each other are one family and have one vote. llm-metadata is made from models.dev.

Quorum: at least two families state the same other figure, at least one of them in a vendor's own row, and more families
state it than state ours. A book that is too old has no vote.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from catalog.vendor_matching import DOTTED, GEOGRAPHY, known_vendor, vendor_of_model, vendor_of_segment

SMALLEST_QUORUM = 2
# A document that was last fetched more days ago is too old to count, unless other days are chosen.
MOST_DAYS = 30
# Vertex's spelling of a version, e.g. claude-haiku-4-5@20251001.
AT_VERTEX = "@"
# The vendors whose own hosts Bedrock and Vertex are.
BEDROCK, VERTEX = "amazon", "google"


@dataclass(frozen=True)
class PublicBook:
    """A public price book: its reader, its name for visitors, and its family."""

    reader: str
    name: str
    family: str
    is_reseller: bool = False


BOOKS = {
    book.reader: book
    for book in (
        PublicBook("litellm", "LiteLLM", "litellm"),
        PublicBook("genai_prices", "genai-prices", "genai_prices"),
        PublicBook("models_dev", "models.dev", "models_dev"),
        PublicBook("openrouter", "OpenRouter", "openrouter", is_reseller=True),
        PublicBook("llm_metadata", "llm-metadata", "models_dev"),
    )
}
# The books that are compared unless others are chosen.
USUAL_BOOKS = ("litellm", "genai_prices", "models_dev", "openrouter")


@dataclass(frozen=True)
class Vote:
    """What a book says about one figure: a key that is equal for equal figures."""

    book: PublicBook
    figure: object


def is_vendors_own(name: str) -> bool:
    """Whether the id of a model names no host other than the model's vendor."""
    *path, bare = name.casefold().split("/")
    vendor = vendor_of_model(bare) or vendor_of_model(name)
    slug = vendor.slug if vendor else ""
    authors = [vendor_of_segment(segment.lstrip("~")) for segment in path]
    if any(author is None or author.slug != slug for author in authors):
        return False
    if GEOGRAPHY.match(bare) or (AT_VERTEX in bare and slug != VERTEX):
        return False
    author = DOTTED.match(bare)
    return author is None or known_vendor(author[1]) is None or slug == BEDROCK


def outweighing_figure(ours: object, votes: Iterable[Vote]) -> object | None:
    """The figure of a quorum that disagrees with ours; None if there is no such quorum."""
    families: dict[object, dict[str, bool]] = {}
    for vote in votes:
        of_figure = families.setdefault(vote.figure, {})
        of_figure[vote.book.family] = of_figure.get(vote.book.family, False) or not vote.book.is_reseller
    supporters = len(families.pop(ours, {}))
    for figure, voters in families.items():
        if len(voters) >= SMALLEST_QUORUM and any(voters.values()) and len(voters) > supporters:
            return figure
    return None
