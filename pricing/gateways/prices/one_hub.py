"""What one-hub and done-hub charge for a model, by their table of prices. Imports no models.

The price of a call is that of the name that the upstream gets, unless its channel charges the model's own name. Kinds
of tokens with a ratio cost a multiple of the input or output price.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from catalog.error_messages import count, some
from catalog.exact import digits, multiply, plain
from catalog.prices import MILLION, Condition
from catalog.sources.rows import is_number
from pricing.gateways.groups import slug_of
from pricing.gateways.prices.price import Price
from pricing.gateways.reading.gateway import Gateway, GatewayChannel
from pricing.gateways.reading.price_table import PriceRow, PriceTable
from pricing.gateways.reading.schemas import DONE_HUB, ONE_HUB

# Units for one US dollar, unless the operator changes it, and units in a call of price 1.
QUOTA_PER_DOLLAR = Decimal(500_000)
UNITS_PER_CALL = Decimal(1000)
# The input and output price of a name without a row: such calls are charged, not refused.
WITHOUT_ROW = Decimal(30)
RULE_WITHOUT_ROW = "the program's price for models without a row"
# Kind of token -> its meter.
METERS = {
    "input_text_tokens": "input.text",
    "input_audio_tokens": "input.audio",
    "input_image_tokens": "input.image",
    "output_text_tokens": "output.text",
    "output_audio_tokens": "output.audio",
    "output_image_tokens": "output.image",
    "reasoning_tokens": "output.reasoning",
}
# A price line in the form of this catalog's own price list.
Line = dict[str, Any]
LONG_LIVED: Condition = {"dim": "cache_ttl", "op": "eq", "value": "1h"}


@dataclass(frozen=True)
class CacheRatio:
    """The ratio that prices a meter of cached tokens, and its default; None for the input price."""

    key: str
    meter: str
    default: Decimal | None
    conditions: tuple[Condition, ...] = ()


# Providers count cached tokens in one of two ways, and each way has its own ratios.
READ_OF_OPENAI = CacheRatio("cached_tokens", "input.cache_read", None)
OF_OPENAI: Mapping[str, tuple[CacheRatio, ...]] = {
    ONE_HUB.name: (READ_OF_OPENAI,),
    DONE_HUB.name: (
        READ_OF_OPENAI,
        CacheRatio("openai_cache_write_tokens", "input.cache_write", Decimal("1.25")),
    ),
}
SHORT_OF_CLAUDE = (
    CacheRatio("cached_read_tokens", "input.cache_read", Decimal("0.1")),
    CacheRatio("cached_write_tokens", "input.cache_write", Decimal("1.25")),
)
OF_CLAUDE: Mapping[str, tuple[CacheRatio, ...]] = {
    ONE_HUB.name: SHORT_OF_CLAUDE,
    DONE_HUB.name: (
        *SHORT_OF_CLAUDE,
        CacheRatio("cached_write_1h_tokens", "input.cache_write", Decimal(2), (LONG_LIVED,)),
    ),
}
# Channel types that count as Anthropic does; Vertex AI does for its models.
CLAUDE_TYPES = frozenset({"Anthropic", "Bedrock", "Bedrock Messages", "Claude Code"})
VERTEX_TYPES = frozenset({"Vertex AI", "Vertex AI Express"})
CLAUDE_VENDORS = frozenset({14, 32})


def price(name: str, gateway: Gateway) -> Price:
    """The price of calls of this model, as a list of price lines."""
    channels = gateway.channels_of.get(name, ())
    first = next(iter(channels), None)
    common = _lines(name, first, gateway)
    lines = [*common]
    for group, channel in sorted(_first_by_group(channels, gateway).items()):
        own = _lines(name, channel, gateway)
        if own != common and _units(own) == _units(common):
            lines += _of_group(slug_of(group), own, common)
    has_row = (gateway.prices or PriceTable()).row_for(billed_name(name, first)) is not None
    rules = {} if has_row else {"input": RULE_WITHOUT_ROW, "output": RULE_WITHOUT_ROW}
    return Price({"prices": lines}, rules)


def _first_by_group(channels: Iterable[GatewayChannel], gateway: Gateway) -> Mapping[str, GatewayChannel]:
    """Group -> the enabled channel that serves its calls first."""
    groups = {group.name for group in gateway.groups or () if group.enabled}
    enabled = [channel for channel in channels if channel.enabled]
    return {group: channel for channel in reversed(enabled) for group in channel.groups if group in groups}


def _of_group(slug: str, own: Sequence[Line], common: Sequence[Line]) -> Iterator[Line]:
    """The lines of one group's own price, which replace all common ones."""
    condition: Condition = {"dim": "group", "op": "eq", "value": slug}
    for meter in dict.fromkeys(line["meter"] for line in (*own, *common)):
        # A kind of token without a price of its own costs what its side costs.
        of_meter = [line for line in own if line["meter"] == meter]
        of_side = [line for line in own if line["meter"] == meter.partition(".")[0]]
        for line in of_meter or of_side:
            yield {**line, "meter": meter, "conditions": [*line.get("conditions", ()), condition]}


