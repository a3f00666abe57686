"""What a model is and costs, in a sentence, for descriptions and previews. Imports no models."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from catalog.prices import SIDES, Sheet
from pricing.engine.formatting import amounts, labels
from pricing.engine.headline import fees_of_each_call, headline, input_and_output, is_one_of_several
from pricing.pages.formatting import token_count

COMPARE = gettext_noop("Search and compare the prices of input, output and cached tokens.")


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


def context_words(number: int | None) -> str:
    """128K tokens of context; empty if it is not known."""
    return _("%(number)s tokens of context") % {"number": token_count(number)} if number else ""


def model_description(title: str, vendor: str, price: str, context_length: int | None, more: str) -> str:
    """The model with its price in words and its context, and what its own description adds."""
    facts = labels.join_clauses([price, context_words(context_length)])
    text = _("%(title)s by %(vendor)s: %(facts)s.") % {"title": title, "vendor": vendor, "facts": facts}
    return sentences(text, more)


def list_description(number: int, vendors: int) -> str:
    models = ngettext("%(number)s AI model", "%(number)s AI models", number) % {"number": f"{number:,}"}
    makers = ngettext("%(number)s vendor", "%(number)s vendors", vendors) % {"number": f"{vendors:,}"}
    first = _("%(models)s from %(vendors)s with prices, context windows and capabilities.")
    return sentences(first % {"models": models, "vendors": makers}, _(COMPARE))


def vendor_description(vendor: str, number: int) -> str:
    models = ngettext("%(number)s AI model", "%(number)s AI models", number) % {"number": f"{number:,}"}
    first = _("%(models)s by %(vendor)s with prices, context windows and capabilities.")
    return sentences(first % {"models": models, "vendor": vendor}, _(COMPARE))


def sentences(first: str, second: str) -> str:
    """Two sentences, with a space between them where the language has one."""
    return _("%(first)s %(second)s") % {"first": first, "second": second} if second else first
