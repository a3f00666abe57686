"""Several models side by side: one column a model, one row a fact or a price."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from catalog.models import AIModel
from catalog.prices import Line, Sheet
from pricing.pages import formatting
from pricing.pages.listing.cards import prices
from pricing.pages.model_page import facts_of
from pricing.pages.price_tables import Figure, conditional_figures, heading, is_by_rules, price_table, standard_figures
from pricing.pages.price_tags import price_tag, state_of
from pricing.pages.visitor import Visit
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
        "facts": table([{label: (fact,) for label, fact in facts_of(model)} for model in models]),
        "conditions": table([conditions(sheets.get(model.pk)) for model in models]),
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
        return {_("Price"): (formatting.state(state),)}
    single = price_tag(sheet).single
    found = standard_figures(sheet)
    if is_by_rules(sheet) or not found:
        return {_("Price"): (single,)}
    return {f"{figure.label}, {figure.per}": (figure.price,) for figure in found}


def conditions(sheet: Sheet | None) -> dict[str, Cell]:
    """The prices that count on conditions, a row a case, and what is said beside all prices.

    The cases of a table of rules are one cell: they are many, and another model seldom has the same.
    """
    if sheet is None or state_of(sheet) != "priced":
        return {}
    if is_by_rules(sheet):
        lines = [line for line in sheet.lines if line.kind == "absolute"]
        return {_("All prices"): tuple(_rule(line, sheet.currency) for line in lines)} | _remarks(sheet)
    cases = {
        case: tuple(f"{figure.label} {figure.price}{_unless_usual(figure)}" for figure in found)
        for case, found in conditional_figures(sheet).items()
    }
    return cases | _remarks(sheet)


def _remarks(sheet: Sheet) -> dict[str, Cell]:
    remarks = price_table(sheet).remarks
    return {_("Also"): remarks} if remarks else {}


def _rule(line: Line, currency: str) -> str:
    price = f"{formatting.price(line, currency)} {formatting.per(line)}"
    case = formatting.all_conditions(line.conditions)
    return f"{heading(case)}: {price}" if case else price


def _unless_usual(figure: Figure) -> str:
    return "" if figure.per == _("per million tokens") else f" {figure.per}"


def _without(model: AIModel, models: Sequence[AIModel], visit: Visit) -> str:
    return visit.link(reverse("compare"), *(("m", other.name) for other in models if other is not model))
