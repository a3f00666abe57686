"""A random catalog with its keys as plain values, and what brute force says of them; oracle_rows.py stores it.

The oracle knows no query, pattern, network or model of the code under test.
"""

import datetime as dt
import random
import socket
from dataclasses import dataclass, replace

from tests import world

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
TODAY = NOW.date()
DAY, SECOND = dt.timedelta(days=1), dt.timedelta(seconds=1)
MIDNIGHT = dt.datetime.combine(TODAY + DAY, dt.time(), tzinfo=dt.UTC)

VENDORS = ("openai", "Anthropic", "z-ai")
WORDS = ("alder", "birch", "cedar", "elm", "fir", "hazel", "larch", "maple", "oak", "pine", "rowan", "yew")
SERIES = ("", "gpt-4o", "claude")
TAGS = ("Tools", "128K", "new")
ENDPOINTS = ("openai", "openai-response", "anthropic", "gemini", "embeddings")
MODALITIES = ("text", "image", "audio")
CHANNELS = ("east", "west", "north", "south")
GROUPS = ("default", "vip", "staff")
RATES = ("", "700000/minute", "800000/minute", "900000/minute")
ADDRESSES = (
    "203.0.113.7", "203.0.113.200", "198.51.100.1", "::ffff:203.0.113.7", "2001:db8::1", "2001:db8:1::1", "::1",
)  # fmt: skip
NETWORKS = (
    "203.0.113.0/24", "203.0.113.128/25", "198.51.100.1", "::ffff:203.0.113.0/120", "2001:db8::/32", "2001:db8:1::/48",
    "0.0.0.0/0", "::/0", "::1",
)  # fmt: skip
PATTERNS = (
    "*", "**", "?", "*-1*", "a*", "*e*r*", "ALDER*", "VENDOR:openai", "vendor:OPENAI", "vendor:*ai", "vendor:z-ai",
    "vendor:nobody", "series:gpt-*", "series:*", "tag:tools", "tag:128?", "tag:*", "endpoint:openai", "endpoint:gemini",
    "endpoint:*ic", "modality:image", "modality:input-image", "modality:output-*", "modality:audio", "", "x" * 40,
    "*-alias", "b*-alias", "latest/*",
    "capability:tools", "capability:VIS*", "context>=200000", "context<128000", "max_output<=8192", "max_output>8192",
    "free", "price:input<=4", "price:input<4", "price:input>4", "price:output>=8", "price:output<=8",
    "price:input.cache_read<=2", "price:output.reasoning>8", "price:request<=0.01", "price:*",
)  # fmt: skip
CAPABILITIES = ("tools", "Vision", "batch")
AMOUNTS = (0, 1, 2, 4, 8)
STARTS = (NOW - DAY, NOW, NOW + SECOND, MIDNIGHT)
RATIOS = ("0.5", "1", "2")


@dataclass
class PlainModel:
    name: str
    vendor: str
    published: bool
    in_price_list: bool
    series: str
    tags: list[str]
    supported: list[str]
    public: list[str] | None
    inputs: list[str]
    outputs: list[str]
    retires_on: dt.date | None
    aliases: list[str]
    capabilities: list[str]
    context: int | None
    max_output: int | None
    # Its prices, each with its start, the oldest first.
    prices: list["PlainPrice"]
    # Channel -> whether the offer is enabled.
    offers: dict[str, bool]
    starts_at: dt.datetime | None
    # Group -> its start in place of that of the model; None: at once.
    releases: dict[str, dt.datetime | None]
    # The name of the model that replaces it, and whether calls go there when it has retired.
    successor: str | None = None
    forwards: bool = False

    @property
    def has_codex_profile(self) -> bool:
        return len(self.name) % 2 == 0

    @property
    def is_for_codex(self) -> bool:
        """Whether Codex can call it and has what it needs for that."""
        callable_types = self.supported if self.public is None else self.public
        return self.has_codex_profile and "openai-response" in callable_types


