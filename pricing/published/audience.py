"""Whose price is shown: one group of those that a reader is in, at the rate that this group pays."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from catalog.models import AIModel
from catalog.prices import Sheet
from pricing.published.prices import multiplied
from tokens.access.charging import groups_by_model, in_order_of
from tokens.scope import Scope


def choose_group(slugs: Sequence[str], requested: str = "") -> str | None:
    """The requested group, else the first of the groups, which are in the reader's order; None if there is no group.

    A requested group that is not among `slugs` is ignored; callers that refuse it check this first.
    """
    return requested if requested in slugs else next(iter(slugs), None)


def groups_reaching(model: AIModel, scope: Scope, *, at: dt.datetime) -> list[str]:
    """The slugs of the scope's groups that reach the model at a moment, in the order of the scope."""
    return list(in_order_of(scope.groups, groups_by_model([model.pk]).get(model.pk, {}), at=at).values())


def apply_group_rate(sheet: Sheet, group: str, rate: Decimal) -> Sheet:
    """The sheet as the group pays it: at the group's rate for this model, else at the group's own rate."""
    own, bare = sheet.rate_of(group), sheet.without_group_rates()
    factor = rate if own is None else own
    return bare if factor == 1 else multiplied(bare, factor, rule=f"group {group}")