def _units(lines: Iterable[Line]) -> set[str]:
    return {line["unit"] for line in lines}


def _lines(name: str, channel: GatewayChannel | None, gateway: Gateway) -> list[Line]:
    """The price of calls that this channel serves."""
    per_million = _dollars_per_million(gateway)
    row = (gateway.prices or PriceTable()).row_for(billed_name(name, channel))
    if row is None:
        amount = multiply(WITHOUT_ROW, per_million)
        return [_line("input", amount), _line("output", amount)]
    if row.is_per_call:
        return [_line("request", multiply(row.input, UNITS_PER_CALL, per_million / MILLION), unit="request", per=1)]
    return list(_token_lines(row, _cache_ratios(row, name, channel, gateway), per_million))


def billed_name(name: str, channel: GatewayChannel | None) -> str:
    """The name whose price a call of the model costs on this channel."""
    return channel.billed_names.get(name, name) if channel else name


def _dollars_per_million(gateway: Gateway) -> Decimal:
    """What a million units cost."""
    units = gateway.options.get("QuotaPerUnit")
    return plain(MILLION / (Decimal(units) if is_number(units) and units > 0 else QUOTA_PER_DOLLAR))


def _cache_ratios(row: PriceRow, name: str, channel: GatewayChannel | None, gateway: Gateway) -> tuple[CacheRatio, ...]:
    """The ratios for cached tokens as the channel's provider counts them."""
    is_claude = _is_claude(name, channel) if channel else row.vendor in CLAUDE_VENDORS
    return (OF_CLAUDE if is_claude else OF_OPENAI)[_program(gateway)]


def _is_claude(name: str, channel: GatewayChannel) -> bool:
    upstream = channel.upstream_names.get(name, name)
    return channel.type in CLAUDE_TYPES or (channel.type in VERTEX_TYPES and upstream.startswith("claude"))


def _program(gateway: Gateway) -> str:
    return DONE_HUB.name if gateway.dialect is DONE_HUB else ONE_HUB.name


def _token_lines(row: PriceRow, cache: Iterable[CacheRatio], per_million: Decimal) -> Iterator[Line]:
    """The prices of tokens; a long prompt has another price for all tokens of the call."""
    parts: list[tuple[str, Decimal, tuple[Condition, ...]]] = [("input", Decimal(1), ()), ("output", Decimal(1), ())]
    for ratio in cache:
        factor = row.ratios.get(ratio.key, ratio.default)
        if factor is not None:
            parts.append((ratio.meter, factor, ratio.conditions))
    parts += [(METERS[key], factor, ()) for key, factor in row.ratios.items() if key in METERS]
    base = {"input": multiply(row.input, per_million), "output": multiply(row.output, per_million)}
    for meter, factor, conditions in parts:
        yield _line(meter, multiply(base[meter.partition(".")[0]], factor), conditions)
    if long := row.long_context:
        above: Condition = {"dim": "prompt_tokens", "op": "gt", "value": long.threshold}
        factors = {"input": long.input, "output": long.output}
        for meter, factor, conditions in parts:
            side = meter.partition(".")[0]
            if factors[side] != 1:
                yield _line(meter, multiply(base[side], factor, factors[side]), (*conditions, above))