@dataclass
class PlainPrice:
    """Dollars for a million tokens, of input also for long prompts; or dollars for a call."""

    starts_at: dt.datetime
    input: int = 0
    output: int = 0
    long: int | None = None
    call: str | None = None


# Meter -> what a request can pay; empty: nothing is known; None: every meter is free.
Costs = dict[str, float] | None


@dataclass
class PlainGroup:
    reach: list[str]
    is_public: bool
    auto_position: int | None
    rate: str
    ratio: str


@dataclass
class PlainKey:
    groups: list[str]
    # It may be none of the key's groups.
    first: str | None
    auto: bool
    allow: list[str] | None
    deny: list[str]
    enabled: bool
    starts_at: dt.datetime | None
    expires_at: dt.datetime | None
    networks: list[str]
    over_budget: bool
    rate: str
    # The end of the key that it had before, which is then the one that is sent; None: its own is.
    grace: dt.datetime | None


@dataclass
class PlainCatalog:
    """One random world."""

    models: list[PlainModel]
    channels: dict[str, bool]
    groups: dict[str, PlainGroup]
    keys: list[PlainKey]

    def reached(self, key: PlainKey) -> list[str]:
        """The groups that count for the key, in its order: its first group, the default one, others, automatic ones."""
        own = sorted(key.groups, key=lambda slug: (slug != "default", slug))
        automatic = [slug for slug in self.automatic() if key.auto and slug not in own]
        return sorted([*own, *automatic], key=lambda slug: slug != key.first)

    def paying(self, model: str, key: PlainKey | None, at: dt.datetime = NOW) -> str:
        """The first group of the key, or of a visitor, that reaches the model at a moment."""
        groups = self.reached(key) if key else sorted(self.of_visitors(), key=lambda slug: (slug != "default", slug))
        return self.payer(next(each for each in self.models if each.name == model), groups, at)

    def payer(self, model: PlainModel, groups: list[str], at: dt.datetime = NOW) -> str:
        """The first of these groups that reaches the model at a moment; empty if none does."""
        channels = {channel for channel, enabled in model.offers.items() if enabled and self.channels[channel]}
        for slug in groups:
            start = model.releases.get(slug, model.starts_at)
            if channels & set(self.groups[slug].reach) and (start is None or at >= start):
                return slug
        return ""

    def of_visitors(self) -> set[str]:
        """The groups of visitors without a key."""
        return {slug for slug, group in self.groups.items() if group.is_public}

    def automatic(self) -> list[str]:
        """The automatic groups, in their order."""
        placed = [(group.auto_position, slug) for slug, group in self.groups.items() if group.auto_position]
        return [slug for _, slug in sorted(placed)]

    def for_codex(self, seen: set[str]) -> set[str]:
        """Those of the models that Codex's list has."""
        return {model.name for model in self.models if model.name in seen and model.is_for_codex}

    def seen(self, key: PlainKey, *, retired: bool = False, at: dt.datetime = NOW) -> set[str]:
        """The models that the key's rules show at a moment; the retired ones too where somebody asks for them."""
        return self._seen(set(self.reached(key)), key, retired=retired, at=at)

    def public(self, *, retired: bool = False, at: dt.datetime = NOW) -> set[str]:
        """The models that a visitor without a key sees."""
        return self._seen(self.of_visitors(), None, retired=retired, at=at)

    def costs(self, model: PlainModel, key: PlainKey, at: dt.datetime = NOW) -> Costs:
        """What the key's holder pays at most, at the rate of the group that pays."""
        slug = self.payer(model, self.reached(key), at)
        begun = [price for price in model.prices if price.starts_at <= at]
        if not slug or not begun:
            return {}
        price, ratio = begun[-1], float(self.groups[slug].ratio)
        if price.call is not None:
            return {"request": float(price.call) * ratio}
        if not price.input and not price.output and not price.long:
            return None
        return {"input": max(price.input, price.long or 0) * ratio, "output": price.output * ratio}

    def priced(self, seen: set[str]) -> set[str]:
        """Those of the models that are in price lists."""
        return {model.name for model in self.models if model.name in seen and model.in_price_list}

    def answers(
        self, name: str, key: PlainKey | None, *, retired: bool = False, at: dt.datetime = NOW, priced: bool = False
    ) -> str | None:
        """The model that a request for this name is about; None if there is none for the key, or for a visitor.

        With `priced` only models of price lists count.
        """
        own = [model for model in self.models if name in (model.name, *model.aliases)]
        if own and not retired:
            return self._forwarded(self.answers(name, key, retired=True, at=at, priced=priced), key, at, priced)
        starred = [model for model in self.models if stands_for(model.name, name)]
        groups = self.reached(key) if key else self.of_visitors()
        for model in own or sorted(starred, key=lambda model: len(model.name), reverse=True):
            reached = replace(self, models=[model])._seen(set(groups), None, retired=retired, at=at)
            allow, deny, costs = (key.allow, key.deny, self.costs(model, key, at)) if key else (None, [], {})
            is_permitted = permits(model, allow, deny, costs) if own else permits_as(name, model, allow, deny, costs)
            if reached and is_permitted and (model.in_price_list or not priced):
                return model.name
        return None

    def _forwarded(self, name: str | None, key: PlainKey | None, at: dt.datetime, priced: bool) -> str | None:
        """The model that still answers: this one, or the first of its successors that has not retired."""
        by_name = {model.name: model for model in self.models}
        for _ in self.models:
            if name is None:
                return None
            model = by_name[name]
            if model.retires_on is None or model.retires_on > at.date():
                return name
            if not model.forwards or not model.successor or "*" in (name[-1], model.successor[-1]):
                return None
            # By its own id, so that no alias counts.
            name = self.answers(model.successor, key, retired=True, at=at, priced=priced) and model.successor
        return None

    def rate(self, key: PlainKey) -> str | None:
        """All are by the minute and have as many digits, so the least is the first in the alphabet."""
        return key.rate or min(filter(None, (self.groups[slug].rate for slug in self.reached(key))), default=None)

    def _seen(self, groups: set[str], key: PlainKey | None, *, retired: bool, at: dt.datetime) -> set[str]:
        seen = set()
        for model in self.models:
            if not model.published or (model.retires_on and model.retires_on <= at.date() and not retired):
                continue
            if not self.payer(model, sorted(groups), at):
                continue
            if key is None or permits(model, key.allow, key.deny, self.costs(model, key, at)):
                seen.add(model.name)
        return seen


