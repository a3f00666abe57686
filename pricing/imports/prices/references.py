"""Compares the prices of an import with what else is known: prices of other roles, and of the same models elsewhere."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping

from catalog.imports.facts import model_keys
from catalog.imports.resolving import Match, identity_of
from catalog.models import AIModel
from catalog.prices import Sheet
from catalog.sources.records import Document
from pricing.engine.formatting.lines import difference
from pricing.engine.sanity_checks import DollarPrices, dollar_prices, far_from_others
from pricing.imports.prices.jumps import first_price_jumps
from pricing.imports.prices.plan import PricePlan
from pricing.models import CurrencyRate, PriceSheet
from pricing.published.prices import sheets_in_force, with_rate

Role = PriceSheet.Role
# Costs may be far below list prices: some resellers are cheap. So these are only reported.
GUARDED = frozenset({Role.LIST, Role.SELL})


def compare_first_prices(
    plan: PricePlan, stored: Collection[str], *, stated: Mapping[str, Mapping[str, Sheet]], at: dt.datetime
) -> None:
    """Adds the first prices of the plan that are far from the model's current price of another role.

    `stated`: role -> model -> the price in the same document, which replaces the stored one.
    """
    first = dict(plan.new)
    for name, changes in plan.announced.items():
        if name not in stored:
            first.setdefault(name, changes[0].prices)
    keys = model_keys(first)
    others = sheets_in_force(keys.values(), roles=[role for role in Role.values if role != plan.role], at=at)
    rates = CurrencyRate.objects.on_file(on=at.date()) if others or stated else {}
    for name in first:
        in_document = {role: sheets[name] for role, sheets in stated.items() if role != plan.role and name in sheets}
        same_model = others.get(keys.get(name, 0), {}) | in_document
        priced = {role: with_rate(sheet, rates) for role, sheet in same_model.items()}
        guarded = {role: sheet for role, sheet in priced.items() if {role, plan.role} <= GUARDED}
        far = first_price_jumps(with_rate(first[name], rates), priced)
        jumps = first_price_jumps(with_rate(first[name], rates), guarded)
        if jumps:
            plan.first_jumps[name] = jumps
        plan.warn(name, [f"{label}: {text}" for label, text in far.items() if label not in jumps])


def compare_elsewhere(plan: PricePlan, document: Document, *, at: dt.datetime) -> None:
    """Adds warnings about prices that are far from every price of the same model under other ids.

    The other prices are those of the document and the current ones of the catalog, of the same role and list prices.
    """
    names = [*plan.new, *plan.changed, *plan.announced]
    if not names:
        return
    identities = {identity_of(name) for name in names}
    rates = CurrencyRate.objects.on_file(on=at.date())
    others: defaultdict[str, dict[str, DollarPrices]] = defaultdict(dict)
    for name, sheet in _stored_elsewhere(identities, role=plan.role, at=at).items():
        others[identity_of(name)][name] = dollar_prices(with_rate(sheet, rates))
    for record in document.records:
        if record.prices and (identity := identity_of(record.name)) in identities:
            others[identity][record.name] = dollar_prices(with_rate(record.prices, rates))
    for name in names:
        same_model = others[identity_of(name)]
        if len(same_model) > 1 or name not in same_model:
            elsewhere = {other: prices for other, prices in same_model.items() if other != name}
            for sheet in plan.sheets_of(name):
                plan.warn(name, far_from_others(dollar_prices(with_rate(sheet, rates)), elsewhere))


def _stored_elsewhere(identities: Collection[str], *, role: str, at: dt.datetime) -> Mapping[str, Sheet]:
    """Model id -> its current price of the role, or its list price, for the models with these identities."""
    models = {key: name for key, name in AIModel.objects.values_list("pk", "name") if identity_of(name) in identities}
    sheets = sheets_in_force(models, roles=sorted({role, Role.LIST}), at=at) if models else {}
    return {models[key]: by_role.get(role) or by_role[Role.LIST] for key, by_role in sheets.items()}


def compare_suggested(
    unmatched: Mapping[str, Match], document: Document, *, role: str, at: dt.datetime
) -> dict[str, str]:
    """New id -> how its price differs from the current price of the model that it may be, if both have one."""
    keys = model_keys(match.model for match in unmatched.values())
    sheets = sheets_in_force(keys.values(), roles=[role], at=at)
    differences: dict[str, str] = {}
    for record in document.records:
        if record.prices and (match := unmatched.get(record.name)):
            stored = sheets.get(keys.get(match.model, 0), {}).get(role)
            differences |= {record.name: difference(stored, record.prices)} if stored else {}
    return differences
