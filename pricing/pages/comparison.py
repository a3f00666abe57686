"""Several models side by side: one column a model, one row a fact or a price."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from catalog.models import AIModel
from catalog.prices import Line, Sheet
from pricing.engine.formatting import amounts, labels
from pricing.engine.formatting.conditions import conditions
from pricing.pages.listing.cards import prices
from pricing.pages.model_page import facts_of
from pricing.pages.price_tables import conditional_figures, is_by_rules, price_table, standard_figures
from pricing.pages.price_tags import price_tag, state_of
from pricing.pages.visitor import Visitor
from tokens.access.visibility import Listing

# More columns than this nobody compares.
MOST = 6
# What stands in a cell, line by line.
Cell = tuple[str, ...]


@dataclass(frozen=True)
class Column:
    model: AIModel
    address: str
    # The same comparison without this model.
    without: str


def comparison(names: Sequence[str], visitor: Visitor) -> dict[str, Any]:
    """The comparison of the models that visitors see; the other names are passed over."""
    listing = Listing(visitor.public.scope, visitor.day)
    found = {model.pk: model for model in map(listing.model, names) if model is not None}
    models = list(found.values())
    sheets = prices(models, visitor.public, visitor)
    columns = [
        Column(model, visitor.link(reverse("model-page", args=[model.name])), _without(model, models, visitor))
        for model in models
    ]
    return {
        "columns": columns,
        "more_link": visitor.link("/"),
        "facts": table([{label: (fact,) for label, fact in facts_of(model)} for model in models]),
        "conditions": table([conditional_prices(sheets.get(model.pk)) for model in models]),
        "prices": table([figures(sheets.get(model.pk)) for model in models]),
    }


def table(columns: Sequence[Mapping[str, Cell]]) -> list[tuple[str, list[Cell]]]:
    """Rows of what any column has, in the order in which the columns first name it."""
    labels = dict.fromkeys(label for column in columns for label in column)
    return [(label, [column.get(label, ()) for column in columns]) for label in labels]


def figures(sheet: Sheet | None) -> dict[str, Cell]:
    """The prices where no condition holds, each under its label; the state where there are none."""
    state = state_of(sheet)
    if sheet is None or state != "priced":
        return {_("Price"): (labels.state(state),)}
    single = price_tag(sheet).single
    found = standard_figures(sheet)
    if is_by_rules(sheet) or not found:
        return {_("Price"): (single,)}
    return {labels.join_clauses([figure.label, figure.per]): (figure.price,) for figure in found}


def conditional_prices(sheet: Sheet | None) -> dict[str, Cell]:
    """The prices that count on conditions, a row a case, and what is said beside all prices.

    The cases of a table of rules are one cell: they are many, and another model seldom has the same.
    """
    if sheet is None or state_of(sheet) != "priced":
        return {}
    if is_by_rules(sheet):
        lines = [line for line in sheet.lines if line.kind == "absolute"]
        return {_("All prices"): tuple(_rule(line, sheet.currency) for line in lines)} | _remarks(sheet)
    cases = {
        case: tuple(f"{figure.label} {figure.brief}" for figure in figures)
        for case, figures in conditional_figures(sheet).items()
    }
    return cases | _remarks(sheet)


def _remarks(sheet: Sheet) -> dict[str, Cell]:
    remarks = price_table(sheet).remarks
    return {_("Other charges"): remarks} if remarks else {}


def _rule(line: Line, currency: str) -> str:
    price = amounts.short_price_per(line, currency)
    case = conditions(line.conditions)
    return _("%(what)s: %(text)s") % {"what": labels.capitalized(case), "text": price} if case else price


def _without(model: AIModel, models: Sequence[AIModel], visitor: Visitor) -> str:
    return visitor.link(reverse("compare"), *(("m", other.name) for other in models if other is not model))
