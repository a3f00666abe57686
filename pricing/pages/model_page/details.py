"""A model's page: its details, its past, current and announced prices, and code that calls it.

The page of a retired model has its past prices, and no calculator or code.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from catalog.models import AIModel
from catalog.prices import Sheet
from pricing.engine.formatting import amounts, labels
from pricing.engine.headline import headline
from pricing.pages.calculator.form import calculator
from pricing.pages.code_examples.examples import CodeExamples, code_examples
from pricing.pages.formatting import heading, plain_text
from pricing.pages.listing.prices import prices
from pricing.pages.model_page.facts import facts_of, has_input_limit
from pricing.pages.model_page.groups import group_table
from pricing.pages.model_page.history import steps_of
from pricing.pages.model_page.price_chart import plot_of
from pricing.pages.model_page.sources import fact_sources, price_sources
from pricing.pages.price_tables import Grid, PriceTable, price_table
from pricing.pages.price_tags import PriceTag, price_tag, state_of
from pricing.pages.vendors.icons import mark_of
from pricing.pages.visitor import Visitor
from pricing.verification.provenance import Evidence
from tokens.access.visibility import PriceListing


def details(
    model: AIModel, visitor: Visitor, evidence: Evidence, *, answers: Mapping[str, str], base: str
) -> dict[str, Any]:
    lifecycle = model.lifecycle(on=visitor.day)
    is_retired = lifecycle == AIModel.Lifecycle.RETIRED
    sheet = current_prices([model], visitor).get(model.pk)
    steps = steps_of(model, visitor.public, at=visitor.at)
    state = state_of(sheet)
    table = price_table(sheet) if sheet and state == "priced" else None
    listing = PriceListing(visitor.public.scope, visitor.at)
    successor = listing.successor(model)
    per_million_tokens = amounts.per_tokens()
    tag = price_tag(sheet)
    has_figures = bool(table and has_more_figures(table, tag))
    grid_leads = bool(table and table.grid and table.grid.unit in ("", per_million_tokens))
    facts = facts_of(model, shows_input_limit=has_input_limit(model))
    return {
        "model": model,
        "address": reverse("model-page", args=[model.name]),
        "mark": mark_of(model),
        "vendor": model.vendor.name_in(get_language()),
        "compare_link": visitor.link("/compare", ("m", model.name)),
        "heading": heading(model.name, model.title),
        "description": plain_text(model.description),
        "aliases": listing.aliases(model),
        "lifecycle": lifecycle,
        "is_retired": is_retired,
        "successor": successor,
        "successor_heading": heading(successor.name, successor.title) if successor else "",
        "forwards": bool(model.retires_on and model.forwards_to_successor and not model.is_wildcard),
        "successor_link": visitor.link(reverse("model-page", args=[successor.name])) if successor else "",
        "facts": facts,
        "fact_sources_label": _("Sources of the details"),
        "fact_sources": fact_sources(model, facts, evidence.editions),
        "state_words": labels.state("retired" if is_retired else state),
        "tag": tag,
        "table": table,
        "sources": price_sources(model, sheet, visitor, evidence.editions) if sheet else None,
        "group_table": None if is_retired else group_table(model, visitor),
        "vendor_link": visitor.link("/", ("vendor", model.vendor.slug)),
        "price_label": _("Price"),
        "has_more_figures": has_figures,
        # Prices of tokens under conditions are the main price; any other table is an addition to it.
        "per_million_tokens": per_million_tokens,
        "grid_leads": grid_leads,
        "grid_unit": grid_unit(table.grid, sheet, tag, is_next=grid_leads or not has_figures) if table else "",
        "history": [step for step in reversed(steps) if not step.is_announced],
        # The retirement has a notice of its own.
        "announced": [step for step in steps if step.is_announced and not step.is_retirement],
        "plot": plot_of(steps, at=visitor.at),
        "calculator": calculator(sheet, answers, at=visitor.at),
        "code": CodeExamples() if is_retired else code_examples(model, base=base),
    }


def has_more_figures(table: PriceTable, tag: PriceTag) -> bool:
    """Whether the table has a price that the tag does not show."""
    sides = {_("Input"), _("Output")}
    if tag.single:
        return len(table.figures) > 1 or any(figure.label not in sides for figure in table.figures)
    per_million_tokens = amounts.per_tokens()
    return any(figure.label not in sides or figure.per != per_million_tokens for figure in table.figures)


def grid_unit(grid: Grid | None, sheet: Sheet | None, tag: PriceTag, *, is_next: bool) -> str:
    """The unit to show above the grid; empty if the price of the tag states it, and the grid is next to that price."""
    if grid is None or sheet is None:
        return ""
    is_stated = is_next and tag.single and not tag.fees and amounts.per(headline(sheet)) == grid.unit
    return "" if is_stated else grid.unit


def current_prices(models: Iterable[AIModel], visitor: Visitor) -> dict[int, Sheet]:
    """Model key -> the current price for the chosen group; retired models have none."""
    offered = [model for model in models if model.lifecycle(on=visitor.day) != AIModel.Lifecycle.RETIRED]
    return prices(offered, visitor.public, visitor)
