"""Warnings about prices and limits that are possible but unusual, so that an operator checks them."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from catalog.exact import of_one
from catalog.prices import MILLION, Line, Sheet
from pricing.engine.formatting.amounts import BY_THE_MILLION, money, price_per
from pricing.engine.formatting.labels import meter as label_of_meter
from pricing.engine.headline import token_prices
from pricing.engine.money import per_million
from pricing.engine.thresholds import FAR, USUAL

# Token meter -> its price in US dollars.
DollarPrices = Mapping[str, Line]


def price_warnings(sheet: Sheet, *, is_new: bool) -> Iterator[str]:
    """Warnings about one price; a price of 0 is unusual only for a model that had no price."""
    lines = token_prices(sheet)
    is_free = all(line.amount == 0 for line in sheet.lines if line.kind == "absolute")
    if is_new and is_free and any(line.is_plain for line in sheet.lines):
        yield "costs nothing"
    yield from _unusual_magnitudes(sheet)
    amounts = {meter: per_million(line.amount, line.per) for meter, line in lines.items() if line.amount is not None}
    input_price, output_price, cached = (amounts.get(meter) for meter in ("input", "output", "input.cache_read"))
    if input_price is not None and cached is not None and cached > input_price:
        read = money(cached, sheet.currency)
        yield f"cached input ({read}) costs more than input ({price_per(lines['input'], sheet.currency)})"
    if input_price and output_price and output_price < input_price / 10:
        output = money(output_price, sheet.currency)
        yield f"output ({output}) costs less than a tenth of input ({price_per(lines['input'], sheet.currency)})"


def _unusual_magnitudes(sheet: Sheet) -> Iterator[str]:
    """A warning for each meter and unit whose highest price is above all usual ones, or whose lowest is below them."""
    dollars = sheet.in_dollars()
    if dollars is None:
        return
    prices: dict[tuple[str, str], list[tuple[Decimal, Line]]] = {}
    for line, in_dollars in zip(sheet.lines, dollars.lines, strict=True):
        if line.kind == "absolute" and in_dollars.amount and line.unit in USUAL:
            prices.setdefault((line.meter, line.unit), []).append((_per_usual_unit(in_dollars), line))
    for (meter, unit), amounts in prices.items():
        lowest, highest = USUAL[unit]
        amount, line = max(amounts, key=lambda pair: pair[0])
        if amount > highest:
            yield f"{meter} ({price_per(line, sheet.currency)}) costs more than {money(highest, 'USD')}"
        amount, line = min(amounts, key=lambda pair: pair[0])
        if amount < lowest:
            yield f"{meter} ({price_per(line, sheet.currency)}) costs less than {money(lowest, 'USD')}"


def _per_usual_unit(line: Line) -> Decimal:
    """The amount per million units if prices of the unit are shown so, else per unit."""
    amount = of_one(line.amount or Decimal(0), line.per)
    return amount * MILLION if line.unit in BY_THE_MILLION else amount


def distance(before: Line, after: Line) -> Decimal | None:
    """By which factor the second of two prices of one unit is higher, or lower if below 1; None if one of them is 0."""
    if not before.amount or not after.amount:
        return None
    if (before.amount, before.per) == (after.amount, after.per):
        return Decimal(1)
    return of_one(after.amount, after.per) / of_one(before.amount, before.per)


def is_far(before: Line, after: Line, *, most: int) -> bool:
    """Whether a price is more than `most` times higher or lower than the other one, or only one of them is 0."""
    factor = distance(before, after)
    if factor is None:
        return bool(before.amount) != bool(after.amount)
    return factor > most or factor * most < 1


def how_far(before: Line, after: Line) -> str:
    """45 times higher, 12.5 times lower; not 0, if one of them is."""
    factor = distance(before, after)
    if factor is None:
        return "from 0" if after.amount else "to 0"
    times = factor if factor >= 1 else 1 / factor
    return f"{_short(times)} times {'higher' if factor >= 1 else 'lower'}"


def _short(times: Decimal) -> str:
    return f"{times:,.0f}" if times >= 100 else f"{times:.1f}".removesuffix(".0")


def far_from_others(prices: DollarPrices, others: Mapping[str, DollarPrices]) -> Iterator[str]:
    """A warning for input and output tokens that differ by more than FAR from every price of the same model elsewhere.

    `others`: id -> its prices. Prices of 0 are not compared: many hosts offer a model for nothing.
    """
    for meter, line in prices.items():
        known = [(name, tokens[meter]) for name, tokens in others.items() if meter in tokens]
        if known and all(is_far(other, line, most=FAR) for _, other in known):
            name, other = min(known, key=lambda pair: (_factor(pair[1], line), pair[0]))
            text = f"{label_of_meter(meter)} ({price_per(line, 'USD')}) is {how_far(other, line)} than {name}"
            yield f"{text} ({money(_per_usual_unit(other), 'USD')})"


def _factor(first: Line, second: Line) -> Decimal:
    factor = distance(first, second) or Decimal(1)
    return max(factor, 1 / factor)


def dollar_prices(sheet: Sheet) -> DollarPrices:
    """`input` and `output` -> the price of tokens above 0 in US dollars; empty if there is no rate."""
    dollars = sheet.in_dollars()
    lines = token_prices(dollars) if dollars else {}
    return {meter: lines[meter] for meter in ("input", "output") if meter in lines and lines[meter].amount}


def fact_warnings(facts: Mapping[str, Any]) -> Iterator[str]:
    """Warnings about limits of one model that contradict each other."""
    context, longest_input, output = (
        facts.get(limit) for limit in ("context_length", "max_input_tokens", "max_output_tokens")
    )
    if context and output and output > context:
        yield f"the maximum output ({output:,} tokens) is larger than the context window ({context:,} tokens)"
    if context and longest_input and longest_input > context:
        yield f"the input limit ({longest_input:,} tokens) is larger than the context window ({context:,} tokens)"


def leaves_no_input(facts: Mapping[str, Any]) -> bool:
    """Whether the output limit equals the context window: most sources that say so copied it from the window."""
    return bool(facts.get("context_length")) and facts.get("max_output_tokens") == facts.get("context_length")


def output_limit_warnings(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """A warning if the output limit equals the context window now, and both were stored and different before."""
    was_known = bool(before.get("context_length") and before.get("max_output_tokens"))
    if was_known and leaves_no_input(after) and not leaves_no_input(before):
        tokens = f"{after['context_length']:,} tokens"
        yield f"the maximum output now equals the context window ({tokens}), which leaves no room for input"
