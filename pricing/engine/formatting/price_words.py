"""A whole price in words that need no column or label beside them: for descriptions, previews and language models."""

from django.utils.translation import gettext as _

from catalog.prices import SIDES, Sheet
from pricing.engine.formatting import amounts, labels
from pricing.engine.headline import fees_of_each_call, headline, input_and_output, is_one_of_several


def price_words(sheet: Sheet | None, *, is_retired: bool = False) -> str:
    """A published price in words: "input $2.50, output $10.00 per million tokens"; a state if it has no figure."""
    if is_retired:
        return labels.state("retired")
    if sheet is None or sheet.state != "priced":
        return labels.state("unpriced" if sheet is None else sheet.state)
    sheet = sheet.folded()
    lines = input_and_output(sheet)
    extra = [amounts.short_price_per(fee, sheet.currency) for fee in fees_of_each_call(sheet)]
    return " + ".join([_token_prices(sheet) if lines else _single_price(sheet), *extra])


def _token_prices(sheet: Sheet) -> str:
    """Prices of tokens are shown per million: "input $2.50, output $10.00 per million tokens"."""
    prices = {side: amounts.short_price(line, sheet.currency) for side, line in input_and_output(sheet).items()}
    if sheet.unknown_side:
        prices[sheet.unknown_side] = _("unknown")
    if set(prices) == set(SIDES):
        return _("input %(input)s, output %(output)s per million tokens") % prices
    if "input" in prices:
        return _("input %(input)s per million tokens") % prices
    return _("output %(output)s per million tokens") % prices


def _single_price(sheet: Sheet) -> str:
    price = amounts.short_price_per(headline(sheet), sheet.currency)
    # The headline is the usual use, and not always the cheapest.
    return _("e.g. %(price)s") % {"price": price} if is_one_of_several(sheet) else price
