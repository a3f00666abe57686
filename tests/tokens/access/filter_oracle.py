"""A random catalog with prices as plain values, what brute force says of filters and orders, and the same as rows."""

import datetime as dt
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from catalog.models import AIModel, ModelAlias, Offer
from pricing.models import CurrencyRate, DiscountRule, PopularModel, UsageCount
from tests import world

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
MODELS = 16
VENDORS = {"acme": "Acme, Inc.", "zai": "智谱 AI", "openai": "OpenAI"}
CAPABILITIES = ("tools", "vision", "Reasoning")
ENDPOINTS = ("openai", "anthropic", "embeddings")
INPUTS, OUTPUTS = ("text", "image", "pdf"), ("text", "image", "embedding")
CONTEXTS = (None, 0, 1000, 128_000, 10**9)
# The ratio of each group, the discount of Acme's list prices, and yuan for a dollar.
RATIOS, DISCOUNT, YUAN = {"default": "1.5", "vip": "0.5"}, "0.8", "7"
SORTS = ("created", "price", "popular")


@dataclass
class Plain:
    """One model as plain values, with its brute-force facts."""

    name: str
    vendor: str
    capabilities: list[str]
    supported: list[str]
    public: list[str] | None
    inputs: list[str]
    outputs: list[str]
    context: int | None
    released: dt.date | None
    groups: list[str]
    # The role, the currency and dollars for a million tokens of input and output; or a kind of price without them.
    price: tuple[str, str, str, str] | str
    requests: int
    pinned: int | None
    in_price_list: bool
    # Whether lists of models have the model itself, and the alias that all lists have, too.
    listed: bool = True
    alias: str = ""
    # The model's id, if this is the row of an alias.
    alias_of: str = ""

    def rows(self, *, of_prices: bool) -> Iterator["Plain"]:
        """What lists have of it: each row under its name."""
        if self.listed or of_prices:
            yield self
        if self.alias:
            yield replace(self, name=self.alias, alias_of=self.name)

    @property
    def dollars(self) -> Decimal | None:
        """What the headline costs the key, for a million tokens; None if nobody can say that."""
        if self.price == "free":
            return Decimal(0)
        if self.price == "half":
            # Models that return vectors have no price of output.
            return Decimal(0) if self.outputs == ["embedding"] else None
        if isinstance(self.price, str):
            return None
        role, currency, tokens_in, tokens_out = self.price
        if currency == "EUR":
            return None
        # A price of 0 beside a paid one is not the headline.
        amount = Decimal(tokens_in) or Decimal(tokens_out)
        factor = Decimal(RATIOS["default" if "default" in self.groups else "vip"])
        factor *= Decimal(DISCOUNT) if role == "list" and self.vendor == "acme" else 1
        return amount * factor / (Decimal(YUAN) if currency == "CNY" else 1)

    def words(self, parameter: str) -> set[str]:
        types = self.inputs + self.outputs
        words = {
            "vendor": [self.vendor, VENDORS[self.vendor]],
            "capability": self.capabilities,
            "endpoint": self.supported if self.public is None else self.public,
            "modality": [
                *types,
                *(f"input-{name}" for name in self.inputs),
                *(f"output-{name}" for name in self.outputs),
            ],
        }
        return {word.lower() for word in words[parameter]}


Query = list[tuple[str, str]]


def choose(models: list[Plain], query: Query, *, default: Callable[[list[Plain]], list[Plain]]) -> list[str]:
    """Brute force: what a list of these models has, in its order."""
    chosen = list(models)
    for parameter, every in (("vendor", False), ("endpoint", False), ("capability", True), ("modality", True)):
        wanted = {
            name.strip().lower()
            for key, value in query
            if key == parameter
            for name in value.lower().replace('"acme, inc."', "acme").replace("，", ",").split(",")
        } - {""}
        if wanted:
            chosen = [
                model
                for model in chosen
                if (wanted <= model.words(parameter) if every else wanted & model.words(parameter))
            ]
    single = dict(query)
    if limit := single.get("max_price", "").strip():
        chosen = [model for model in chosen if model.dollars is not None and model.dollars <= Decimal(limit)]
    if limit := single.get("min_context", "").strip():
        chosen = [model for model in chosen if model.context is not None and model.context >= int(limit)]
    newest = sorted(chosen, key=lambda model: (-(model.released or NOW.date()).toordinal(), model.name))
    match single.get("sort", "").strip():
        case "price":
            newest.sort(key=lambda model: Decimal("Infinity") if model.dollars is None else model.dollars)
        case "popular":
            newest.sort(key=popularity)
        case "":
            newest = default(newest)
    return [model.name for model in newest]


def popularity(model: Plain) -> tuple[Any, ...]:
    if model.pinned is not None:
        return (0, model.pinned)
    return (1, -model.requests, model.alias_of or model.name) if model.requests else (2,)


def as_in_the_price_list(models: list[Plain]) -> list[Plain]:
    def key(model: Plain) -> tuple[Any, ...]:
        place = popularity(model)
        return (*place, model.alias_of != "") if place[0] < 2 else (*place, VENDORS[model.vendor], model.name)

    return sorted(models, key=key)


