"""What new-api, its forks and one-api charge for a model, by their options, rules and price list. Imports no models."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from catalog.exact import digits, multiply, plain
from catalog.sources.completion_ratios import new_api_name
from catalog.sources.rows import is_number, read_amount
from pricing.gateways.groups import slug_of
from pricing.gateways.prices.listing import compare
from pricing.gateways.prices.price import Price
from pricing.gateways.reading.gateway import Gateway
from pricing.gateways.rules.new_api import HOUR_WRITES
from pricing.gateways.rules.program import Figure, Program, ProgramPrice

# A gateway's own units for one US dollar, unless its operator changes it.
QUOTA_PER_DOLLAR = Decimal(500_000)
CACHE_WRITE, HOUR_WRITE = "input.cache_write", "input.cache_write[1h]"


@dataclass(frozen=True)
class Charged:
    """How a channel charges a model: by this name, on this type of channel."""

    name: str
    channel_type: int | None
    channel: str


def price(name: str, gateway: Gateway) -> Price:
    """What the gateway charges: an expression, else a price per call, else ratios."""
    program = gateway.dialect.program
    if program is None:
        return Price({})
    charged, *others = _ways(name, gateway, program)
    by_rules = _price(charged, gateway, program)
    stated = compare(by_rules, charged.name, gateway.listing) if gateway.listing else by_rules
    row = dict(stated.row)
    factors = _factors(charged.name, row, program)
    if "model_ratio" in row:
        row["model_ratio"] = _in_dollars(row["model_ratio"], gateway.options.get("QuotaPerUnit"))
    on_others = {way.channel: _price(way, gateway, program) for way in others}
    return replace(
        stated,
        row=row,
        rules={**stated.rules, **{name: figure.rule for name, figure in factors.items()}},
        use_factors={name: figure.value for name, figure in factors.items()},
        audio_input=stated.audio_input if "model_ratio" in row and "audio_ratio" not in row else None,
        group_rates=_group_rates(name, gateway.options) if row else {},
        others=tuple(
            f"{channel}: {_in_words(price)}" for channel, price in on_others.items() if price.row != by_rules.row
        ),
    )


def _ways(name: str, gateway: Gateway, program: Program) -> list[Charged]:
    """How channels charge the model; the first way is that of the enabled channel with the highest priority."""
    if not program.charges_upstream_names:
        return [Charged(name, None, "")]
    channels = gateway.channels_of.get(name, ())
    serving = [channel for channel in channels if channel.enabled and name not in channel.disabled_models]
    ways: dict[tuple[str, int], Charged] = {}
    for channel in serving or channels:
        charged = channel.upstream_names.get(name, name)
        ways.setdefault((charged, channel.type_number), Charged(charged, channel.type_number, f"channel {channel.id}"))
    return list(ways.values()) or [Charged(name, None, "")]


def _price(charged: Charged, gateway: Gateway, program: Program) -> Price:
    """The price by the database and the rules, in the gateway's own units."""
    options = gateway.options
    expressions, modes = (_table(options, f"billing_setting.{key}") for key in ("billing_expr", "billing_mode"))
    expression = expressions.get(charged.name)
    if modes.get(charged.name) == "tiered_expr" and expression:
        return Price({"billing_mode": "tiered_expr", "billing_expr": expression})
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


def _group_rates(name: str, options: Mapping[str, Any]) -> dict[str, Decimal]:
    """Slug of a group -> its own rate for the model, looked up as ratios are."""
    rates: dict[str, Decimal] = {}
    for option in ("GroupModelRatio", "group_ratio_setting.group_model_ratio"):
        for group, models in _table(options, option).items():
            rate = read_amount(models.get(new_api_name(name))) if isinstance(models, Mapping) else None
            if rate is not None and rate >= 0:
                rates[slug_of(group)] = rate
    return rates


def _table(options: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    table = options.get(key)
    return table if isinstance(table, Mapping) else {}


def _in_dollars(number: Any, quota_per_dollar: Any) -> Any:
    """The ratio converted to the usual number of units per dollar."""
    if not is_number(number) or not is_number(quota_per_dollar) or quota_per_dollar in (0, QUOTA_PER_DOLLAR):
        return number
    return plain(multiply(Decimal(number), QUOTA_PER_DOLLAR) / Decimal(quota_per_dollar))


def _in_words(price: Price) -> str:
    numbers = {name: value for name, value in price.row.items() if is_number(value) and name != "quota_type"}
    return ", ".join(f"{name} {digits(Decimal(value))}" for name, value in numbers.items()) or "no price"
