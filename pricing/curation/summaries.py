"""A sheet in a line of text, every digit of it, for lists that people read."""

from catalog.exact import digits
from catalog.prices import MILLION
from pricing.models import PriceLine, PriceSheet

FIGURES_SHOWN = 3


def summary(sheet: PriceSheet) -> str:
    """The first prices of a sheet in a line, every digit of them: input 2.5 · output 10 USD."""
    prices = [f"{line.meter or 'all'} {figure(line)}" for line in sheet.lines.all()]
    shown = " · ".join(prices[:FIGURES_SHOWN])
    if len(prices) > FIGURES_SHOWN:
        shown += f" · {len(prices) - FIGURES_SHOWN} more"
    return f"{shown} {sheet.currency}" if prices else "without a figure"


def in_and_out(sheet: PriceSheet) -> str:
    """What a million tokens cost, in and out, which is what most models are compared by; else the summary."""
    amounts = {line.meter: line for line in sheet.lines.all() if not line.conditions and line.unit == "token"}
    if not amounts.keys() >= {"input", "output"}:
        return summary(sheet)
    return f"{figure(amounts['input'])} / {figure(amounts['output'])} {sheet.currency}"


def figure(line: PriceLine) -> str:
    """One line's amount for what it is charged by; a million tokens go without saying."""
    if line.amount is None:
        return line.get_kind_display().lower()
    if line.kind == PriceLine.Kind.MULTIPLIER:
        return f"times {digits(line.amount)}"
    if line.unit == "token" and line.per == MILLION:
        return digits(line.amount)
    return f"{digits(line.amount)}/{'' if line.per == 1 else f'{line.per:,} '}{line.unit}"
