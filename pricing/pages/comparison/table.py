"""Several models side by side: a column for each model, a row for each fact or price."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from catalog.exact import of_one
from catalog.models import AIModel
from catalog.prices import Line, Sheet
from pricing.engine.formatting import amounts, labels
from pricing.engine.formatting.conditions import conditions
from pricing.pages.comparison.adding import adding
from pricing.pages.formatting import heading
from pricing.pages.model_page.details import current_prices
from pricing.pages.model_page.facts import facts_of, has_input_limit
from pricing.pages.price_tables import Figure, conditional_figures, is_by_rules, price_table, standard_figures
from pricing.pages.price_tags import price_tag, state_of
from pricing.pages.vendors.icons import mark_of
from pricing.pages.visitor import Visitor
from tokens.access.visibility import PriceListing

MAX_COLUMNS = 6


@dataclass(frozen=True)
class Cell:
    """The lines of a cell; `amount` is its price in US dollars, None where there is none or no rate is known."""

    lines: tuple[str, ...] = ()
    amount: Decimal | None = None


@dataclass(frozen=True)
class Row:
    """A fact or price of all columns; `cheapest` are the places of the lowest prices, if there are higher ones."""

    label: str
    cells: tuple[Cell, ...]
    cheapest: frozenset[int] = frozenset()

    @property
    def differs(self) -> bool:
        """Whether the columns do not all say the same."""
        return len({cell.lines for cell in self.cells}) > 1

    @property
    def columns(self) -> list[tuple[Cell, bool]]:
        """Each cell, and whether it is the cheapest."""
        return [(cell, place in self.cheapest) for place, cell in enumerate(self.cells)]


@dataclass(frozen=True)
class Column:
    model: AIModel
    address: str
    # The same comparison without this model.
    without: str

    @property
    def heading(self) -> str:
        return heading(self.model.name, self.model.title)

    @property
    def mark(self) -> str:
        return mark_of(self.model)


def comparison(names: Sequence[str], visitor: Visitor, *, text: str = "") -> dict[str, Any]:
    """The context of the page; names of models that visitors do not see are ignored.

    The models stay in the order in which they were added. `text` searches for more of them.
    """
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
        "adding": adding(text, models, visitor, has_room=len(models) < MAX_COLUMNS),
        "facts": table([facts(model, shows_input_limit=any(map(has_input_limit, models))) for model in models]),
        "conditions": table([conditional_prices(sheets.get(model.pk)) for model in models]),
        "prices": table([prices_of(model, sheets.get(model.pk), visitor) for model in models]),
    }


def table(columns: Sequence[Mapping[str, Cell]]) -> list[Row]:
    """A row for each label of any column, in the order in which the labels first appear."""
    labels = dict.fromkeys(label for column in columns for label in column)
    return [_row(label, tuple(column.get(label, Cell()) for column in columns)) for label in labels]


def _row(label: str, cells: tuple[Cell, ...]) -> Row:
    known = [cell.amount for cell in cells if cell.amount is not None]
    # A price that all the others equal is not the cheapest.
    if len(set(known)) < 2:
        return Row(label, cells)
    lowest = min(known)
    return Row(label, cells, frozenset(place for place, cell in enumerate(cells) if cell.amount == lowest))


def facts(model: AIModel, *, shows_input_limit: bool) -> dict[str, Cell]:
    return {fact.label: Cell((fact.value,)) for fact in facts_of(model, shows_input_limit=shows_input_limit)}


def prices_of(model: AIModel, sheet: Sheet | None, visitor: Visitor) -> dict[str, Cell]:
    if model.lifecycle(on=visitor.day) == AIModel.Lifecycle.RETIRED:
        return {_("Price"): Cell((labels.state("retired"),))}
    return standard_prices(sheet)


def standard_prices(sheet: Sheet | None) -> dict[str, Cell]:
    """Label -> the price without conditions; the state of a model that has no prices."""
    state = state_of(sheet)
    if sheet is None or state not in ("priced", "free"):
        return {_("Price"): Cell((labels.state(state),))}
    figures = standard_figures(sheet)
    if state == "free":
        # It is compared with prices, and is not only a word in a row of its own.
        return {_("Price"): Cell((labels.state(state),))} | {
            _label(figure): Cell((labels.state(state),), Decimal(0)) for figure in figures
        }
    if is_by_rules(sheet) or not figures:
        return {_("Price"): Cell((price_tag(sheet).single,))}
    cells = {_label(figure): Cell((figure.price,), _in_dollars(figure.line, sheet)) for figure in figures}
    if sheet.unknown_side:
        label = labels.join_clauses([labels.meter(sheet.unknown_side), amounts.per_tokens()])
        cells[label] = Cell((_("unknown"),))
    return cells


def _label(figure: Figure) -> str:
    """What a row prices, with its unit: Input, per million tokens."""
    return labels.join_clauses([figure.label, figure.per])


def _in_dollars(line: Line, sheet: Sheet) -> Decimal | None:
    """The amount of one unit in US dollars; None without a rate for the currency."""
    dollars = replace(sheet, lines=(line,)).in_dollars()
    amount = dollars.lines[0].amount if dollars else None
    return None if amount is None else of_one(amount, line.per)


def conditional_prices(sheet: Sheet | None) -> dict[str, Cell]:
    """Conditions -> the prices under them, and remarks.

    A table of rules is one cell: its rules are many, and other models seldom have the same ones.
    """
    if sheet is None or state_of(sheet) != "priced":
        return {}
    if is_by_rules(sheet):
        lines = [line for line in sheet.lines if line.kind == "absolute"]
        return {_("All prices"): Cell(tuple(_rule(line, sheet.currency) for line in lines))} | _remarks(sheet)
    cases = {
        case: Cell(tuple(_("%(what)s %(price)s") % {"what": figure.label, "price": figure.brief} for figure in figures))
        for case, figures in conditional_figures(sheet).items()
    }
    return cases | _remarks(sheet)


def _remarks(sheet: Sheet) -> dict[str, Cell]:
    remarks = price_table(sheet).remarks
    return {_("Other charges"): Cell(remarks)} if remarks else {}


def _rule(line: Line, currency: str) -> str:
    price = amounts.short_price_per(line, currency)
    case = conditions(line.conditions)
    return _("%(what)s: %(text)s") % {"what": labels.capitalized(case), "text": price} if case else price


def _without(model: AIModel, models: Sequence[AIModel], visitor: Visitor) -> str:
    return visitor.link(reverse("compare"), *(("m", other.name) for other in models if other is not model))
