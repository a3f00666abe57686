"""The price tag of a model: what a list shows of its price in a line, and what a search compares. Imports no models."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from catalog.prices import Sheet
from pricing.engine.formatting import amounts
from pricing.engine.headline import (
    CACHED_INPUT,
    comparable_price,
    fees,
    fees_of_each_call,
    headline,
    input_and_output,
    is_one_of_several,
    media_prices,
    token_prices,
)


@dataclass(frozen=True, slots=True)
class PriceTag:
    """`state` is priced, free, dynamic, included or unpriced; only priced tags have prices.

    `input`, `output` and `cached` input are of tokens, or `single` is the headline of any other price.
    `fees` are paid with each call beside these, e.g. $0.005 per request. `comparable` is in dollars per million tokens,
    None where there is nothing to compare by. `has_other_prices` if a request may cost more or less: prices with
    conditions, fees, or prices of images or audio on a side without a price.
    """

    state: str
    input: str = ""
    output: str = ""
    cached: str = ""
    single: str = ""
    fees: tuple[str, ...] = ()
    has_other_prices: bool = False
    comparable: Decimal | None = None


def state_of(sheet: Sheet | None) -> str:
    """What can be said of a price, see Sheet.state; without a sheet it is unpriced."""
    return "unpriced" if sheet is None else sheet.state


def price_tag(sheet: Sheet | None) -> PriceTag:
    """The tag of a folded sheet."""
    state = state_of(sheet)
    if sheet is None or state != "priced":
        return PriceTag(state, comparable=Decimal(0) if state == "free" else None)
    has_other_prices = bool(fees(sheet) or media_prices(sheet)) or any(line.conditions for line in sheet.lines)
    of_each_call = tuple(amounts.short_price_per(line, sheet.currency) for line in fees_of_each_call(sheet))
    tokens = input_and_output(sheet)
    if not tokens:
        return PriceTag(state, single=_single(sheet), fees=of_each_call, has_other_prices=has_other_prices)
    prices = {meter: amounts.short_price(line, sheet.currency) for meter, line in tokens.items()}
    cached = token_prices(sheet).get(CACHED_INPUT)
    if sheet.unknown_side:
        prices[sheet.unknown_side] = _("unknown")
    return PriceTag(
        state,
        input=prices.get("input", ""),
        output=prices.get("output", ""),
        cached=amounts.short_price(cached, sheet.currency) if cached else "",
        fees=of_each_call,
        has_other_prices=has_other_prices,
        comparable=comparable_price(sheet),
    )


def _single(sheet: Sheet) -> str:
    price = amounts.short_price_per(headline(sheet), sheet.currency)
    # The headline is the usual use, and not always the cheapest.
    return _("e.g. %(price)s") % {"price": price} if is_one_of_several(sheet) else price