def random_models(dice: random.Random) -> Iterator[Plain]:
    def some(words: tuple[str, ...]) -> list[str]:
        return dice.sample(words, dice.randrange(3))

    for number in range(MODELS):
        role, currency = dice.choice(("sell", "list")), dice.choice(("USD", "USD", "USD", "CNY", "EUR"))
        amounts = dice.choice((("1", "2"), ("2", "8"), ("0", "2"), ("0.75", "0"), ("2.50", "10")))
        yield Plain(
            name=f"{dice.choice(('m', 'M', 'org/m'))}-{number}",
            vendor=dice.choice(list(VENDORS)),
            capabilities=some(CAPABILITIES),
            supported=dice.sample(ENDPOINTS[:2], dice.randrange(1, 3)),
            public=dice.choice([None, None, ["openai"], []]),
            inputs=some(INPUTS),
            outputs=some(OUTPUTS),
            context=dice.choice(CONTEXTS),
            released=dice.choice([None, dt.date(2026, dice.randrange(1, 4), 1)]),
            groups=dice.choice([["default"], ["vip"], ["default", "vip"]]),
            price=dice.choice([(role, currency, *amounts)] * 5 + ["free", "none", "image", "dynamic", "half"]),
            requests=dice.choice([0, 0, 5, 9]),
            pinned=None if dice.randrange(6) else number,
            in_price_list=bool(dice.randrange(6)),
            listed=bool(dice.randrange(6)),
            alias=f"{dice.choice('alz')}-{number}" if dice.randrange(4) == 0 else "",
        )


def store(models: list[Plain]) -> str:
    """The rows of the models, and a key of both groups."""
    groups = [world.token_group(slug) for slug in RATIOS]
    for group in groups:
        world.channel(group.slug, group=group.slug)
        world.rate(group, RATIOS[group.slug])
    vendors = {slug: world.vendor(slug, name=name) for slug, name in VENDORS.items()}
    DiscountRule.objects.create(vendor=vendors["acme"], multiplier=Decimal(DISCOUNT), starts_at=world.LONG_AGO)
    CurrencyRate.objects.create(currency="CNY", per_usd=Decimal(YUAN), as_of=world.LONG_AGO.date())
    for plain in models:
        model = world.model(
            plain.name,
            on=None,
            vendor=vendors[plain.vendor],
            capabilities=plain.capabilities,
            supported_endpoint_types=plain.supported,
            public_endpoint_types=plain.public,
            input_modalities=plain.inputs,
            output_modalities=plain.outputs,
            context_length=plain.context,
            released_on=plain.released,
            in_price_list=plain.in_price_list,
            listed=plain.listed,
        )
        if plain.alias:
            ModelAlias.objects.create(model=model, name=plain.alias, listed=True)
        for slug in plain.groups:
            Offer.objects.create(model=model, channel=world.channel(slug, group=None))
        store_price(model, plain.price)
        if plain.pinned is not None:
            PopularModel.objects.create(model=model, position=plain.pinned)
        yesterday = NOW.date() - dt.timedelta(days=1)
        UsageCount.objects.create(model=model, name=plain.name, day=yesterday, reporter="r", requests=plain.requests)
    return world.key(*RATIOS)


def store_price(model: AIModel, price: tuple[str, str, str, str] | str) -> None:
    match price:
        case (role, currency, tokens_in, tokens_out):
            world.price(model, role=role, currency=currency, input=tokens_in, output=tokens_out)
        case "free":
            world.price(model, input="0", output="0")
        case "half":
            # Only one side is known, and nothing of it is paid.
            world.price(model, input="0")
        case "image":
            world.line(world.price(model), "output.image", "0.04", per=1, unit="image")
        case "dynamic":
            world.line(world.price(model), "input", None, kind="dynamic")


def random_query(dice: random.Random) -> Query:
    words = {
        "vendor": ["acme", '"Acme, Inc."', "zai", "智谱 AI", "openai", "nobody"],
        "endpoint": [*ENDPOINTS, "x"],
        "capability": [*CAPABILITIES, "x"],
        "modality": [*INPUTS, "embedding", "input-image", "output-image", "input-text", "output-text"],
    }
    query: Query = []
    for parameter, names in words.items():
        if dice.random() < 0.3:
            chosen = [
                dice.choice([name, name.upper(), f" {name} "]) for name in dice.sample(names, dice.randrange(1, 3))
            ]
            separator = dice.choice([", ", "，", ""])
            query += [(parameter, separator.join(chosen))] if separator else [(parameter, name) for name in chosen]
    if dice.random() < 0.3:
        query.append(("max_price", dice.choice(["0", "0.6", "1", "1.50", "3.75", "1e6", ""])))
    if dice.random() < 0.3:
        query.append(("min_context", dice.choice(["0", "1", "1000", "128000", "128001", "999999999999999", " "])))
    if dice.random() < 0.6:
        query.append(("sort", dice.choice([*SORTS, ""])))
    dice.shuffle(query)
    return query
