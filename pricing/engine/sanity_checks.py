"""Warnings about prices and limits that are possible but unusual, so that an operator checks them."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from catalog.prices import Sheet
from pricing.engine.formatting.amounts import money, price_per
from pricing.engine.headline import token_prices
from pricing.engine.money import per_million

# Dollars per million tokens. The most expensive real models cost 600; more is usually a price of a thousand tokens, or
# of one, that a source states in the wrong unit.
UNUSUALLY_HIGH = Decimal(1000)


def warnings_about(sheet: Sheet | None, facts: Mapping[str, Any], *, is_new: bool) -> list[str]:
    """Messages on a new or changed price and on new facts."""
    return [*(price_warnings(sheet, is_new=is_new) if sheet else ()), *fact_warnings(facts)]


def price_warnings(sheet: Sheet, *, is_new: bool) -> Iterator[str]:
    """Warnings about one price; a price of 0 is unusual only for a model that had no price."""
    lines = token_prices(sheet)
    is_free = all(line.amount == 0 for line in sheet.lines if line.kind == "absolute")
    if is_new and is_free and any(line.is_plain for line in sheet.lines):
        yield "costs nothing"
    amounts = {meter: per_million(line.amount, line.per) for meter, line in lines.items() if line.amount is not None}
    for meter in ("input", "output"):
        if sheet.currency == "USD" and amounts.get(meter, 0) > UNUSUALLY_HIGH:
            yield f"{meter} ({price_per(lines[meter], sheet.currency)}) costs more than {money(UNUSUALLY_HIGH, 'USD')}"
    input_price, output_price, cached = (amounts.get(meter) for meter in ("input", "output", "input.cache_read"))
    if input_price is not None and cached is not None and cached > input_price:
        read = money(cached, sheet.currency)
        yield f"cached input ({read}) costs more than input ({price_per(lines['input'], sheet.currency)})"
    if input_price and output_price and output_price < input_price / 10:
        output = money(output_price, sheet.currency)
        yield f"output ({output}) costs less than a tenth of input ({price_per(lines['input'], sheet.currency)})"


def fact_warnings(facts: Mapping[str, Any]) -> Iterator[str]:
    """Warnings about the limits of one model."""
    context, longest_input, output = (
        facts.get(limit) for limit in ("context_length", "max_input_tokens", "max_output_tokens")
    )
    if context and output and output > context:
        yield f"the maximum output ({output:,} tokens) is larger than the context window ({context:,} tokens)"
    if context and output == context:
        yield f"the maximum output equals the context window ({context:,} tokens), which leaves no room for input"
    if context and longest_input and longest_input > context:
        yield f"the input limit ({longest_input:,} tokens) is larger than the context window ({context:,} tokens)"
