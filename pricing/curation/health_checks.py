"""The catalog doctor: rules that look for what is wrong in the data, one function a rule. It changes nothing."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from django.db import models
from django.db.models import Q

from catalog.exact import digits
from catalog.models import AIModel, EndpointType, ModelAlias, Vendor
from catalog.prices import MILLION, RATIO_UNIT, Line, Sheet
from catalog.progress import track
from catalog.sources.new_api import PLACEHOLDER
from catalog.vendor_matching import vendor_key
from pricing.curation.margins import losses
from pricing.engine.formatting.amounts import money, per_units
from pricing.engine.formatting.labels import meter as label_of_meter
from pricing.engine.money import per_million
from pricing.engine.sanity_checks import fact_doubts, price_doubts
from pricing.engine.validation import condition_faults, tier_faults
from pricing.models import PopularModel, PriceSheet
from pricing.published.prices import published_sheets, sheets_in_force, written_lines
from tokens.access.visibility import Listing, public_scope
from tokens.auth.authentication import rows_of, scope_of
from tokens.models import Token
from tokens.scope import SELECTORS

Role = PriceSheet.Role
UNUSED = dt.timedelta(days=90)
# How many times dearer or cheaper than the vendor's own price is more likely a slip than a price.
FAR = 10


@dataclass(frozen=True)
class Finding:
    """A row, and what is wrong with it in half a sentence."""

    row: models.Model
    problem: str


class Examination:
    """The catalog at one moment, read once for all rules."""

    def __init__(self, *, at: dt.datetime) -> None:
        self.at = at
        self.on = at.astimezone(dt.UTC).date()

    @cached_property
    def listed(self) -> list[AIModel]:
        """What some group may reach today."""
        rows = AIModel.objects.published().offered().not_retired(on=self.on)
        return list(rows.select_related("vendor", "successor").order_by("name"))

    @cached_property
    def sheets(self) -> Mapping[int, Sheet]:
        return published_sheets(self.listed, at=self.at, groups=None)

    @cached_property
    def priced(self) -> list[tuple[AIModel, Sheet]]:
        return [(model, self.sheets[model.pk]) for model in self.listed if model.pk in self.sheets]

    @cached_property
    def written(self) -> list[tuple[PriceSheet, list[Line]]]:
        """The sheets that count now or will, of every model and role, with all lines as they are written."""
        counting = PriceSheet.objects.in_force(at=self.at) | PriceSheet.objects.filter(starts_at__gt=self.at)
        sheets = {
            sheet.pk: sheet for sheet in counting.select_related("model").order_by("model__name", "starts_at", "pk")
        }
        lines = written_lines(list(sheets))
        return [(sheet, lines.get(key, [])) for key, sheet in sheets.items()]

    @cached_property
    def tokens(self) -> list[Token]:
        """Those that are not switched off and have not expired."""
        return list(self.valid_tokens.order_by("name", "pk"))

    @property
    def valid_tokens(self) -> models.QuerySet[Token]:
        valid: models.QuerySet[Token] = Token.objects.filter(
            Q(expires_at=None) | Q(expires_at__gt=self.at), enabled=True
        )
        return valid


Finder = Callable[[Examination], Iterator[Finding]]


@dataclass(frozen=True)
class Rule:
    """One kind of fault: its name for commands, its title and what to do about it for people, and who finds it."""

    name: str
    title: str
    remedy: str
    about: type[models.Model]
    find: Finder


RULES: list[Rule] = []


def rule(name: str, title: str, remedy: str, *, about: type[models.Model]) -> Callable[[Finder], Finder]:
    """Makes a rule of a function that finds."""

    def register(find: Finder) -> Finder:
        RULES.append(Rule(name, title, remedy, about, find))
        return find

    return register


def examine(rules: list[Rule], *, at: dt.datetime) -> list[tuple[Rule, list[Finding]]]:
    """What each of these rules finds; those that find nothing are left out."""
    catalog = Examination(at=at)
    found = ((each, list(each.find(catalog))) for each in track(rules, "Checking"))
    return [(each, findings) for each, findings in found if findings]


@rule(
    "no-price",
    "Listed without a price",
    "Set a price on the model's page, or take the model back to draft.",
    about=AIModel,
)
def no_price(catalog: Examination) -> Iterator[Finding]:
    for model in catalog.listed:
        if model.pk not in catalog.sheets:
            yield Finding(model, "no list and no sell price is in force")


@rule(
    "placeholder-price",
    "Priced like new-api's placeholder",
    "It stands for a price that nobody set there, and reads as $75 per million tokens: set the true one.",
    about=AIModel,
)
def placeholder_price(catalog: Examination) -> Iterator[Finding]:
    base, completion = PLACEHOLDER
    for model, sheet in catalog.priced:
        plain = _plain_prices(sheet)
        if plain.get("input") == base * RATIO_UNIT and plain.get("output") == base * RATIO_UNIT * completion:
            yield Finding(model, f"input and output cost {digits(base * RATIO_UNIT)} per million tokens")


@rule(
    "costs-nothing",
    "Free, though the id does not say so",
    "If it is meant, write “free” into its tags; else set a price.",
    about=AIModel,
)
def costs_nothing(catalog: Examination) -> Iterator[Finding]:
    for model, sheet in catalog.priced:
        amounts = [line.amount for line in sheet.lines if line.kind == "absolute"]
        named = " ".join([model.name, *model.tags]).casefold()
        if amounts and not any(amounts) and "free" not in named:
            yield Finding(model, "every figure of its price is 0")


@rule("odd-price", "Prices that contradict themselves", "Compare them with the vendor's own price page.", about=AIModel)
def odd_price(catalog: Examination) -> Iterator[Finding]:
    for model, sheet in catalog.priced:
        for doubt in price_doubts(sheet, is_new=False):
            yield Finding(model, doubt)


@rule(
    "no-currency-rate",
    "Priced in a currency without a rate",
    "Add a currency rate: until then no list can show the price in dollars.",
    about=AIModel,
)
def no_currency_rate(catalog: Examination) -> Iterator[Finding]:
    for model, sheet in catalog.priced:
        if sheet.in_dollars() is None:
            yield Finding(model, f"its price is in {sheet.currency}")


@rule(
    "unsound-condition",
    "Price lines that nothing can judge",
    "Set the price anew: until then no list and no quote has a number for it.",
    about=PriceSheet,
)
def unsound_condition(catalog: Examination) -> Iterator[Finding]:
    for sheet, lines in catalog.written:
        for fault in condition_faults(lines):
            yield Finding(sheet, fault)


@rule(
    "odd-tiers",
    "Tiers that overlap or leave a gap",
    "Write a new sheet with the tiers in order, the shortest prompts first.",
    about=PriceSheet,
)
def odd_tiers(catalog: Examination) -> Iterator[Finding]:
    for sheet, lines in catalog.written:
        if not any(condition_faults(lines)):
            for fault in tier_faults(lines, longest=sheet.model.context_length):
                yield Finding(sheet, fault)


@rule("below-cost", "Sold below cost", "Raise the price, or look whether the cost is right.", about=AIModel)
def below_cost(catalog: Examination) -> Iterator[Finding]:
    for loss in losses(at=catalog.at):
        yield Finding(loss.model, f"{loss.label}: sold at {loss.sell_price}, costs {loss.cost_price}")


@rule(
    "far-from-list",
    f"Sold {FAR} times dearer or cheaper than listed",
    "One of the two prices is probably in the wrong unit.",
    about=AIModel,
)
def far_from_list(catalog: Examination) -> Iterator[Finding]:
    by_key = {model.pk: model for model in catalog.listed}
    for key, of_model in sheets_in_force(by_key, roles=[Role.SELL, Role.LIST], at=catalog.at).items():
        if len(of_model) < 2 or of_model[Role.SELL].currency != of_model[Role.LIST].currency:
            continue
        sold, listed = _plain_prices(of_model[Role.SELL]), _plain_prices(of_model[Role.LIST])
        for meter in sold.keys() & listed.keys():
            if sold[meter] and not listed[meter] / FAR < sold[meter] < listed[meter] * FAR:
                currency = of_model[Role.SELL].currency
                sell, list_price = money(sold[meter], currency), money(listed[meter], currency)
                text = f"{label_of_meter(meter)}: sold at {sell}, listed at {list_price} {per_units('token', MILLION)}"
                yield Finding(by_key[key], text)


@rule("odd-limits", "Limits that contradict themselves", "Correct the facts on the model's page.", about=AIModel)
def odd_limits(catalog: Examination) -> Iterator[Finding]:
    for model in catalog.listed:
        facts = {"context_length": model.context_length, "max_output_tokens": model.max_output_tokens}
        for doubt in fact_doubts(facts):
            yield Finding(model, doubt)


@rule(
    "no-vendor",
    "Listed under vendor Other",
    "Choose its vendor on the model's page; a missing vendor is added there.",
    about=AIModel,
)
def no_vendor(catalog: Examination) -> Iterator[Finding]:
    for model in catalog.listed:
        if model.vendor.slug == Vendor.OTHER:
            yield Finding(model, "nobody knows who made it")


@rule("unused-vendor", "Vendors without a model", "Delete them, or give them their models.", about=Vendor)
def unused_vendor(_: Examination) -> Iterator[Finding]:
    for vendor in Vendor.objects.filter(models=None).exclude(slug=Vendor.OTHER).order_by("slug"):
        yield Finding(vendor, "it has no model")


@rule(
    "twin-vendors",
    "Vendors that stand twice",
    "Move the models to one of them, write the other's name into its aliases, and delete the other.",
    about=Vendor,
)
def twin_vendors(_: Examination) -> Iterator[Finding]:
    owners: defaultdict[str, dict[int, Vendor]] = defaultdict(dict)
    for vendor in Vendor.objects.order_by("pk"):
        for spelling in (vendor.slug, vendor.name, *vendor.aliases):
            owners[vendor_key(spelling)][vendor.pk] = vendor
    told: set[tuple[int, int]] = set()
    for first, *others in (list(same.values()) for same in owners.values()):
        for other in others:
            if (first.pk, other.pk) not in told:
                told.add((first.pk, other.pk))
                yield Finding(other, f"{first} is the same")


@rule(
    "unknown-endpoint-type",
    "Endpoint types that are not in the registry",
    "Add the type to the registry, or correct the model.",
    about=AIModel,
)
def unknown_endpoint_type(catalog: Examination) -> Iterator[Finding]:
    known = set(EndpointType.objects.values_list("name", flat=True))
    for model in catalog.listed:
        named = dict.fromkeys([*model.supported_endpoint_types, *model.callable_endpoint_types])
        if unknown := [name for name in named if name not in known]:
            yield Finding(model, ", ".join(unknown))


@rule(
    "no-endpoint-type",
    "Listed without an endpoint type",
    "Say how it is called: clients that go by the type leave it out.",
    about=AIModel,
)
def no_endpoint_type(catalog: Examination) -> Iterator[Finding]:
    for model in catalog.listed:
        if not model.callable_endpoint_types:
            yield Finding(model, "nobody is told how to call it")


@rule(
    "out-of-reach",
    "Published, and seen by nobody",
    "Offer it on a channel that a group reaches, or take it back to draft.",
    about=AIModel,
)
def out_of_reach(catalog: Examination) -> Iterator[Finding]:
    reached = AIModel.objects.filter(
        offers__enabled=True, offers__channel__enabled=True, offers__channel__groups__isnull=False
    )
    published = AIModel.objects.published().not_retired(on=catalog.on)
    for model in published.exclude(pk__in=reached.values("pk")).order_by("name"):
        yield Finding(model, "no enabled channel of any group offers it")


@rule(
    "gone-successor",
    "Successors that are not there",
    "Name another one: clients are sent to it when the model retires.",
    about=AIModel,
)
def gone_successor(catalog: Examination) -> Iterator[Finding]:
    there = {model.pk for model in catalog.listed}
    for model in catalog.listed:
        if model.successor_id is not None and model.successor_id not in there:
            yield Finding(model, f"{model.successor} is not listed")


@rule(
    "hidden-popular",
    "Pinned as popular, and not public",
    "Take the pin away, or publish the model to a public group.",
    about=PopularModel,
)
def hidden_popular(catalog: Examination) -> Iterator[Finding]:
    public = {model.pk for model in Listing(public_scope(), catalog.on).models()}
    for pin in PopularModel.objects.select_related("model").order_by("position", "pk"):
        if pin.model_id not in public:
            yield Finding(pin, f"visitors do not see {pin.model}")


@rule(
    "blind-token",
    "Valid keys that see nothing",
    "See on the token's page why, with “What it sees”; disable what nobody needs.",
    about=Token,
)
def blind_token(catalog: Examination) -> Iterator[Finding]:
    rows = rows_of(catalog.valid_tokens)
    # Under what they see: keys of the same rights differ in when and from where they are taken.
    is_blind: dict[str, bool] = {}
    for token in catalog.tokens:
        scope = scope_of(rows[token.pk])
        if scope.fingerprint not in is_blind:
            is_blind[scope.fingerprint] = Listing(scope, catalog.on).is_empty()
        if is_blind[scope.fingerprint]:
            yield Finding(token, "its list is empty")


@rule(
    "dead-pattern",
    "Patterns that name nothing",
    "Correct the spelling: an allow list of such ids hides everything, a deny list of them hides nothing.",
    about=Token,
)
def dead_pattern(catalog: Examination) -> Iterator[Finding]:
    known = {*AIModel.objects.values_list("name", flat=True), *ModelAlias.objects.values_list("name", flat=True)}
    for token in catalog.tokens:
        ids = [each for each in (*(token.allow or ()), *token.deny) if _is_id(each)]
        if dead := [each for each in ids if each not in known]:
            yield Finding(token, f"no model is called {', '.join(dead[:5])}" + (" …" if len(dead) > 5 else ""))


@rule(
    "unused-token",
    f"Keys that nobody has used for {UNUSED.days} days",
    "Ask whose they are, and disable what nobody needs.",
    about=Token,
)
def unused_token(catalog: Examination) -> Iterator[Finding]:
    for token in catalog.tokens:
        used = token.last_used_at or token.created_at
        if catalog.at - used >= UNUSED:
            yield Finding(token, f"last used {used:%Y-%m-%d}" if token.last_used_at else "never used")


def _plain_prices(sheet: Sheet) -> dict[str, Decimal]:
    """Meter -> the price per million tokens without a condition, in the sheet's currency."""
    return {
        line.meter: per_million(line.amount, line.per)
        for line in sheet.folded().lines
        if line.is_plain and line.unit == "token" and line.amount is not None
    }


def _is_id(pattern: str) -> bool:
    return "*" not in pattern and pattern.partition(":")[0] not in SELECTORS
