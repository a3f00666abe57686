"""The rates of groups: multipliers of the published price, which take effect at a moment."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal

from django.contrib.auth.models import AbstractBaseUser

from catalog.db.bulk import create_rows, update_rows
from catalog.models import AIModel
from pricing.models import GroupRate
from tokens.access.charging import groups_by_model, in_order_of
from tokens.models import TokenGroup
from tokens.scope import Scope


def ratios_in_force(*, at: dt.datetime) -> dict[int, Decimal]:
    """Group key -> its multiplier of prices at a moment; groups without a rate, which pay the price, are left out."""
    return dict(GroupRate.objects.in_force(at=at).values_list("group", "ratio"))


def write_rates(
    ratios: Mapping[int, Decimal], *, at: dt.datetime, reason: str = "", actor: AbstractBaseUser | None = None
) -> list[GroupRate]:
    """Writes a rate that takes effect at that moment for each group key; a rate that starts then is corrected."""
    stored = {rate.group_id: rate for rate in GroupRate.objects.filter(starts_at=at, group__in=ratios)}
    for group, rate in stored.items():
        rate.ratio = ratios[group]
    update_rows(list(stored.values()), fields=["ratio"], reason=reason, actor=actor)
    new = [
        GroupRate(group_id=group, ratio=ratio, starts_at=at) for group, ratio in ratios.items() if group not in stored
    ]
    return [*stored.values(), *create_rows(new, reason=reason, actor=actor)]


def slugs_of(scope: Scope) -> frozenset[str]:
    """The slugs of the scope's groups."""
    return frozenset(TokenGroup.objects.filter(pk__in=scope.groups).values_list("slug", flat=True))


def groups_of(scope: Scope) -> list[TokenGroup]:
    """The groups of the scope, in its order."""
    groups = TokenGroup.objects.in_bulk(scope.groups)
    return [groups[key] for key in scope.groups if key in groups]


def groups_of_models(
    groups: Iterable[TokenGroup], models: Iterable[AIModel], *, at: dt.datetime
) -> Mapping[int, list[str]]:
    """Model key -> the slugs of these groups that reach it at a moment, in the order of the groups."""
    in_order = [group.pk for group in groups]
    reaching = groups_by_model([model.pk for model in models], groups=in_order)
    slugs = {model: list(in_order_of(in_order, reached, at=at).values()) for model, reached in reaching.items()}
    return defaultdict(list, slugs)


def group_rates(groups: Iterable[TokenGroup], *, at: dt.datetime) -> dict[str, Decimal]:
    """Group slug -> its multiplier of the published price at a moment."""
    rates = ratios_in_force(at=at)
    return {group.slug: rates.get(group.pk, Decimal(1)) for group in groups}
