"""Health checks: rules that find problems in the data, one function per rule. They change nothing."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from django.db import models
from django.db.models.functions import Coalesce

from catalog.exact import digits
from catalog.imports.resolving import identity_of
from catalog.models import AIModel, EndpointType, ModelAlias, Vendor
from catalog.models.aimodel import LIMITS, wildcards_of
from catalog.prices import MILLION, RATIO_UNIT, Sheet
from catalog.progress import track
from catalog.sources.completion_ratios import UNSET_RATIO, is_unset
from catalog.vendor_matching import vendor_key
from pricing.curation.catalog_snapshot import CatalogSnapshot
from pricing.curation.margins import losses
from pricing.engine.formatting.amounts import money, per_units
from pricing.engine.formatting.labels import meter as label_of_meter
from pricing.engine.money import LARGEST_FACTOR, SMALLEST_FACTOR, is_factor, per_million
from pricing.engine.sanity_checks import (
    DollarPrices,
    dollar_prices,
    fact_warnings,
    far_from_others,
    leaves_no_input,
    price_warnings,
)
from pricing.engine.thresholds import FAR
from pricing.engine.validation import condition_faults, duplicate_faults, number_faults, tier_faults
from pricing.models import DiscountRule, GroupRate, PopularModel, PriceSheet
from tokens.access.many_scopes import ManyScopes
from tokens.access.visibility import PriceListing, public_scope
from tokens.auth.authentication import scopes_of
from tokens.models import Token
from tokens.scope import id_of

Role = PriceSheet.Role
# OpenAI charged $75 per million input tokens.
REALLY_75_DOLLARS = "gpt-4.5-preview"
UNUSED = dt.timedelta(days=90)
FACTOR_FAULT = f"its factor is not 0, and not between {digits(SMALLEST_FACTOR)} and {digits(LARGEST_FACTOR)}"


@dataclass(frozen=True)
class Finding:
    """A row and its problem, as a phrase without a full stop."""

    row: models.Model
    problem: str


Finder = Callable[[CatalogSnapshot], Iterator[Finding]]


@dataclass(frozen=True)
class Rule:
    """One kind of problem: its name in commands, its title, what to do about it, its table, and how to find it."""

    name: str
    title: str
    remedy: str
    about: type[models.Model]
    find: Finder


RULES: list[Rule] = []


def rule(name: str, title: str, remedy: str, *, about: type[models.Model]) -> Callable[[Finder], Finder]:
    """Registers a function that yields findings as a rule."""

    def register(find: Finder) -> Finder:
        RULES.append(Rule(name, title, remedy, about, find))
        return find

    return register


def run_checks(rules: list[Rule], *, at: dt.datetime) -> list[tuple[Rule, list[Finding]]]:
    """The findings of each rule; rules without findings are left out."""
    catalog = CatalogSnapshot(at=at)
    results = ((rule, list(rule.find(catalog))) for rule in track(rules, "Checking"))
    return [(rule, findings) for rule, findings in results if findings]


@rule(
    "no-price",
    "Listed without a price",
    "Set a price on the model's page, or change the model to a draft.",
    about=AIModel,
)
def no_price(catalog: CatalogSnapshot) -> Iterator[Finding]:
    for model in catalog.listed:
        if model.pk not in catalog.sheets:
            yield Finding(model, "it has no current list or sell price")


@rule(
    "no-output-price",
    "Chat models without an output price",
    "Set both prices on the model's page. Until then, lists and quotes state the missing one as unknown.",
    about=AIModel,
)
def no_output_price(catalog: CatalogSnapshot) -> Iterator[Finding]:
    for model, sheet in catalog.priced:
        if model.is_chat_model and (fault := _fault_of_sides(sheet)):
            yield Finding(model, fault)


def _fault_of_sides(sheet: Sheet) -> str:
    """What is missing in the price of a model that reads and writes text; empty if nothing is."""
    plain = _plain_prices(sheet)
    if sheet.unknown_side == "output" or (plain.get("input") and sheet.lacks_output_price):
        return "its input has a price, and its output has none"
    if sheet.unknown_side == "input":
        return "its output has a price, and its input has none"
    if sheet.state == "unpriced":
        return "none of its figures is a price of input or output"
    return "its input is paid, and its output costs 0" if plain.get("input") and plain.get("output") == 0 else ""


@rule(
    "placeholder-price",
    "Priced like new-api's placeholder",
    "new-api shows $75 per million tokens for a model without a price. If this is not its price, set the correct one.",
    about=AIModel,
)
def placeholder_price(catalog: CatalogSnapshot) -> Iterator[Finding]:
    for model, sheet in catalog.priced:
        plain = _plain_prices(sheet)
        base, output = plain.get("input"), plain.get("output")
        if base != UNSET_RATIO * RATIO_UNIT or output is None or model.name.startswith(REALLY_75_DOLLARS):
            continue
        if is_unset(model.name, UNSET_RATIO, output / base):
            prices = "and output cost" if output == base else f"costs ${digits(base)} and output"
            yield Finding(model, f"input {prices} ${digits(output)} per million tokens")


@rule(
    "costs-nothing",
    "Free without being marked as free",
    "If this is intended, add “free” to its tags. Otherwise set a price.",
    about=AIModel,
)
def costs_nothing(catalog: CatalogSnapshot) -> Iterator[Finding]:
    for model, sheet in catalog.priced:
        amounts = [line.amount for line in sheet.lines if line.kind == "absolute"]
        named = " ".join([model.name, *model.tags]).casefold()
        if amounts and not any(amounts) and "free" not in named:
            yield Finding(model, "all of its prices are 0")


@rule("odd-price", "Unusual prices", "Compare them with the vendor's own price page.", about=AIModel)
def odd_price(catalog: CatalogSnapshot) -> Iterator[Finding]:
    for model, sheet in catalog.priced:
        for warning in price_warnings(sheet, is_new=False):
            yield Finding(model, warning)


@rule(
    "far-from-same-model",
    f"Prices {FAR} times higher or lower than the same model under other ids",
    "One of the prices probably has the wrong unit. Compare them with the vendor's own price page.",
    about=AIModel,
)
def far_from_same_model(catalog: CatalogSnapshot) -> Iterator[Finding]:
    by_identity: defaultdict[str, dict[str, DollarPrices]] = defaultdict(dict)
    for model, sheet in catalog.priced:
        by_identity[identity_of(model.name)][model.name] = dollar_prices(sheet.folded())
    for model, _ in catalog.priced:
        same_model = by_identity[identity_of(model.name)]
        others = {name: prices for name, prices in same_model.items() if name != model.name}
        for warning in far_from_others(same_model[model.name], others):
            yield Finding(model, warning)


@rule(
    "no-currency-rate",
    "Priced in a currency without a rate",
    "Add a currency rate. Without it, lists cannot show the price in US dollars.",
    about=AIModel,
)
def no_currency_rate(catalog: CatalogSnapshot) -> Iterator[Finding]:
    for model, sheet in catalog.priced:
        if sheet.in_dollars() is None:
            yield Finding(model, f"its price is in {sheet.currency}")


@rule(
    "unsound-condition",
    "Price lines with invalid conditions",
    "Set a new price. Until then, lists and quotes show no price.",
    about=PriceSheet,
)
def unsound_condition(catalog: CatalogSnapshot) -> Iterator[Finding]:
    for sheet, lines in catalog.stored_sheets:
        for fault in condition_faults(lines):
            yield Finding(sheet, fault)


@rule(
    "impossible-number",
    "Price lines with numbers that no price has",
    "Set a new price. Until then, lists and quotes show no price.",
    about=PriceSheet,
)
def impossible_number(catalog: CatalogSnapshot) -> Iterator[Finding]:
    for sheet, lines in catalog.stored_sheets:
        # As prices are read: an amount that is high for dollars alone is still shown.
        for fault in number_faults(lines, currency=""):
            yield Finding(sheet, fault)


@rule(
    "impossible-discount",
    "Discounts with a factor that no price has",
    "End it. Until then, lists and quotes show no price for its models.",
    about=DiscountRule,
)
def impossible_discount(catalog: CatalogSnapshot) -> Iterator[Finding]:
    for discount in DiscountRule.objects.in_force(at=catalog.at):
        if not is_factor(discount.multiplier):
            yield Finding(discount, FACTOR_FAULT)


@rule(
    "impossible-rate",
    "Group rates with a factor that no price has",
    "Add another rate. Until then, lists and quotes of the group show no price.",
    about=GroupRate,
)
def impossible_rate(catalog: CatalogSnapshot) -> Iterator[Finding]:
    for rate in GroupRate.objects.in_force(at=catalog.at).select_related("group"):
        if not is_factor(rate.ratio):
            yield Finding(rate, FACTOR_FAULT)


@rule(
    "no-unit",
    "Price lines without a unit that a request has",
    "Import their source again, or set a price with a unit. Until then, lists and quotes do not show these lines.",
    about=PriceSheet,
)
def no_unit(catalog: CatalogSnapshot) -> Iterator[Finding]:
    for sheet, lines in catalog.stored_sheets:
        names = dict.fromkeys(line.meter for line in lines if not line.is_money)
        if names:
            yield Finding(sheet, ", ".join(names))


@rule(
    "odd-tiers",
    "Tiers that overlap or leave a gap",
    "Add a new sheet with the tiers in order, the shortest prompts first.",
    about=PriceSheet,
)
def odd_tiers(catalog: CatalogSnapshot) -> Iterator[Finding]:
    for sheet, lines in catalog.stored_sheets:
        if not any(condition_faults(lines)):
            for fault in tier_faults(lines, longest=sheet.model.longest_input):
                yield Finding(sheet, fault)


@rule(
    "duplicate-lines",
    "Two prices for the same thing",
    "Add a new sheet with one of them. Until then, the last one applies.",
    about=PriceSheet,
)
def duplicate_lines(catalog: CatalogSnapshot) -> Iterator[Finding]:
    for sheet, lines in catalog.stored_sheets:
        for fault in duplicate_faults(lines):
            yield Finding(sheet, fault.partition(":")[0])


@rule("below-cost", "Sold below cost", "Raise the price, or correct the cost.", about=AIModel)
def below_cost(catalog: CatalogSnapshot) -> Iterator[Finding]:
    for loss in losses(at=catalog.at, sheets=catalog.in_force):
        yield Finding(loss.model, f"{loss.label}: sold at {loss.sell_price}, costs {loss.cost_price}")


@rule(
    "far-from-list",
    f"Sell price {FAR} times higher or lower than the list price",
    "One of the two prices probably has the wrong unit.",
    about=AIModel,
)
def far_from_list(catalog: CatalogSnapshot) -> Iterator[Finding]:
    by_key = {model.pk: model for model in catalog.listed}
    for key, of_model in catalog.in_force.items():
        if key not in by_key or not {Role.SELL, Role.LIST} <= of_model.keys():
            continue
        if of_model[Role.SELL].currency != of_model[Role.LIST].currency:
            continue
        sold, listed = _plain_prices(of_model[Role.SELL]), _plain_prices(of_model[Role.LIST])
        for meter in sold.keys() & listed.keys():
            if sold[meter] and not listed[meter] / FAR < sold[meter] < listed[meter] * FAR:
                currency = of_model[Role.SELL].currency
                sell, list_price = money(sold[meter], currency), money(listed[meter], currency)
                text = f"{label_of_meter(meter)}: sold at {sell}, listed at {list_price} {per_units('token', MILLION)}"
                yield Finding(by_key[key], text)


@rule("odd-limits", "Contradictory limits", "Correct the limits on the model's page.", about=AIModel)
def odd_limits(catalog: CatalogSnapshot) -> Iterator[Finding]:
    for model in catalog.listed:
        for warning in fact_warnings({limit: getattr(model, limit) for limit in LIMITS}):
            yield Finding(model, warning)


@rule(
    "output-equals-window",
    "Output limit equal to the context window",
    "The source probably copied it from the window. Set the vendor's limit on the model's page.",
    about=AIModel,
)
def output_equals_window(catalog: CatalogSnapshot) -> Iterator[Finding]:
    for model in catalog.listed:
        if leaves_no_input({limit: getattr(model, limit) for limit in LIMITS}):
            yield Finding(model, f"both are {model.context_length:,} tokens, which leaves no room for input")


@rule(
    "no-vendor",
    "Listed under the vendor Other",
    "Choose the vendor on the model's page. Missing vendors can be added there.",
    about=AIModel,
)
def no_vendor(catalog: CatalogSnapshot) -> Iterator[Finding]:
    for model in catalog.listed:
        if model.vendor.slug == Vendor.OTHER:
            yield Finding(model, "its vendor is unknown")


@rule("unused-vendor", "Vendors without a model", "Delete them, or assign their models to them.", about=Vendor)
def unused_vendor(_: CatalogSnapshot) -> Iterator[Finding]:
    for vendor in Vendor.objects.filter(models=None).exclude(slug=Vendor.OTHER).order_by("slug"):
        yield Finding(vendor, "it has no models")


@rule(
    "twin-vendors",
    "Duplicate vendors",
    "Move the models to one of them, add the name of the other to its aliases, and delete the other.",
    about=Vendor,
)
def twin_vendors(_: CatalogSnapshot) -> Iterator[Finding]:
    owners: defaultdict[str, dict[int, Vendor]] = defaultdict(dict)
    for vendor in Vendor.objects.order_by("pk"):
        for spelling in (vendor.slug, vendor.name, *vendor.aliases):
            owners[vendor_key(spelling)][vendor.pk] = vendor
    reported: set[tuple[int, int]] = set()
    for first, *others in (list(same.values()) for same in owners.values()):
        for other in others:
            if (first.pk, other.pk) not in reported:
                reported.add((first.pk, other.pk))
                yield Finding(other, f"it is the same vendor as {first}")


@rule(
    "unknown-endpoint-type",
    "Unknown endpoint types",
    "Add the endpoint type, or correct the model.",
    about=AIModel,
)
def unknown_endpoint_type(catalog: CatalogSnapshot) -> Iterator[Finding]:
    known = set(EndpointType.objects.values_list("name", flat=True))
    for model in catalog.listed:
        named = dict.fromkeys([*model.supported_endpoint_types, *model.callable_endpoint_types])
        if unknown := [name for name in named if name not in known]:
            yield Finding(model, f"unknown: {', '.join(unknown)}")


@rule(
    "no-endpoint-type",
    "Listed without an endpoint type",
    "Add an endpoint type. Clients that filter by it do not show the model.",
    about=AIModel,
)
def no_endpoint_type(catalog: CatalogSnapshot) -> Iterator[Finding]:
    for model in catalog.listed:
        if not model.callable_endpoint_types:
            yield Finding(model, "it has no endpoint type that customers can call")


@rule(
    "out-of-reach",
    "Published but not visible",
    "Offer it on a channel that a group can reach, or change it to a draft.",
    about=AIModel,
)
def out_of_reach(catalog: CatalogSnapshot) -> Iterator[Finding]:
    reached = AIModel.objects.filter(
        offers__enabled=True, offers__channel__enabled=True, offers__channel__groups__isnull=False
    )
    published = AIModel.objects.published().not_retired(on=catalog.on)
    for model in published.exclude(pk__in=reached.values("pk")).order_by("name"):
        yield Finding(model, "no group can reach an enabled channel that offers it")


@rule(
    "gone-successor",
    "Successors that are not listed",
    "Choose another successor. Clients are referred to it when the model retires.",
    about=AIModel,
)
def gone_successor(catalog: CatalogSnapshot) -> Iterator[Finding]:
    there = {model.pk for model in catalog.listed}
    for model in catalog.listed:
        if model.successor_id is not None and model.successor_id not in there:
            yield Finding(model, f"{model.successor} is not listed")


@rule(
    "hidden-popular",
    "Pinned as popular but not public",
    "Remove the pin, or show the model in the price list of a public group.",
    about=PopularModel,
)
def hidden_popular(catalog: CatalogSnapshot) -> Iterator[Finding]:
    public = {model.pk for model in PriceListing(public_scope(), catalog.on).listed()}
    for pin in PopularModel.objects.select_related("model").order_by("position", "pk"):
        if pin.model_id not in public:
            yield Finding(pin, f"{pin.model} is not visible to visitors")


@rule(
    "blind-token",
    "Valid keys that can see no models",
    "The page “Visible models” of the token shows the reason. Disable keys that are not needed.",
    about=Token,
)
def blind_token(catalog: CatalogSnapshot) -> Iterator[Finding]:
    catalog_of_the_day = ManyScopes(on=catalog.on)
    # The key is the fingerprint: keys with the same permissions see the same models.
    is_blind: dict[str, bool] = {}
    blind: set[int] = set()
    for token, scope in scopes_of(catalog.valid_tokens):
        if scope.fingerprint not in is_blind:
            is_blind[scope.fingerprint] = catalog_of_the_day.is_empty(scope)
        if is_blind[scope.fingerprint]:
            blind.add(token)
    if blind:
        names = catalog.valid_tokens.order_by("name", "pk").values_list("pk", "name", "key_id")
        for key, name, key_id in names.iterator():
            if key in blind:
                yield Finding(Token(pk=key, name=name, key_id=key_id), "its list of models is empty")


@rule(
    "dead-pattern",
    "Patterns that match no models",
    "Correct the spelling. An allow list of unknown ids hides all models, and a deny list hides none.",
    about=Token,
)
def dead_pattern(catalog: CatalogSnapshot) -> Iterator[Finding]:
    known = {*AIModel.objects.values_list("name", flat=True), *ModelAlias.objects.values_list("name", flat=True)}

    @cache
    def is_dead(pattern: str) -> bool:
        name = id_of(pattern)
        return name is not None and name not in known and known.isdisjoint(wildcards_of(name))

    restricted = catalog.valid_tokens.exclude(allow=None, deny=[]).order_by("name", "pk")
    columns = ("pk", "name", "key_id", "allow", "deny")
    for key, name, key_id, allow, deny in restricted.values_list(*columns).iterator():
        if dead := [id_of(pattern) or "" for pattern in (*(allow or ()), *deny) if is_dead(pattern)]:
            problem = f"unknown: {', '.join(dead[:5])}" + (" …" if len(dead) > 5 else "")
            yield Finding(Token(pk=key, name=name, key_id=key_id), problem)


@rule(
    "unused-token",
    f"Keys that have not been used for {UNUSED.days} days",
    "Ask their owners, and disable keys that are not needed.",
    about=Token,
)
def unused_token(catalog: CatalogSnapshot) -> Iterator[Finding]:
    used_at = Coalesce("last_used_at", "created_at")
    unused = catalog.valid_tokens.annotate(used_at=used_at).filter(used_at__lte=catalog.at - UNUSED)
    for token in unused.only("name", "key_id", "last_used_at").order_by("name", "pk").iterator():
        used = token.last_used_at
        yield Finding(token, f"last used {used:%Y-%m-%d}" if used else "never used")


def _plain_prices(sheet: Sheet) -> dict[str, Decimal]:
    """Meter -> the price per million tokens without a condition, in the sheet's currency."""
    return {
        line.meter: per_million(line.amount, line.per)
        for line in sheet.folded().lines
        if line.is_plain and line.unit == "token" and line.amount is not None
    }
