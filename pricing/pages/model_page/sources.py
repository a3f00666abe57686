"""Where the price on a model's page comes from: a short line, and a table of each figure."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.models import AIModel
from catalog.prices import Sheet
from pricing.engine.equality import same_price
from pricing.engine.formatting import labels, moments
from pricing.engine.formatting.lines import label, usual_place
from pricing.pages.visitor import Visitor
from pricing.verification.books import Edition
from pricing.verification.provenance import ExplainedLine, explain

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
    if all(line.origin is None and not line.confirmed_by for line in price.lines):
        return PriceSources(_("The operator of this site sets the price."), ())
    # A discount or a group's rate changes what customers pay, and not what the source states.
    form = _("Source: %(text)s") if same_price(price.sheet, sheet) else _("Source of the list price: %(text)s")
    return PriceSources(form % {"text": _summary(price.lines)}, tuple(map(_row, sorted(price.lines, key=_place))))


def _place(explained: ExplainedLine) -> tuple[bool, int]:
    return bool(explained.line.conditions), usual_place(explained.line)


def _row(explained: ExplainedLine) -> SourceRow:
    origin = explained.origin
    return SourceRow(
        label=label(explained.line),
        source=_(origin.name) if origin else _("Operator"),
        fetched_on=moments.day(origin.fetched_at) if origin else "",
        confirmed=_agreement(explained.confirmed_by, explained.confirmed_by),
        sha256=origin.sha256 if origin else "",
    )


def _summary(lines: Sequence[ExplainedLine]) -> str:
    """LiteLLM, 2026-11-20 · 3 sources agree"""
    names = dict.fromkeys(
        labels.join_clauses([_(line.origin.name), moments.day(line.origin.fetched_at)])
        if line.origin
        else _("set by the operator")
        for line in lines
    )
    # Few books state the prices of special cases.
    usual = [line for line in lines if line.line.is_plain] or lines
    counts = [line.confirmed_by for line in usual if line.confirmed_by is not None]
    return " · ".join(filter(None, [*names, _agreement(min(counts, default=None), max(counts, default=None))]))


def _agreement(fewest: int | None, most: int | None) -> str:
    """3 sources agree; 2-3 sources agree, if it differs between figures. Empty if no source states any of them."""
    if not most:
        return ""
    number = str(most) if fewest == most else f"{fewest}-{most}"
    return ngettext("%(number)s source agrees", "%(number)s sources agree", most) % {"number": number}
