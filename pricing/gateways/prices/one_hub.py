"""What one-hub and done-hub charge for a model, by their table of prices. Imports no models.

The price of a call is that of the name that the upstream gets, unless its channel charges the model's own name. Kinds
of tokens with a ratio cost a multiple of the input or output price.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Context, Decimal
from typing import Any

from catalog.error_messages import count, some
from catalog.exact import digits, multiply, plain
from catalog.prices import MILLION, Condition
from pricing.gateways.prices.price import Price, quota_per_dollar
from pricing.gateways.reading.gateway import Gateway, GatewayChannel
from pricing.gateways.reading.price_table import PriceRow, PriceTable
from pricing.gateways.reading.schemas import DONE_HUB, ONE_HUB

# Units in a call of price 1.
UNITS_PER_CALL = Decimal(1000)
# The input and output price of a name without a row: such calls are charged, not refused.
WITHOUT_ROW = Decimal(30)
# Products of many factors are cut off here: the programs compute with doubles, which have 17 digits.
DIGITS = Context(prec=28)
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
LONG_LIVED: Condition = {"dim": "cache_ttl", "op": "eq", "value": "1h"}


@dataclass(frozen=True)
class PriceLine:
    """One price in dollars; `rule` says which rule of the program set it, if the operator did not.

    `factor` is its multiple of the price of input, if no list of the program shows it.
    """

    meter: str
    amount: Decimal
    conditions: tuple[Condition, ...] = ()
    unit: str = "token"
    per: int = MILLION
    rule: str = ""
    factor: Decimal | None = None

    def row(self) -> dict[str, Any]:
        """The line in the form of this catalog's own price list."""
        amount = plain(DIGITS.plus(self.amount))
        line = {"meter": self.meter, "amount": amount, "per": self.per, "unit": self.unit, "currency": "USD"}
        return {**line, "conditions": list(self.conditions)} if self.conditions else line

    @property
    def use(self) -> str:
        """The kind of usage that it prices: its meter, with the lifetime of a cache."""
        return f"{self.meter}[1h]" if LONG_LIVED in self.conditions else self.meter


@dataclass(frozen=True)
class CacheRatio:
    """The ratio that prices a meter of cached tokens, and its default; None for the input price.

    `is_common`: models without a cache have the default too, so lists should not show it.
    """

    key: str
    meter: str
    default: Decimal | None
    conditions: tuple[Condition, ...] = ()
    is_common: bool = False