def _line(
    meter: str, amount: Decimal, conditions: Iterable[Condition] = (), *, unit: str = "token", per: int = MILLION
) -> Line:
    line = {"meter": meter, "amount": plain(amount), "per": per, "unit": unit, "currency": "USD"}
    return {**line, "conditions": list(conditions)} if conditions else line


def findings(gateway: Gateway) -> Iterator[str]:
    """What the operator should know about the prices as a whole."""
    table = gateway.prices or PriceTable()
    billed = {name: billed_name(name, channels[0]) for name, channels in gateway.channels_of.items()}
    without_row = [name for name, row in _rows(gateway).items() if row is None]
    if without_row:
        models = count(len(without_row), "model has no row", "models have no row")
        price = digits(multiply(WITHOUT_ROW, _dollars_per_million(gateway)))
        yield (
            f"{models} in the table of prices; the program charges ${price} for a million tokens of input and of "
            f"output: {some(without_row)}"
        )
    yield from _undecided(gateway, table, billed)
    if gateway.options.get("ModelNameCaseInsensitiveEnabled") is True:
        yield (
            "the gateway ignores upper and lower case in ids of models (ModelNameCaseInsensitiveEnabled); here each "
            "id has one spelling"
        )
    if gateway.options.get("EmptyResponseBillingEnabled") is False:
        yield (
            "calls without output tokens are free in the gateway (EmptyResponseBillingEnabled is off); here they cost "
            "their input"
        )
    yield "prices of tools, such as web searches, are only in the gateway's program and were left out"


def _undecided(gateway: Gateway, table: PriceTable, billed: Mapping[str, str]) -> Iterator[str]:
    """Prices that differ from one call to the next in the program itself."""
    rivals = [name for name, other in billed.items() if len(table.rivals(other)) > 1]
    if rivals:
        yield (
            f"{some(rivals)}: several patterns in the table of prices fit, and the program uses any of them; the "
            "longest pattern was used"
        )
    differing = [name for name, channels in gateway.channels_of.items() if _differs(name, channels, gateway)]
    if differing:
        yield (
            f"{some(differing)}: the price depends on the channel that serves the call; that of the enabled channel "
            "with the highest priority was used"
        )


def _differs(name: str, channels: Iterable[GatewayChannel], gateway: Gateway) -> bool:
    """Whether calls of one group have several prices, or groups have prices in several units."""
    by_group: defaultdict[str, list[list[Line]]] = defaultdict(list)
    for channel in channels:
        for group in channel.groups if channel.enabled else ():
            by_group[group].append(_lines(name, channel, gateway))
    units = {frozenset(_units(lines)) for prices in by_group.values() for lines in prices}
    return len(units) > 1 or any(lines != prices[0] for prices in by_group.values() for lines in prices)


def unused_rows(gateway: Gateway) -> Sequence[str]:
    """The names and patterns in the table of prices that no call costs."""
    table = gateway.prices or PriceTable()
    return sorted(table.rows.keys() - {row.model for row in _rows(gateway).values() if row})


def unknown_ratios(gateway: Gateway) -> Sequence[str]:
    """The kinds of tokens in the prices of offered models that the program does not count."""
    program = _program(gateway)
    known = {*METERS, *(ratio.key for ratio in (*OF_OPENAI[program], *OF_CLAUDE[program]))}
    return sorted({key for row in _rows(gateway).values() if row for key in row.ratios.keys() - known})


def _rows(gateway: Gateway) -> Mapping[str, PriceRow | None]:
    """Offered model -> the row that its calls cost."""
    table = gateway.prices or PriceTable()
    return {name: table.row_for(billed_name(name, channels[0])) for name, channels in gateway.channels_of.items()}
