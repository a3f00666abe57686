"""Where the figures on a model's page come from: a short line for the price, and a table of each figure and fact."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.models import AIModel
from catalog.prices import Sheet
from pricing.engine.equality import same_price
from pricing.engine.formatting import amounts, labels, moments
from pricing.engine.formatting.lines import label, usual_place
from pricing.pages.model_page.facts import Fact
from pricing.pages.visitor import Visitor
from pricing.verification.books import Edition
from pricing.verification.facts import explain_facts
from pricing.verification.provenance import ExplainedLine, Origin, explain

# Enough of a hash to find its document.
HASH_SHOWN = 12


@dataclass(frozen=True)
class SourceRow:
    """One figure: what it prices, who states it, since when it is known, who else states it, and the document."""

    label: str
    source: str
    fetched_on: str
    confirmed: str
    sha256: str
    # The sources that state something else.
    differing: str = ""

    @property
    def short_hash(self) -> str:
        return self.sha256[:HASH_SHOWN]


@dataclass(frozen=True)
class PriceSources:
    summary: str
    # Empty if the summary says everything about each figure.
    rows: tuple[SourceRow, ...]


def price_sources(
    model: AIModel, sheet: Sheet | None, visitor: Visitor, editions: tuple[Edition, ...]
) -> PriceSources | None:
    """The sources of the price that this visitor sees, `sheet`; None if there is no price."""
    price = explain([model], {visitor.group}, at=visitor.at, editions=editions).get(model.pk)
    if price is None or not price.lines:
        return None
    if all(line.origin is None and not line.stated_by for line in price.lines):
        return PriceSources(_("The operator of this site sets the price."), ())
    # A discount or a group's rate changes what customers pay, and not what the source states.
    form = _("Source: %(text)s") if same_price(price.sheet, sheet) else _("Source of the list price: %(text)s")
    rows = tuple(_row(line, price.sheet.currency) for line in sorted(price.lines, key=_place))
    return PriceSources(form % {"text": _summary(price.lines)}, rows)


def _place(explained: ExplainedLine) -> tuple[bool, int]:
    return bool(explained.line.conditions), usual_place(explained.line)


def _row(explained: ExplainedLine, currency: str) -> SourceRow:
    return SourceRow(
        label=label(explained.line),
        source=source_name(explained.origin),
        fetched_on=fetched_on(explained.origin),
        confirmed=agreement(explained.confirmed_by, explained.stated_by),
        sha256=sha256_of(explained.origin),
        differing=labels.join(f"{name} {amounts.line_amount(line, currency)}" for name, line in explained.differing),
    )


def _summary(lines: Sequence[ExplainedLine]) -> str:
    """LiteLLM, 2026-11-20 · confirmed by 3 of 4 sources"""
    names = dict.fromkeys(
        labels.join_clauses([_(line.origin.name), moments.day(line.origin.fetched_at)])
        if line.origin
        else _("set by the operator")
        for line in lines
    )
    compared = [line for line in lines if line.stated_by]
    # Few books state the prices of special cases.
    usual = [line for line in compared if line.line.is_plain] or compared
    least = min(usual, key=lambda line: (line.confirmed_by or 0, line.stated_by or 0), default=None)
    if least is not None:
        is_same = len({line.confirmed_by for line in usual}) == 1
        form = _("confirmed by %(sources)s") if is_same else _("confirmed by at least %(sources)s")
        names[form % {"sources": agreement(least.confirmed_by, least.stated_by)}] = None
    return " · ".join(names)


def agreement(confirmed: int | None, stated: int | None) -> str:
    """3 of 4 sources; empty if no source states it, or it was not compared."""
    if confirmed is None or not stated:
        return ""
    return ngettext("%(number)s of %(total)s source", "%(number)s of %(total)s sources", stated) % {
        "number": confirmed, "total": stated,
    }  # fmt: skip


def fact_sources(model: AIModel, facts: Sequence[Fact], editions: tuple[Edition, ...]) -> tuple[SourceRow, ...]:
    """The sources of these facts; none if all of them are the operator's own."""
    explained = explain_facts(model, [fact.field for fact in facts], editions=editions)
    if all(fact.origin is None and not fact.stated_by for fact in explained.values()):
        return ()
    return tuple(
        SourceRow(
            fact.label,
            source_name(explained[fact.field].origin),
            fetched_on(explained[fact.field].origin),
            agreement(explained[fact.field].confirmed_by, explained[fact.field].stated_by),
            sha256_of(explained[fact.field].origin),
            labels.join(explained[fact.field].differing),
        )
        for fact in facts
    )


def source_name(origin: Origin | None) -> str:
    return _(origin.name) if origin else _("Operator")


def fetched_on(origin: Origin | None) -> str:
    return moments.day(origin.fetched_at) if origin else ""


def sha256_of(origin: Origin | None) -> str:
    return origin.sha256 if origin else ""