def stands_for(wildcard: str, name: str) -> bool:
    """Whether the id of a model ends in its only star, and the name begins with the rest."""
    prefix = wildcard[:-1]
    return wildcard[-1] == "*" and prefix != "" and "*" not in prefix and name[: len(prefix)] == prefix


def permits(model: PlainModel, allow: list[str] | None, deny: list[str], costs: Costs) -> bool:
    """Deny beats allow; no allow list is everything, and an empty one nothing; what is not known is not let through."""
    if any(names(pattern, model, costs) is not False for pattern in deny):
        return False
    return allow is None or any(names(pattern, model, costs) is True for pattern in allow)


def permits_as(name: str, model: PlainModel, allow: list[str] | None, deny: list[str], costs: Costs) -> bool:
    """Whether the name may be called where the model stands for it: it is denied with the model."""
    named = replace(model, name=name, aliases=[])
    return permits(model, None, deny, costs) and permits(named, allow, deny, costs)


def refusal(key: PlainKey, address: str | None) -> str:
    """Why the key that is sent is refused, from an address where one is asked for; empty where it is not."""
    ends = [end for end in (key.expires_at, key.grace) if end]
    if not key.enabled:
        return "key_disabled"
    if ends and min(ends) <= NOW:
        return "key_expired"
    if key.starts_at and key.starts_at > NOW:
        return "key_not_yet_valid"
    if address and key.networks and not any(lies_in(address, network) for network in key.networks):
        return "ip_not_allowed"
    return ""


