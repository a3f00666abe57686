"""What the image of a model or of the site says, in English."""

from django.conf import settings
from django.utils import translation

from catalog.models import AIModel
from catalog.prices import MILLION, SIDES, Sheet
from pricing.engine.formatting import amounts, labels
from pricing.engine.formatting.price_words import fee_prices, price_words, side_prices
from pricing.pages.sharing.image import Card, drawable

DEFAULT_NAME = "Modelbook"


def model_card(model: AIModel, sheet: Sheet | None, *, is_retired: bool) -> Card:
    """The card of a model with its current price."""
    title = drawable(model.title, model.name) or drawable(model.vendor.name, model.vendor.slug)
    vendor, name = drawable(model.vendor.name, model.vendor.slug), drawable(model.name)
    parts = [part for part in (vendor, name) if part and part != title]
    with translation.override("en"):
        figures = () if is_retired else _figures(sheet)
        note = _note(sheet) if figures else price_words(sheet, is_retired=is_retired)
    return Card(title, " · ".join(parts), figures, drawable(note), site_name())


def site_card() -> Card:
    """The card of all pages that are not about one model."""
    return Card("AI models and prices", "", (), "Search, filter and compare", site_name())


def site_name() -> str:
    return drawable(settings.SITE_NAME) or DEFAULT_NAME


def _figures(sheet: Sheet | None) -> tuple[tuple[str, str], ...]:
    """The prices of input and output tokens, if these are the headline."""
    if sheet is None or sheet.state != "priced":
        return ()
    prices = side_prices(sheet.folded())
    return tuple((labels.meter(side), drawable(prices[side])) for side in SIDES if side in prices)


def _note(sheet: Sheet | None) -> str:
    """What the figures are paid for, and the fees that each call pays beside them."""
    fees = fee_prices(sheet.folded()) if sheet else []
    return " + ".join([amounts.per_units("token", MILLION), *fees])
