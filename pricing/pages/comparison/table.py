"""Several models side by side: a column for each model, a row for each fact or price."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from catalog.models import AIModel
from catalog.prices import Line, Sheet
from pricing.engine.formatting import amounts, labels
from pricing.engine.formatting.conditions import conditions
from pricing.pages.model_page.details import current_prices
from pricing.pages.model_page.facts import facts_of, has_input_limit
from pricing.pages.price_tables import conditional_figures, is_by_rules, price_table, standard_figures
from pricing.pages.price_tags import price_tag, state_of
from pricing.pages.vendors.icons import mark_of
from pricing.pages.visitor import Visitor
from tokens.access.visibility import PriceListing

MAX_COLUMNS = 6
# The lines of a cell.
Cell = tuple[str, ...]


@dataclass(frozen=True)
class Column:
    model: AIModel
    address: str
    # The same comparison without this model.
    without: str

    @property
    def mark(self) -> str:
        return mark_of(self.model)


def comparison(names: Sequence[str], visitor: Visitor) -> dict[str, Any]:
    """The context of the page; names of models that visitors do not see are ignored."""
    listing = PriceListing(visitor.public.scope, visitor.at)
    visible = (listing.model(name, retired=True) for name in names)
    models = list({model.pk: model for model in visible if model is not None}.values())
    sheets = current_prices(models, visitor)
    columns = [
        Column(model, visitor.link(reverse("model-page", args=[model.name])), _without(model, models, visitor))
        for model in models
    ]
    return {
        "columns": columns,
        "more_link": visitor.link("/"),
        "facts": table([facts(model, shows_input_limit=any(map(has_input_limit, models))) for model in models]),
        "conditions": table([conditional_prices(sheets.get(model.pk)) for model in models]),
        "prices": table([prices_of(model, sheets.get(model.pk), visitor) for model in models]),
    }


def table(columns: Sequence[Mapping[str, Cell]]) -> list[tuple[str, list[Cell]]]:
    """A row for each label of any column, in the order in which the labels first appear."""
    labels = dict.fromkeys(label for column in columns for label in column)
    return [(label, [column.get(label, ()) for column in columns]) for label in labels]


def facts(model: AIModel, *, shows_input_limit: bool) -> dict[str, Cell]:
    return {fact.label: (fact.value,) for fact in facts_of(model, shows_input_limit=shows_input_limit)}


def prices_of(model: AIModel, sheet: Sheet | None, visitor: Visitor) -> dict[str, Cell]:
    if model.lifecycle(on=visitor.day) == AIModel.Lifecycle.RETIRED:
        return {_("Price"): (labels.state("retired"),)}
    return standard_prices(sheet)


def standard_prices(sheet: Sheet | None) -> dict[str, Cell]:
    """Label -> the price without conditions; the state of a model that has no prices."""
    state = state_of(sheet)
    if sheet is None or state != "priced":
        return {_("Price"): (labels.state(state),)}
    single = price_tag(sheet).single
    figures = standard_figures(sheet)
    if is_by_rules(sheet) or not figures:
        return {_("Price"): (single,)}
    cells: dict[str, Cell] = {labels.join_clauses([figure.label, figure.per]): (figure.price,) for figure in figures}
    if sheet.unknown_side:
        label = labels.join_clauses([labels.meter(sheet.unknown_side), amounts.per_tokens()])
        cells[label] = (_("unknown"),)
    return cells


def conditional_prices(sheet: Sheet | None) -> dict[str, Cell]:
    """Conditions -> the prices under them, and remarks.

    A table of rules is one cell: its rules are many, and other models seldom have the same ones.
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
