"""A whole price in a few words: its headline with the fees of each call, for lists, descriptions and previews.

Prices have the digits that customers see; the admin shows every digit.
"""

from collections.abc import Callable

from django.utils.translation import gettext as _

from catalog.prices import SIDES, Line, Sheet
from pricing.engine.formatting import amounts, labels
from pricing.engine.headline import fees_of_each_call, headline, input_and_output, is_one_of_several

# Writes a line in a currency.
Write = Callable[[Line, str], str]


def side_prices(sheet: Sheet, write: Write = amounts.short_price) -> dict[str, str]:
    """`input` and `output` -> their prices per token, where these are the headline of a folded sheet; else empty.

    A charged side without a price is unknown.
    """
    prices = {side: write(line, sheet.currency) for side, line in input_and_output(sheet).items()}
    if prices and sheet.unknown_side:
        prices[sheet.unknown_side] = _("unknown")
    return prices


def single_price(sheet: Sheet, write: Write = amounts.short_price_per) -> str:
    """The headline of a folded sheet with its unit: $0.04 per image."""
    price = write(headline(sheet), sheet.currency)
    # The headline is the usual use, and not always the cheapest.
    return _("e.g. %(price)s") % {"price": price} if is_one_of_several(sheet) else price


def fee_prices(sheet: Sheet, write: Write = amounts.short_price_per) -> list[str]:
    """What each call pays beside the headline of a folded sheet: $0.005 per request."""
    return [write(fee, sheet.currency) for fee in fees_of_each_call(sheet)]


def price_words(sheet: Sheet | None, *, is_retired: bool = False) -> str:
    """A published price without a label beside it: "input $2.50, output $10.00 per million tokens", "no price yet"."""
    if is_retired:
        return labels.state("retired")
    if sheet is None or sheet.state != "priced":
        return labels.state("unpriced" if sheet is None else sheet.state)
    sheet = sheet.folded()
    return " + ".join([_token_prices(sheet) or single_price(sheet), *fee_prices(sheet)])


def _token_prices(sheet: Sheet) -> str:
    """Prices of tokens are shown per million: "input $2.50, output $10.00 per million tokens"."""
    prices = side_prices(sheet)
    if not prices:
        return ""
    if set(prices) == set(SIDES):
        return _("input %(input)s, output %(output)s per million tokens") % prices
    if "input" in prices:
        return _("input %(input)s per million tokens") % prices
    return _("output %(output)s per million tokens") % prices


def exact_headline(sheet: Sheet) -> str:
    """$2.50 / $10.00 for input and output per million tokens where both are the headline, else the one price.

    The fees that each call pays are added, e.g. + $0.005 per request. The discount of the sheet is multiplied in.
    """
    if sheet.state not in ("priced", "free"):
        return labels.state(sheet.state)
    sheet = sheet.folded()
    prices = side_prices(sheet, amounts.price)
    is_pair = len(prices) == len(SIDES)
    price = " / ".join(prices[side] for side in SIDES) if is_pair else single_price(sheet, amounts.price_per)
    return " + ".join([price, *fee_prices(sheet, amounts.price_per)])
