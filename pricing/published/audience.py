"""Whose price is shown: one group of those that a reader is in, at the rate that this group pays."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from catalog.models import AIModel, Offer
from catalog.prices import Sheet
from pricing.models import GroupRate
from pricing.published.prices import multiplied
from tokens.models import TokenGroup
from tokens.scope import Scope


def choose_group(slugs: Sequence[str], requested: str = "") -> str | None:
    """The requested group, else the first of the groups, which are in the reader's order; None if there is no group.

    A requested group that is not among `slugs` is ignored; callers that refuse it check this first.
    """
    return requested if requested in slugs else next(iter(slugs), None)


def groups_reaching(model: AIModel, scope: Scope) -> list[str]:
    """The slugs of the scope's groups that have an enabled offer of the model, in the order of the scope."""
    offers = Offer.objects.filter(model=model, enabled=True, channel__enabled=True)
    groups = TokenGroup.objects.filter(pk__in=scope.groups, channels__in=offers.values("channel"))
    slugs = dict(groups.values_list("pk", "slug"))
    return [slugs[group] for group in scope.groups if group in slugs]


def rate_of_group(slug: str, *, at: dt.datetime) -> Decimal:
    """The multiplier that the group pays at a moment; 1 if none is set."""
    ratio = GroupRate.objects.in_force(at=at).filter(group__slug=slug).values_list("ratio", flat=True).first()
    return Decimal(1) if ratio is None else ratio


def apply_group_rate(sheet: Sheet, group: str, rate: Decimal) -> Sheet:
    """The sheet as the group pays it: at the group's rate for this model, else at the group's own rate."""
    own, bare = sheet.rate_of(group), sheet.without_group_rates()
    factor = rate if own is None else own
    return bare if factor == 1 else multiplied(bare, factor, rule=f"group {group}")
