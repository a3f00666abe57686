"""What a model or a list is, in a sentence, for descriptions. Imports no models."""

from django.utils.translation import get_language, gettext_noop, ngettext
from django.utils.translation import gettext as _

from pricing.engine.formatting import labels
from pricing.engine.formatting.languages import gap
from pricing.pages.formatting import token_count

COMPARE = gettext_noop("Search and compare the prices of input, output and cached tokens.")


def context_words(number: int | None) -> str:
    """128K tokens of context; empty if it is not known."""
    return _("%(number)s tokens of context") % {"number": token_count(number)} if number else ""


def model_description(title: str, vendor: str, price: str, context_length: int | None, more: str) -> str:
    """The model with its price in words and its context, and what its own description adds; `vendor` may be empty."""
    facts = labels.join_clauses([price, context_words(context_length)])
    name = _("%(title)s by %(vendor)s") % {"title": title, "vendor": vendor} if vendor else title
    text = _("%(name)s: %(facts)s.") % {"name": name, "facts": facts}
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
    """Two sentences, or the first one alone."""
    return f"{first}{gap(get_language())}{second}" if second else first
