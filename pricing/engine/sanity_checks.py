"""What is odd about a model's price or limits without being impossible: worth a look before it is believed."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from catalog.exact import digits, multiply
from catalog.prices import MILLION, Line, Sheet


def doubts(prices: Sheet | None, facts: Mapping[str, Any], *, is_new: bool) -> list[str]:
    """Sentences on a new or changed price and on new facts; a price of nothing is only odd where there was none."""
    return [*price_doubts(prices.lines if prices else (), is_new=is_new), *fact_doubts(facts)]


def price_doubts(figures: Sequence[Line] | Sequence[Line], *, is_new: bool) -> Iterator[str]:
    """What is odd about the figures of one price."""
    plain = [each for each in figures if each.kind == "absolute" and not each.conditions]
    if is_new and plain and all(each.amount == 0 for each in figures if each.kind == "absolute"):
        yield "costs nothing"
    amounts = {
        each.meter: multiply(each.amount, Decimal(MILLION)) / each.per
        for each in plain
        if each.unit == "token" and each.amount is not None
    }
    given, made, cached = (amounts.get(meter) for meter in ("input", "output", "input.cache_read"))
    if given is not None and cached is not None and cached > given:
        yield f"reading from the cache costs more ({digits(cached)}) than reading anew ({digits(given)})"
    if given and made and made < given / 10:
        yield f"output ({digits(made)}) costs less than a tenth of input ({digits(given)})"


def fact_doubts(facts: Mapping[str, Any]) -> Iterator[str]:
    """What is odd about the limits of one model."""
    context, output = facts.get("context_length"), facts.get("max_output_tokens")
    if context and output and output > context:
        yield f"writes more tokens ({output:,}) than its context holds ({context:,})"
