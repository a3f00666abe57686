"""Whose price is shown: one group of those that a reader is in, at the rate that this group pays."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from catalog.models import AIModel, Offer
from catalog.prices import Sheet
from pricing.published.prices import MAX_KEYS, multiplied
from tokens.scope import Scope


def choose_group(slugs: Sequence[str], requested: str = "") -> str | None:
    """The requested group, else the first of the groups, which are in the reader's order; None if there is no group.

    A requested group that is not among `slugs` is ignored; callers that refuse it check this first.
    """
    return requested if requested in slugs else next(iter(slugs), None)


def groups_reaching(model: AIModel, scope: Scope) -> list[str]:
    """The slugs of the scope's groups that have an enabled offer of the model, in the order of the scope."""
    return in_order_of(scope.groups, groups_by_model([model.pk]).get(model.pk, {}))


def groups_by_model(models: Collection[int]) -> Mapping[int, Mapping[int, str]]:
    """Model key -> the groups that have an enabled offer of it: key -> slug."""
    offers = Offer.objects.filter(enabled=True, channel__enabled=True, channel__groups__isnull=False)
    if len(models) <= MAX_KEYS:
        offers = offers.filter(model__in=models)
    reaching: defaultdict[int, dict[int, str]] = defaultdict(dict)
    columns = ("model", "channel__groups", "channel__groups__slug")
    for model, group, slug in offers.values_list(*columns).distinct():
        reaching[model][group] = slug
    return reaching


def in_order_of(keys: Sequence[int], groups: Mapping[int, str]) -> list[str]:
    """The slugs of those of these groups that are among the keys, in their order."""
    return [groups[key] for key in keys if key in groups]


def apply_group_rate(sheet: Sheet, group: str, rate: Decimal) -> Sheet:
    """The sheet as the group pays it: at the group's rate for this model, else at the group's own rate."""
    own, bare = sheet.rate_of(group), sheet.without_group_rates()
    factor = rate if own is None else own
    return bare if factor == 1 else multiplied(bare, factor, rule=f"group {group}")
