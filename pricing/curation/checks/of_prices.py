"""Problems of prices."""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from catalog.exact import digits
from catalog.imports.resolving import identity_of
from catalog.models import AIModel
from catalog.prices import MILLION, RATIO_UNIT, Sheet
from catalog.sources.completion_ratios import UNSET_RATIO, is_unset
from pricing.curation.catalog_snapshot import CatalogSnapshot
from pricing.curation.checks.rules import Finding, Rules
from pricing.curation.margins import losses
from pricing.engine.formatting.amounts import money, per_units
from pricing.engine.formatting.labels import meter as label_of_meter
from pricing.engine.money import LARGEST_FACTOR, SMALLEST_FACTOR, is_factor, per_million
from pricing.engine.sanity_checks import (
    DollarPrices,
    dollar_prices,
    far_from_others,
    price_warnings,
)
from pricing.engine.thresholds import FAR
from pricing.engine.validation import condition_faults, duplicate_faults, number_faults, tier_faults
from pricing.models import DiscountRule, GroupRate, PriceSheet
from pricing.published.boundaries import PUBLIC_ROLES
from pricing.published.prices import sheets_in_force
from tokens.models import TokenGroup

Role = PriceSheet.Role
# OpenAI charged $75 per million input tokens.
REALLY_75_DOLLARS = "gpt-4.5-preview"
FACTOR_FAULT = f"its factor is not 0, and not between {digits(SMALLEST_FACTOR)} and {digits(LARGEST_FACTOR)}"


RULES = Rules(PriceSheet)


@RULES.add(
    "no-price",
    "Listed without a price",
    "Set a price on the model's page, or change the model to a draft.",
    about=AIModel,
)
def no_price(catalog: CatalogSnapshot) -> Iterator[Finding]:
    for model in catalog.listed:
        if model.pk not in catalog.sheets and model.pk not in catalog.scheduled:
            yield Finding(model, "it has no current list or sell price")


@RULES.add(
    "start-without-price",
    "Scheduled without a price",
    "Set a price on the model's page that takes effect when the model starts, or earlier.",
    about=AIModel,
)
def start_without_price(catalog: CatalogSnapshot) -> Iterator[Finding]:
    for model in catalog.listed:
        start = catalog.scheduled.get(model.pk)
        if start is not None and not sheets_in_force([model.pk], roles=PUBLIC_ROLES, at=start):
            yield Finding(model, f"it starts on {start:%Y-%m-%d %H:%M} UTC and has no list or sell price then")


@RULES.add(
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


@RULES.add(
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


@RULES.add(
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


@RULES.add("odd-price", "Unusual prices", "Compare them with the vendor's own price page.", about=AIModel)
def odd_price(catalog: CatalogSnapshot) -> Iterator[Finding]:
    for model, sheet in catalog.priced:
        for warning in price_warnings(sheet, is_new=False):
            yield Finding(model, warning)


@RULES.add(
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


@RULES.add(
    "no-currency-rate",
    "Priced in a currency without a rate",
    "Add a currency rate. Without it, lists cannot show the price in US dollars.",
    about=AIModel,
)
def no_currency_rate(catalog: CatalogSnapshot) -> Iterator[Finding]:
    for model, sheet in catalog.priced:
        if sheet.in_dollars() is None:
            yield Finding(model, f"its price is in {sheet.currency}")


@RULES.add(
    "unsound-condition",
    "Price lines with invalid conditions",
    "Set a new price. Until then, lists and quotes show no price.",
    about=PriceSheet,
)
def unsound_condition(catalog: CatalogSnapshot) -> Iterator[Finding]:
    for sheet, lines in catalog.stored_sheets:
        for fault in condition_faults(lines):
            yield Finding(sheet, fault)


@RULES.add(
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


@RULES.add(
    "impossible-discount",
    "Discounts with a factor that no price has",
    "End it. Until then, lists and quotes show no price for its models.",
    about=DiscountRule,
)
def impossible_discount(catalog: CatalogSnapshot) -> Iterator[Finding]:
    for discount in DiscountRule.objects.in_force(at=catalog.at):
        if not is_factor(discount.multiplier):
            yield Finding(discount, FACTOR_FAULT)


@RULES.add(
    "impossible-rate",
    "Group rates with a factor that no price has",
    "Add another rate. Until then, lists and quotes of the group show no price.",
    about=GroupRate,
)
def impossible_rate(catalog: CatalogSnapshot) -> Iterator[Finding]:
    for rate in GroupRate.objects.in_force(at=catalog.at).select_related("group"):
        if not is_factor(rate.ratio):
            yield Finding(rate, FACTOR_FAULT)


@RULES.add(
    "unknown-group",
    "Prices for groups that do not exist",
    "Add a new sheet with the exact name of the group, in upper and lower case. Until then, nobody pays these prices.",
    about=PriceSheet,
)
def unknown_group(catalog: CatalogSnapshot) -> Iterator[Finding]:
    known = set(TokenGroup.objects.values_list("slug", flat=True))
    for sheet, lines in catalog.stored_sheets:
        names = dict.fromkeys(name for line in lines for name in line.groups if name not in known)
        if names:
            yield Finding(sheet, ", ".join(names))


@RULES.add(
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


@RULES.add(
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


@RULES.add(
    "duplicate-lines",
    "Two prices for the same thing",
    "Add a new sheet with one of them. Until then, the last one applies.",
    about=PriceSheet,
)
def duplicate_lines(catalog: CatalogSnapshot) -> Iterator[Finding]:
    for sheet, lines in catalog.stored_sheets:
        for fault in duplicate_faults(lines):
            yield Finding(sheet, fault.partition(":")[0])


@RULES.add("below-cost", "Sold below cost", "Raise the price, or correct the cost.", about=AIModel)
def below_cost(catalog: CatalogSnapshot) -> Iterator[Finding]:
    for loss in losses(at=catalog.at, sheets=catalog.in_force):
        yield Finding(loss.model, f"{loss.label}: sold at {loss.sell_price}, costs {loss.cost_price}")


@RULES.add(
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


def _plain_prices(sheet: Sheet) -> dict[str, Decimal]:
    """Meter -> the price per million tokens without a condition, in the sheet's currency."""
    return {
        line.meter: per_million(line.amount, line.per)
        for line in sheet.folded().lines
        if line.is_plain and line.unit == "token" and line.amount is not None
    }
