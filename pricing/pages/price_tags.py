"""The price tag of a model: what a list shows of its price in a line, and what a search compares. Imports no models."""

from dataclasses import dataclass
from decimal import Decimal

from catalog.prices import Sheet
from pricing.engine.formatting import amounts
from pricing.engine.formatting.price_words import fee_prices, side_prices, single_price
from pricing.engine.headline import CACHED_INPUT, comparable_price, fees, media_prices, token_prices


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
    fees_of_call, prices = tuple(fee_prices(sheet)), side_prices(sheet)
    if not prices:
        return PriceTag(state, single=single_price(sheet), fees=fees_of_call, has_other_prices=has_other_prices)
    cached = token_prices(sheet).get(CACHED_INPUT)
    return PriceTag(
        state,
        input=prices.get("input", ""),
        output=prices.get("output", ""),
        cached=amounts.short_price(cached, sheet.currency) if cached else "",
        fees=fees_of_call,
        has_other_prices=has_other_prices,
        comparable=comparable_price(sheet),
    )