# Providers count cached tokens in one of two ways, and each way has its own ratios.
READ_OF_OPENAI = CacheRatio("cached_tokens", "input.cache_read", None)
OF_OPENAI: Mapping[str, tuple[CacheRatio, ...]] = {
    ONE_HUB.name: (READ_OF_OPENAI,),
    DONE_HUB.name: (
        READ_OF_OPENAI,
        CacheRatio("openai_cache_write_tokens", "input.cache_write", Decimal("1.25"), is_common=True),
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
# Channel types that count as Anthropic does: for all models, for all but OpenAI's, and for Anthropic's only.
CLAUDE_TYPES = frozenset({"Anthropic", "Bedrock Messages", "Claude Code"})
BEDROCK, VERTEX = "Bedrock", "Vertex AI"
CLAUDE_VENDORS = frozenset({14, 32})


def price(name: str, gateway: Gateway) -> Price:
    """The price of calls of this model, as a list of price lines."""
    channels = gateway.channels_of.get(name, ())
    common = _lines(name, next(iter(channels), None), gateway)
    own = {group: _lines(name, channel, gateway) for group, channel in _first_by_group(channels, gateway).items()}
    group_prices = {
        gateway.group_here(group): {"prices": [line.row() for line in _completed(lines, common)]}
        for group, lines in sorted(own.items())
        if lines != common
    }
    # A factor would apply to the prices of all groups.
    unlisted = [] if group_prices else [line for line in common if line.factor is not None]
    return Price(
        {"prices": [line.row() for line in common if line not in unlisted]},
        {line.use: line.rule for line in common if line.rule},
        use_factors={line.use: line.factor for line in unlisted if line.factor is not None},
        group_prices=group_prices,
    )


def _first_by_group(channels: Iterable[GatewayChannel], gateway: Gateway) -> Mapping[str, GatewayChannel]:
    """Group -> the enabled channel that serves its calls first."""
    groups = {group.name for group in gateway.groups or () if group.enabled}
    enabled = [channel for channel in channels if channel.enabled]
    return {group: channel for channel in reversed(enabled) for group in channel.groups if group in groups}


def _completed(own: Sequence[PriceLine], common: Sequence[PriceLine]) -> Iterator[PriceLine]:
    """A group's own price: a kind of token that only the common price has costs what its side costs."""
    yield from own
    for meter in dict.fromkeys(line.meter for line in common):
        if all(line.meter != meter for line in own):
            yield from (replace(line, meter=meter) for line in own if line.meter == meter.partition(".")[0])


def _lines(name: str, channel: GatewayChannel | None, gateway: Gateway) -> list[PriceLine]:
    """The price of calls that this channel serves."""
    per_million, program = _dollars_per_million(gateway), gateway.dialect.name
    row = (gateway.prices or PriceTable()).row_for(billed_name(name, channel))
    if row is None:
        without_row = f"by {program}'s price for models without a row"
        row = PriceRow(name, is_per_call=False, vendor=0, input=WITHOUT_ROW, output=WITHOUT_ROW, ratios={})
        lines = _token_lines(row, _cache_ratios(row, name, channel, gateway), per_million, program)
        return [line if line.rule else replace(line, rule=without_row) for line in lines]
    if row.is_per_call:
        amount = multiply(row.input, UNITS_PER_CALL, per_million / MILLION)
        return [PriceLine("request", plain(amount), unit="request", per=1)]
    return list(_token_lines(row, _cache_ratios(row, name, channel, gateway), per_million, program))


def billed_name(name: str, channel: GatewayChannel | None) -> str:
    """The name whose price a call of the model costs on this channel."""
    return channel.billed_names.get(name, name) if channel else name


def _dollars_per_million(gateway: Gateway) -> Decimal:
    """What a million units cost."""
    return plain(MILLION / quota_per_dollar(gateway.options))


def _cache_ratios(row: PriceRow, name: str, channel: GatewayChannel | None, gateway: Gateway) -> tuple[CacheRatio, ...]:
    """The ratios for cached tokens as the channel's provider counts them."""
    is_claude = _is_claude(name, channel) if channel else row.vendor in CLAUDE_VENDORS
    return (OF_CLAUDE if is_claude else OF_OPENAI)[gateway.dialect.name]


def _is_claude(name: str, channel: GatewayChannel) -> bool:
    upstream = channel.upstream_names.get(name, name).casefold()
    if channel.type == BEDROCK:
        return not upstream.startswith(("openai.", "gpt-"))
    return channel.type in CLAUDE_TYPES or (channel.type == VERTEX and upstream.startswith("claude"))


def _token_lines(row: PriceRow, cache: Iterable[CacheRatio], per_million: Decimal, program: str) -> Iterator[PriceLine]:
    """The prices of tokens; a long prompt has another price for all tokens of the call."""
    base = {"input": multiply(row.input, per_million), "output": multiply(row.output, per_million)}
    lines = [PriceLine("input", base["input"]), PriceLine("output", base["output"])]
    for ratio in cache:
        factor = row.ratios.get(ratio.key, ratio.default)
        if factor is not None:
            is_default = ratio.key not in row.ratios
            lines.append(
                PriceLine(
                    ratio.meter,
                    multiply(base["input"], factor),
                    ratio.conditions,
                    rule=f"by {program}'s ratio for {ratio.key}" if is_default else "",
                    factor=factor if is_default and ratio.is_common else None,
                )
            )
    for key, factor in row.ratios.items():
        if meter := METERS.get(key):
            lines.append(PriceLine(meter, multiply(base[meter.partition(".")[0]], factor)))
    yield from lines
    if long := row.long_context:
        above: Condition = {"dim": "prompt_tokens", "op": "gt", "value": long.threshold}
        factors = {"input": long.input, "output": long.output}
        for line in lines:
            factor = factors[line.meter.partition(".")[0]]
            if factor != 1:
                yield replace(line, amount=multiply(line.amount, factor), conditions=(*line.conditions, above))


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
    """Whether calls of one group have several prices."""
    by_group: defaultdict[str, list[list[PriceLine]]] = defaultdict(list)
    for channel in channels:
        for group in channel.groups if channel.enabled else ():
            by_group[group].append(_lines(name, channel, gateway))
    return any(lines != prices[0] for prices in by_group.values() for lines in prices)


def unused_rows(gateway: Gateway) -> Sequence[str]:
    """The names and patterns in the table of prices that no call costs."""
    table = gateway.prices or PriceTable()
    return sorted(table.rows.keys() - {row.model for row in _rows(gateway).values() if row})


def unknown_ratios(gateway: Gateway) -> Sequence[str]:
    """The kinds of tokens in the prices of offered models that the program does not count."""
    program = gateway.dialect.name
    known = {*METERS, *(ratio.key for ratio in (*OF_OPENAI[program], *OF_CLAUDE[program]))}
    return sorted({key for row in _rows(gateway).values() if row for key in row.ratios.keys() - known})


def _rows(gateway: Gateway) -> Mapping[str, PriceRow | None]:
    """Offered model -> the row that its calls cost."""
    table = gateway.prices or PriceTable()
    return {name: table.row_for(billed_name(name, channels[0])) for name, channels in gateway.channels_of.items()}