def lies_in(address: str, network: str) -> bool:
    """Bit by bit; IPv4 in IPv6's clothes is IPv4."""
    base, _, length = network.partition("/")
    base_bits, bits = _bits(base), _bits(address)
    # The length refers to the address as it is written.
    length_in_bits = len(base_bits) - ((128 if ":" in base else 32) - int(length)) if length else len(base_bits)
    return len(bits) == len(base_bits) and bits[:length_in_bits] == base_bits[:length_in_bits]


def _bits(address: str) -> str:
    packed = socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
    return "".join(f"{byte:08b}" for byte in packed.removeprefix(b"\0" * 10 + b"\xff\xff"))


def names(pattern: str, model: PlainModel, costs: Costs) -> bool | None:
    """Whether the pattern is about the model; None: nobody knows."""
    selector, colon, value = pattern.partition(":")
    if pattern == "free":
        return costs is None
    for sign in ("<=", ">=", "<", ">"):
        left, found, limit = pattern.partition(sign)
        if found:
            return compare(left, sign, float(limit), model, costs)
    public = model.supported if model.public is None else model.public
    under = {
        "vendor": [model.vendor.lower(), model.vendor],
        "series": [model.series],
        "tag": model.tags,
        "capability": model.capabilities,
        "endpoint": public,
        "modality": model.inputs + model.outputs
        + ["input-" + name for name in model.inputs] + ["output-" + name for name in model.outputs],
    }  # fmt: skip
    if colon and selector == "id":
        return value in (model.name, *model.aliases)
    if colon and selector in under:
        return any(fits(value.lower(), name.lower()) for name in under[selector])
    return any(fits(pattern, name) for name in (model.name, *model.aliases))


def compare(left: str, sign: str, limit: float, model: PlainModel, costs: Costs) -> bool | None:
    """What is charged as something else has its price; what is not charged has none."""
    number: float | None
    if left.startswith("price:"):
        if costs == {}:
            return None
        charged = {"input.cache_read": "input", "output.reasoning": "output"}.get(left[6:], left[6:])
        number = 0 if costs is None else costs.get(charged)
        if number is None:
            return False
    else:
        number = {"context": model.context, "max_output": model.max_output}[left]
        if number is None:
            return None
    return {"<=": number <= limit, "<": number < limit, ">=": number >= limit, ">": number > limit}[sign]


def fits(pattern: str, text: str) -> bool:
    """Wildcards by the book: what a star takes is tried from nothing to all."""
    ends = {0}
    for letter in pattern:
        if letter == "*":
            ends = set(range(min(ends), len(text) + 1)) if ends else set()
        else:
            ends = {end + 1 for end in ends if text[end : end + 1] == letter}
    return len(text) in ends


def some(dice: random.Random, names: tuple[str, ...], most: int = 3) -> list[str]:
    return dice.sample(names, dice.randint(0, min(most, len(names))))


def sometimes(dice: random.Random, *moments: dt.datetime) -> dt.datetime | None:
    return dice.choice(moments) if dice.random() < 0.25 else None


