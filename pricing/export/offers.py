"""The input of every format: the models that a scope sees with their published prices, as plain values."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, localcontext
from functools import cache
from itertools import pairwise
from operator import attrgetter
from typing import Any

from catalog.exact import PRECISION, plain
from catalog.models import AIModel, ModelAlias
from catalog.models.facts import INT53, readable
from catalog.parameters import valid_parameters
from catalog.prices import Line, Sheet
from pricing.models import DiscountRule, PriceSheet
from pricing.published.audience import apply_group_rate, choose_group
from pricing.published.boundaries import PUBLIC_ROLES
from pricing.published.group_rates import group_rates, groups_of, groups_of_models
from pricing.published.history import periods
from pricing.published.prices import Factors, published_sheets
from pricing.published.rows import Reading, rendered_rows
from tokens.access.charging import first_starts
from tokens.access.visibility import Listing, aliases_of
from tokens.models import TokenGroup
from tokens.scope import Scope


@dataclass(frozen=True)
class PricedModel:
    """A model with its price."""

    name: str
    title: str
    vendor: str
    vendor_name: str
    sheet: Sheet | None = None
    # The current price and the scheduled ones with their dates, for formats that have dates.
    timeline: tuple[Sheet, ...] = ()
    description: str = ""
    series: str = ""
    context_length: int | None = None
    max_input_tokens: int | None = None
    max_output_tokens: int | None = None
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    reasoning_levels: tuple[str, ...] = ()
    knowledge_cutoff: str = ""
    open_weights: bool | None = None
    endpoint_types: tuple[str, ...] = ()
    default_parameters: Mapping[str, Any] = field(default_factory=dict)
    released_on: dt.date | None = None
    created: int = 0
    deprecated: bool = False
    retires_on: dt.date | None = None
    # Whether lists of models have it.
    listed: bool = True
    aliases: tuple[str, ...] = ()
    # Those of them that are rows of lists.
    listed_aliases: tuple[str, ...] = ()
    # The id of the model, if this is one of its aliases.
    alias_of: str = ""

    @property
    def dollars(self) -> Sheet | None:
        """The price in US dollars with its discounts multiplied in; None without a price or a currency rate."""
        dollars = self.sheet.in_dollars() if self.sheet else None
        return dollars.folded() if dollars else None

    @property
    def is_dynamic(self) -> bool:
        return self.sheet is not None and any(line.kind == "dynamic" for line in self.sheet.lines)


def own_id(model: PricedModel) -> Iterable[str]:
    """The names of a model in formats that have one row of each model."""
    return (model.name,)


def every_name(model: PricedModel) -> Iterable[str]:
    """Those in formats in which programs look for the name that they call."""
    return model.name, *model.aliases


def listed_names(model: PricedModel) -> Iterable[str]:
    """Those in formats that clients use as lists of models; none of a model that is not in lists."""
    return (model.name, *model.listed_aliases) if model.listed else model.listed_aliases


def rendered_models(
    kind: str,
    reading: Reading,
    render: Callable[[PricedModel], bytes],
    *,
    names: Callable[[PricedModel], Iterable[str]] = own_id,
    with_timeline: bool = False,
    listing: Listing | None = None,
) -> list[bytes]:
    """What `render` makes of each of the `names` of each model of the scope, ordered by name.

    The models are those of the price list unless a `listing` is given. `render` returns an empty text for a model that
    the format leaves out.
    """
    read = _reader(reading.scope, at=reading.at, with_timeline=with_timeline, with_aliases=names is not own_id)

    def render_batch(models: Sequence[AIModel]) -> dict[int, tuple[RenderedName, ...]]:
        return {key: tuple(rows_of(priced)) for key, priced in read(models)}

    def rows_of(model: PricedModel) -> Iterator[RenderedName]:
        for name in names(model):
            text = render(model if name == model.name else replace(model, name=name, alias_of=model.name))
            if text:
                yield RenderedName(name, text)

    rendered = rendered_rows(kind, reading, listing or reading.price_listing, render_batch).values()
    rows = [row for rows in rendered for row in rows]
    return [row.text for row in sorted(rows, key=attrgetter("name"))]


def priced_model(model: AIModel, reading: Reading) -> PricedModel:
    """One model with its price and its scheduled prices, as the scope sees it."""
    read = _reader(reading.scope, at=reading.at, with_timeline=True, with_aliases=True)
    return next(priced for _key, priced in read([model]))


@dataclass(frozen=True, slots=True)
class RenderedName:
    """A model in a format, under its id or an alias."""

    name: str
    text: bytes


def _reader(
    scope: Scope, *, at: dt.datetime, with_timeline: bool, with_aliases: bool
) -> Callable[[Sequence[AIModel]], Iterator[tuple[int, PricedModel]]]:
    """A function that reads the prices of a batch of models; what all batches have in common is read once."""
    groups, factors = groups_of(scope), Factors.read(at=at)
    rates, slugs = group_rates(groups, at=at), {group.slug for group in groups}
    with_dates = _models_with_dates(at=at) if with_timeline else set[int]()

    def read(models: Sequence[AIModel]) -> Iterator[tuple[int, PricedModel]]:
        sheets = published_sheets(models, at=at, groups=slugs, factors=factors)
        reach, aliases = groups_of_models(groups, models, at=at), aliases_of(models) if with_aliases else {}
        own = {model.pk: _for_one_group(sheets.get(model.pk), reach[model.pk], rates) for model in models}
        dated = [model for model in models if with_dates is None or model.pk in with_dates]
        timelines = _timelines(dated, scope, groups, reach, at=at) if dated else {}
        for model in models:
            timeline = timelines.get(model.pk, _without_dates(own[model.pk]))
            priced = _priced_model(model, own[model.pk], timeline, on=at.date())
            yield model.pk, _with_aliases(priced, aliases[model.pk]) if model.pk in aliases else priced

    return read


def _with_aliases(model: PricedModel, aliases: Sequence[ModelAlias]) -> PricedModel:
    listed = tuple(alias.name for alias in aliases if alias.listed)
    return replace(model, aliases=tuple(alias.name for alias in aliases), listed_aliases=listed)


def _without_dates(sheet: Sheet | None) -> tuple[Sheet, ...]:
    return () if sheet is None else (sheet,)


def _timelines(
    models: Sequence[AIModel],
    scope: Scope,
    groups: Sequence[TokenGroup],
    reach: Mapping[int, list[str]],
    *,
    at: dt.datetime,
) -> dict[int, tuple[Sheet, ...]]:
    """Model key -> its prices from that moment on, at the rate of one of the groups, each with its dates.

    The start of the current price is only known if it is a day: most prices apply since the import that found them.
    """
    starts = first_starts([model.pk for model in models], scope)
    listed = periods(models, groups={group.slug for group in groups}, starts=starts, for_export=True)
    rates_at = cache(lambda moment: group_rates(groups, at=moment))

    def dated(model: AIModel) -> Iterator[Sheet]:
        for period, following in pairwise([*listed[model.name], None]):
            end = following.starts_at if following else None
            if period is None or (end is not None and end <= at):
                continue
            sheet = _for_one_group(period.sheet, reach[model.pk], rates_at(max(at, period.starts_at)))
            if sheet is not None:
                is_known = period.starts_at > at or _is_day(period.starts_at)
                yield replace(sheet, starts_at=period.starts_at if is_known else None, ends_at=end)

    return {model.pk: tuple(dated(model)) for model in models}


def _models_with_dates(*, at: dt.datetime) -> set[int] | None:
    """The keys of the models whose prices may start on a day or change later; None for all models."""
    rules = DiscountRule.objects.values_list("starts_at", "ends_at")
    if any(_has_dates(*dates, at=at) for dates in rules):
        return None
    sheets = PriceSheet.objects.filter(role__in=PUBLIC_ROLES).values_list("model", "starts_at", "ends_at")
    return {model for model, start, end in sheets if _has_dates(start, end, at=at)}


def _has_dates(starts_at: dt.datetime, ends_at: dt.datetime | None, *, at: dt.datetime) -> bool:
    return starts_at > at or _is_day(starts_at) or (ends_at is not None and (ends_at > at or _is_day(ends_at)))


def _is_day(moment: dt.datetime) -> bool:
    return moment.astimezone(dt.UTC).time() == dt.time()


def _for_one_group(sheet: Sheet | None, groups: list[str], rates: Mapping[str, Decimal]) -> Sheet | None:
    """The sheet at the rate of one of the groups: these formats have no place for several prices of a model."""
    group = choose_group(groups)
    return None if sheet is None or group is None else apply_group_rate(sheet, group, rates[group])


def _priced_model(model: AIModel, sheet: Sheet | None, timeline: tuple[Sheet, ...], *, on: dt.date) -> PricedModel:
    return PricedModel(
        name=model.name,
        title=model.title,
        vendor=model.vendor.slug,
        vendor_name=model.vendor.name,
        sheet=sheet,
        timeline=timeline,
        description=model.description,
        series=model.series,
        context_length=readable(model.context_length, INT53),
        max_input_tokens=readable(model.max_input_tokens, INT53),
        max_output_tokens=readable(model.max_output_tokens, INT53),
        inputs=tuple(model.input_modalities),
        outputs=tuple(model.output_modalities),
        capabilities=tuple(model.capabilities),
        reasoning_levels=tuple(model.reasoning_levels),
        knowledge_cutoff=model.knowledge_cutoff,
        open_weights=model.open_weights,
        endpoint_types=tuple(model.callable_endpoint_types),
        default_parameters=valid_parameters(model.default_parameters),
        released_on=model.released_on,
        created=model.created,
        deprecated=model.lifecycle(on=on) == AIModel.Lifecycle.DEPRECATED,
        retires_on=model.retires_on,
        listed=model.listed,
    )


def per(line: Line, units: int) -> Decimal:
    """The amount of a line for that many units; exact if both counts are powers of ten, as in all sources."""
    with localcontext() as context:
        context.prec = PRECISION
        return plain((line.amount or Decimal(0)) * units / line.per)


def tiers(sheet: Sheet) -> Iterator[tuple[int, list[Line]]]:
    """(shortest prompt, lines) for lines whose only condition is a minimum length of the prompt, in order."""
    by_length: dict[int, list[Line]] = {}
    for line in sheet.lines:
        if line.kind == "absolute" and len(line.conditions) == 1:
            condition = line.conditions[0]
            if condition["dim"] == "prompt_tokens" and condition["op"] in ("gt", "gte"):
                least = int(condition["value"]) + (condition["op"] == "gt")
                by_length.setdefault(least, []).append(line)
    yield from sorted(by_length.items())
