"""Prices in hosts' lists of models, each in the unit that the host uses; units are never guessed.

Decimal strings are US dollars per token (Vercel, OpenRouter and compatible hosts), numbers named input and output are
per million (Together, Hugging Face), Venice has `{"usd": …}` per million, Cloudflare cost_in per token, and xAI whole
ten-thousandths of a dollar per million. A figure whose unit is unknown is stored as a fact and sets no price.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from catalog.exact import multiply
from catalog.prices import MILLION, Condition, Line, Sheet
from catalog.sources.rows import Row, is_number, read_amount

PER_TOKEN = {
    "input": "input",
    "output": "output",
    "prompt": "input",
    "completion": "output",
    "input_cache_read": "input.cache_read",
    "input_cache_reads": "input.cache_read",
    "input_cache_write": "input.cache_write",
    "input_cache_writes": "input.cache_write",
    "cache_read": "input.cache_read",
    "cache_write": "input.cache_write",
    "internal_reasoning": "output.reasoning",
}
PER_MILLION = {
    "input": "input",
    "output": "output",
    "cached_input": "input.cache_read",
    "cache_input": "input.cache_read",
    "cache_write": "input.cache_write",
}
CLOUDFLARE = {"cost_in": "input", "cost_out": "output"}
XAI = {
    "prompt_text_token_price": "input",
    "cached_prompt_text_token_price": "input.cache_read",
    "prompt_image_token_price": "input.image",
    "completion_text_token_price": "output",
}
XAI_UNIT = Decimal("0.0001")
DYNAMIC = -1
# No host charges less for a million tokens: such a number is a price of something else, e.g. of one token.
LOWEST_PER_MILLION = Decimal("0.001")
UNKNOWN_UNIT = "is a price in an unknown unit"

Reader = Callable[[Row], Iterable[Line]]


def prices_of(row: Row) -> Sheet | None:
    """The price that the row has in any host's form; None if it has none or an invalid one."""
    lines = [line for read in READERS for line in read(row)]
    if not row.price_is_sound or not lines:
        return None
    if all(line.amount == 0 for line in lines):
        row.report("has a price of 0, which may mean a price elsewhere; the price in this row was not imported")
        return None
    return row.sheet(lines)


def _pricing(row: Row) -> Iterable[Line]:
    pricing = row.take("pricing")
    if pricing is None:
        return
    if not isinstance(pricing, dict):
        row.reject_price("pricing is not an object")
        return
    yield from _of_one_host(row, pricing, ())


def _of_one_host(row: Row, pricing: Mapping[str, Any], conditions: tuple[Condition, ...]) -> Iterable[Line]:
    tiers: list[Line] = []
    for key, value in pricing.items():
        if value is None:
            continue
        if isinstance(value, list) and key.endswith("_tiers"):
            tiers += _tiers(row, key.removesuffix("_tiers"), value, conditions)
        elif (amount := read_amount(value)) is None:
            row.reject_price(f"{key[:64]} in pricing is not a valid price")
        else:
            yield from _line(row, key, amount, conditions, is_text=isinstance(value, str))
    yield from sorted(tiers, key=lambda line: line.conditions[-1]["value"])


def _line(row: Row, key: str, amount: Decimal, conditions: tuple[Condition, ...], *, is_text: bool) -> Iterable[Line]:
    per_token, per_million = PER_TOKEN.get(key), PER_MILLION.get(key)
    if amount == DYNAMIC and per_token in ("input", "output"):
        yield Line(per_token, None, kind="dynamic", conditions=conditions)
    elif amount < 0 and (per_token or per_million):
        row.reject_price(f"{key[:64]} in pricing is negative")
    elif is_text and per_token:
        yield Line(per_token, amount, unit="token", conditions=conditions)
    elif not is_text and per_million and (amount == 0 or amount >= LOWEST_PER_MILLION):
        yield Line(per_million, amount, MILLION, "token", conditions=conditions)
    elif amount:
        row.set_aside("openai_models", key, amount, UNKNOWN_UNIT)


