"""Several models side by side: one column a model, one row a fact or a price."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from catalog.models import AIModel
from pricing.book import Sheet
from pricing.pages import words
from pricing.pages.details import facts_of
from pricing.pages.shelf import prices
from pricing.pages.tables import price_table
from pricing.pages.tags import state_of, tag_of
from pricing.pages.visit import Visit
from tokens.visibility import Listing

# More columns than this nobody compares.
MOST = 6


@dataclass(frozen=True)
class Column:
    model: AIModel
    address: str
    # The same comparison without this model.
    without: str


def comparison(names: Sequence[str], visit: Visit) -> dict[str, Any]:
    """The comparison of the models that visitors see; the other names are passed over."""
    listing = Listing(visit.public.scope, visit.day)
    found = {model.pk: model for model in map(listing.model, names) if model is not None}
    models = list(found.values())
    sheets = prices(models, visit.public, visit)
    columns = [
        Column(model, visit.link(reverse("model-page", args=[model.name])), _without(model, models, visit))
        for model in models
    ]
    return {
        "columns": columns,
        "more_link": visit.link("/"),
        "facts": table([dict(facts_of(model)) for model in models]),
        "conditions": table([conditions(sheets.get(model.pk)) for model in models]),
        "prices": table([figures(sheets.get(model.pk)) for model in models]),
    }


def table(columns: Sequence[dict[str, str]]) -> list[tuple[str, list[str]]]:
    """Rows of what any column has, in the order in which the columns first name it."""
    labels = dict.fromkeys(label for column in columns for label in column)
    return [(label, [column.get(label, "") for column in columns]) for label in labels]


def figures(sheet: Sheet | None) -> dict[str, str]:
    """The prices that always count, each under its label; the state where there are none."""
    state = state_of(sheet)
    if sheet is None or state != "priced":
        return {_("Price"): words.state(state)}
    prices = price_table(sheet)
    if prices.grid is None:
        return {f"{figure.label}, {figure.per}": figure.price for figure in prices.figures}
    tag = tag_of(sheet)
    if tag.single:
        return {_("Price"): tag.single}
    per = _("per million tokens")
    shown = {f"{_('Input')}, {per}": tag.input, f"{_('Output')}, {per}": tag.output}
    shown |= {f"{figure.label}, {figure.per}": figure.price for figure in prices.figures}
    return shown


def conditions(sheet: Sheet | None) -> dict[str, str]:
    """When other prices count, for what is not a table of rules."""
    grid = price_table(sheet).grid if sheet and state_of(sheet) == "priced" else None
    if grid is None or grid.first_price != 1 or tag_of(sheet).single:
        return {}
    return {_("On conditions"): "; ".join(row[0] for row in grid.rows[1:])}


def _without(model: AIModel, models: Sequence[AIModel], visit: Visit) -> str:
    return visit.link(reverse("compare"), *(("m", other.name) for other in models if other is not model))
