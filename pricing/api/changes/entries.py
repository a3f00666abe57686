"""Changes in words, in the language of the reader: what happened, and the prices with their units and currency."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from catalog.prices import Line, Sheet
from pricing.engine.formatting import labels
from pricing.engine.formatting.lines import changes, described
from pricing.newapi.ratios import PriceFigure
from pricing.published.changes.listing import Change
from pricing.published.history import Price


def headline(change: Change, *, at: dt.datetime) -> str:
    """gpt-4o: new price since 2026-11-20 00:00 UTC"""
    when = change.at.astimezone(dt.UTC)
    words = {
        "model": change.model,
        "successor": change.successor,
        "day": f"{when:%Y-%m-%d}",
        "time": f"{when:%Y-%m-%d %H:%M} UTC",
    }
    match change.kind:
        case "new":
            return _("%(model)s: new model since %(time)s") % words
        case "retiring":
            return _("%(model)s: retires on %(day)s") % words
        case "retired":
            return _("%(model)s: retired on %(day)s") % words
        case "successor":
            return _("%(model)s: its successor is %(successor)s") % words
    if change.at > at:
        return _("%(model)s: new price from %(time)s") % words
    return _("%(model)s: new price since %(time)s") % words


def sentences(change: Change) -> list[str]:
    """What the change says about prices, each part with its unit: Input: $5.00 → $3.00 per million tokens."""
    match change.kind:
        case "new":
            return _prices(change.after)
        case "retiring" | "retired":
            return [_("Price until then: %(price)s") % {"price": joined(_prices(change.before))}]
        case _:
            return _differences(change) or [" → ".join(map(_state, (change.before, change.after)))]


def currency(change: Change) -> str:
    """Currency: USD. Empty if no price has a figure."""
    named = (price["currency"] for price in (change.before, change.after) if price.get("prices"))
    codes = dict.fromkeys(str(code) for code in named)
    return _("Currency: %(code)s") % {"code": " → ".join(codes)} if codes else ""


def joined(parts: Iterable[str]) -> str:
    return pgettext("between parts", "; ").join(filter(None, parts))


def _differences(change: Change) -> list[str]:
    """The prices that change. A discount that changes alone is one change; otherwise prices are what customers pay."""
    before, after = _sheet(change.before), _sheet(change.after)
    differences = list(changes(before, after))
    if not all(difference.is_of_discount for difference in differences):
        differences = list(changes(before and before.folded(), after and after.folded())) or differences
    return [difference.sentence for difference in differences]


def _prices(price: Price) -> list[str]:
    """Every part of a price, discounts multiplied in; its state if it has no figure."""
    sheet = _sheet(price)
    parts = described(sheet and sheet.folded())
    return [_("%(what)s: %(text)s") % {"what": name, "text": text} for name, text in parts.items()] or [_state(price)]


def _state(price: Price) -> str:
    status = str(price["pricing_status"])
    return labels.state(status) or _("priced")


def _sheet(price: Price) -> Sheet | None:
    """The price of a moment as a sheet; None where there is none."""
    if "currency" not in price:
        return None
    lines = [_line(figure) for figure in price.get("prices", [])]
    discount = price.get("discount", Decimal(1))
    if discount != 1:
        lines.append(Line("", discount, kind="multiplier"))
    facts = {"tier_mode": price["tier_mode"]} if "tier_mode" in price else {}
    return Sheet(price["currency"], tuple(lines), facts=facts)


def _line(figure: PriceFigure) -> Line:
    return Line(
        figure["meter"],
        figure["amount"],
        figure["per"] or 1,
        figure["unit"],
        figure.get("kind", "absolute"),
        tuple(figure.get("conditions", ())),
        {"period": figure["period"]} if "period" in figure else {},
    )