def random_catalog(dice: random.Random, *, keys: int) -> PlainCatalog:
    ids = [f"{word}-{dice.choice(['1', '1.5', 'x/y', 'a:b'])}" for word in dice.sample(WORDS, 10)]
    ids += dice.sample([f"{word[:length]}*" for word in WORDS for length in (2, 3)] + [f"{w}-*" for w in WORDS], 4)
    plain = [
        PlainModel(
            name=name,
            vendor=dice.choice(VENDORS),
            published=dice.random() < 0.8,
            in_price_list=dice.random() < 0.8,
            series=dice.choice(SERIES),
            tags=some(dice, TAGS),
            supported=some(dice, ENDPOINTS),
            public=None if dice.random() < 0.5 else some(dice, ENDPOINTS),
            inputs=some(dice, MODALITIES),
            outputs=some(dice, MODALITIES),
            retires_on=dice.choice([None, None, TODAY, TODAY + DAY, TODAY - DAY]),
            aliases=some(dice, (f"{name}-alias", f"latest/{number}")),
            capabilities=some(dice, CAPABILITIES),
            context=dice.choice([None, 8000, 128_000, 200_000, 1_000_000]),
            max_output=dice.choice([None, 4096, 8192, 64_000]),
            prices=some_prices(dice),
            offers={channel: dice.random() < 0.8 for channel in some(dice, CHANNELS, 4)},
            starts_at=sometimes(dice, *STARTS),
            releases={slug: dice.choice([None, *STARTS]) for slug in GROUPS if dice.random() < 0.1},
        )
        for number, name in enumerate(ids)
    ]
    for model in plain:
        # Circles, too: an import may store them.
        model.successor = dice.choice([None, *ids])
        model.forwards = model.successor is not None and dice.random() < 0.8
    groups = {
        slug: PlainGroup(
            reach=some(dice, CHANNELS),
            is_public=dice.random() < 0.5,
            auto_position=dice.choice([None, 1, 1, 2, 3]),
            rate=dice.choice(RATES),
            ratio=dice.choice(RATIOS),
        )
        for slug in GROUPS
    }
    names = tuple(f"{word}-{end}" for word in dice.sample(WORDS, 6) for end in ("q", "q*"))
    patterns = (*PATTERNS, *ids, *names, *(f"id:{name}" for name in ids), *(f"{name}-alias" for name in ids))
    return PlainCatalog(
        plain,
        {channel: dice.random() < 0.8 for channel in CHANNELS},
        groups,
        random_keys(dice, patterns, keys),
    )


def some_prices(dice: random.Random) -> list[PlainPrice]:
    """None, one, or one and another that takes effect now, soon or tomorrow."""
    starts = dice.choice([[], [world.LONG_AGO], [world.LONG_AGO, dice.choice([NOW, NOW + SECOND, MIDNIGHT])]])
    return [some_price(dice, starts_at) for starts_at in starts]


def some_price(dice: random.Random, starts_at: dt.datetime) -> PlainPrice:
    """By the call, free, or by the token."""
    kind = dice.random()
    if kind < 0.3:
        return PlainPrice(starts_at, call=dice.choice(["0.01", "0.02"])) if kind < 0.15 else PlainPrice(starts_at)
    return PlainPrice(starts_at, dice.choice(AMOUNTS), dice.choice(AMOUNTS), dice.choice([None, None, *AMOUNTS]))


def random_keys(dice: random.Random, patterns: tuple[str, ...], number: int) -> list[PlainKey]:
    """Every fifth key differs from the one before it only in its deny patterns: a cache must not mix them up."""
    plain_keys: list[PlainKey] = []
    for index in range(number):
        key = random_key(dice, patterns)
        plain_keys.append(replace(plain_keys[-1], deny=key.deny) if index % 5 == 4 else key)
    return plain_keys


def random_key(dice: random.Random, patterns: tuple[str, ...]) -> PlainKey:
    starts_at = sometimes(dice, NOW - DAY, NOW, NOW + SECOND)
    # Nothing can be stored that expires before it starts.
    ends = (NOW, NOW + SECOND, NOW + 2 * DAY) if starts_at is None else (NOW + 2 * DAY,)
    return PlainKey(
        groups=some(dice, GROUPS),
        first=dice.choice([None, *GROUPS]),
        auto=dice.random() < 0.2,
        allow=None if dice.random() < 0.4 else some(dice, patterns, 4),
        deny=[pattern for pattern in some(dice, patterns, 2) if pattern.count("*") < 2 and pattern != "*"],
        enabled=dice.random() < 0.95,
        starts_at=starts_at,
        expires_at=sometimes(dice, *ends),
        networks=[] if dice.random() < 0.6 else some(dice, NETWORKS, 2),
        over_budget=dice.random() < 0.2,
        rate=dice.choice(["", "", "600000/minute"]),
        grace=sometimes(dice, NOW, NOW + SECOND, NOW + DAY),
    )
