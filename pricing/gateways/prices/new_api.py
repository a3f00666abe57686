"""What new-api, its forks and one-api charge for a model, by their options, rules and price list. Imports no models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from catalog.exact import digits, multiply, plain
from catalog.sources.completion_ratios import new_api_name
from catalog.sources.rows import is_number, read_amount
from pricing.gateways.prices.listing import compare
from pricing.gateways.prices.price import QUOTA_PER_DOLLAR, Price, quota_per_dollar
from pricing.gateways.reading.gateway import Gateway, GatewayChannel
from pricing.gateways.rules.new_api import HOUR_WRITES
from pricing.gateways.rules.program import Figure, Program, ProgramPrice

CACHE_WRITE, HOUR_WRITE = "input.cache_write", "input.cache_write[1h]"


@dataclass(frozen=True)
class Charged:
    """How a channel charges a model: by this name, on this type of channel."""

    name: str
    channel_type: int | None = None


def price(name: str, gateway: Gateway) -> Price:
    """What the gateway charges: an expression, else a price per call, else ratios."""
    program = gateway.dialect.program
    if program is None:
        return Price({})
    channels = _serving(name, gateway) if program.charges_upstream_names else ()
    ways = {_charged(name, channel): channel for channel in reversed(channels)}
    prices = {way: _stated(way, gateway, program) for way in ways or [Charged(name)]}
    first = _charged(name, channels[0]) if channels else Charged(name)
    stated, factors = prices[first], _factors(first.name, prices[first].row, program)
    others = {way: price.row for way, price in prices.items() if price.row != stated.row}
    first_of_groups = {gateway.group_here(group): channel for channel in reversed(channels) for group in channel.groups}
    by_group = {group: others.get(_charged(name, first_of_groups[group])) for group in sorted(first_of_groups)}
    return replace(
        stated,
        rules={**stated.rules, **{name: figure.rule for name, figure in factors.items()}},
        use_factors={name: figure.value for name, figure in factors.items()},
        audio_input=stated.audio_input if "model_ratio" in stated.row and "audio_ratio" not in stated.row else None,
        group_rates=_group_rates(name, gateway) if stated.row else {},
        group_prices={group: row for group, row in by_group.items() if row},
        others=tuple(f"channel {ways[way].id}: {_in_words(row)}" for way, row in reversed(others.items())),
    )


def _serving(name: str, gateway: Gateway) -> Sequence[GatewayChannel]:
    """The channels that serve the model, in order; those that offer it if none does."""
    channels = gateway.channels_of.get(name, ())
    return [channel for channel in channels if channel.enabled and name not in channel.disabled_models] or channels


def _charged(name: str, channel: GatewayChannel) -> Charged:
    return Charged(channel.upstream_names.get(name, name), channel.type_number)


def _stated(charged: Charged, gateway: Gateway, program: Program) -> Price:
    """The price by the list of the running gateway, if there is one, else by the rules; in dollars."""
    price = _price(charged, gateway, program)
    if gateway.listing is not None:
        price = compare(price, charged.name, gateway.listing)
    if "model_ratio" not in price.row:
        return price
    ratio = _in_dollars(price.row["model_ratio"], quota_per_dollar(gateway.options))
    return replace(price, row={**price.row, "model_ratio": ratio})


def _price(charged: Charged, gateway: Gateway, program: Program) -> Price:
    """The price by the database and the rules, in the gateway's own units."""
    options = gateway.options
    expressions, modes = (_table(options, f"billing_setting.{key}") for key in ("billing_expr", "billing_mode"))
    if modes.get(charged.name) == "tiered_expr":
        expression = expressions.get(charged.name)
        if isinstance(expression, str) and expression.strip():
            return Price({"billing_mode": "tiered_expr", "billing_expr": expression})
        return Price(
            {}, refusal=f"{program.name} refuses calls of a model that is billed by an expression and has none"
        )
    return _of(program.price_of(charged.name, options, charged.channel_type))


def _of(stated: ProgramPrice) -> Price:
    if not stated.figures:
        return Price({}, refusal=stated.refusal)
    rules = dict(stated.rules)
    if "model_price" in stated.figures:
        return Price({"quota_type": 1, "model_price": stated.figures["model_price"].value}, rules)
    # Audio beside audio with a ratio has a price of its own, also if it is a default.
    figures = {**stated.figures, **{name: part for name, part in stated.unlisted.items() if name.startswith("audio")}}
    rules |= {name: figure.rule for name, figure in figures.items() if figure.rule}
    audio = stated.audio_input_price
    if audio is not None:
        rules["input.audio"] = audio.rule
    return Price(
        {"quota_type": 0} | {name: figure.value for name, figure in figures.items()},
        rules,
        audio_input=None if audio is None else audio.value,
    )


def _factors(name: str, row: Mapping[str, Any], program: Program) -> dict[str, Figure]:
    """The factors of cache writes: of their own price, or of the input price if the row has none for them."""
    if not row.get("model_ratio"):
        return {}
    own = row.get("create_cache_ratio")
    options = {"ModelPrice": {}, "ModelRatio": dict.fromkeys((name, new_api_name(name)), 1)}
    usual = program.price_of(name, {**options, "CreateCacheRatio": {} if own is None else {name: own}})
    write, hour = usual.unlisted.get("create_cache_ratio"), usual.hour_write_ratio
    factors = {} if write is None or own is not None else {CACHE_WRITE: write}
    if hour is None:
        return factors
    return factors | {HOUR_WRITE: hour if own is None else replace(hour, value=HOUR_WRITES)}


def _group_rates(name: str, gateway: Gateway) -> dict[str, Decimal]:
    """Name of a group here -> its own rate for the model, looked up as ratios are."""
    rates: dict[str, Decimal] = {}
    for option in ("GroupModelRatio", "group_ratio_setting.group_model_ratio"):
        for group, models in _table(gateway.options, option).items():
            rate = read_amount(models.get(new_api_name(name))) if isinstance(models, Mapping) else None
            if rate is not None and rate >= 0:
                rates[gateway.group_here(group.strip())] = rate
    return rates


def _table(options: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    table = options.get(key)
    return table if isinstance(table, Mapping) else {}


def _in_dollars(number: Any, units: Decimal) -> Any:
    """The ratio converted to the usual number of units per dollar."""
    if not is_number(number) or units == QUOTA_PER_DOLLAR:
        return number
    return plain(multiply(Decimal(number), QUOTA_PER_DOLLAR) / units)


def _in_words(row: Mapping[str, Any]) -> str:
    numbers = {name: value for name, value in row.items() if is_number(value) and name != "quota_type"}
    return ", ".join(f"{name} {digits(Decimal(value))}" for name, value in numbers.items()) or "no price"