def _tiers(row: Row, key: str, tiers: list[Any], conditions: tuple[Condition, ...]) -> Iterable[Line]:
    """Vercel's tiers, each from `min` tokens on; the first one repeats the price next to the tiers."""
    for tier in tiers:
        least = tier.get("min", 0) if isinstance(tier, dict) else None
        amount = read_amount(tier.get("cost")) if isinstance(tier, dict) else None
        if not is_number(least) or not 0 <= least < 10**12 or amount is None or amount < 0 or key not in PER_TOKEN:
            row.reject_price(f"{key[:64]}_tiers in pricing is not a list of tiers")
        elif least > 0:
            bound = {"dim": "prompt_tokens", "op": "gte", "value": int(least)}
            yield Line(PER_TOKEN[key], amount, unit="token", conditions=(*conditions, bound))


def _by_route(row: Row) -> Iterable[Line]:
    """Hugging Face's router: each provider behind it has its own price, and each request chooses the provider."""
    providers = row.take("providers")
    if not isinstance(providers, list):
        return
    routes: list[Line] = []
    for provider in providers:
        name, pricing = (
            (provider.get("provider"), provider.get("pricing")) if isinstance(provider, dict) else (None, None)
        )
        if isinstance(name, str) and isinstance(pricing, dict):
            routes += _of_one_host(row, pricing, ({"dim": "route", "op": "eq", "value": name},))
    if routes:
        meters = dict.fromkeys(line.meter for line in routes if line.unit == "token")
        yield from (Line(meter, None, kind="dynamic") for meter in meters)
        yield from routes


def _cloudflare(row: Row) -> Iterable[Line]:
    for key, meter in CLOUDFLARE.items():
        value = row.take(key)
        if value == DYNAMIC:
            yield Line(meter, None, kind="dynamic")
        elif value is not None:
            amount = read_amount(value)
            if amount is None or amount < 0:
                row.reject_price(f"{key} is not a valid price")
            else:
                yield Line(meter, amount, unit="token")


def _xai(row: Row) -> Iterable[Line]:
    if "prompt_text_token_price" not in row.values:
        return
    for key in [key for key in row.values if key.endswith("_price") or "_price_" in key]:
        if key not in XAI and (figure := read_amount(row.take(key))) is not None:
            if figure:
                row.set_aside("openai_models", key, figure, UNKNOWN_UNIT)
        elif (amount := row.amount(key)) is not None and key in XAI:
            yield Line(XAI[key], multiply(amount, XAI_UNIT), MILLION, "token")


def _venice(row: Row) -> Iterable[Line]:
    spec = row.take("model_spec")
    pricing = spec.get("pricing") if isinstance(spec, dict) else None
    if not isinstance(pricing, dict):
        return
    yield from _in_dollars(row, pricing, ())
    extended = pricing.get("extended")
    length = extended.get("context_token_threshold") if isinstance(extended, dict) else None
    if isinstance(extended, dict):
        if not is_number(length) or not 0 < length < 10**12:
            row.reject_price("the extended pricing in model_spec has no context_token_threshold")
            return
        yield from _in_dollars(row, extended, ({"dim": "prompt_tokens", "op": "gt", "value": int(length)},))


def _in_dollars(row: Row, pricing: Mapping[str, Any], conditions: tuple[Condition, ...]) -> Iterable[Line]:
    for key, value in pricing.items():
        if isinstance(value, dict) and "usd" in value:
            amount = read_amount(value["usd"])
            if amount is None or amount < 0:
                row.reject_price(f"{key[:64]} in model_spec is not a valid price")
            else:
                yield from _line(row, key, amount, conditions, is_text=False)


READERS: tuple[Reader, ...] = (_pricing, _by_route, _cloudflare, _xai, _venice)
