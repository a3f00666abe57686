"""What groups pay of the published price: the ratios of a moment, and new ones from a moment on."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

from django.contrib.auth.models import AbstractBaseUser

from catalog.bulk import create_rows, update_rows
from pricing.models import GroupRate


def ratios_in_force(*, at: dt.datetime) -> dict[int, Decimal]:
    """Group key -> what it pays of a price at a moment; groups without a rate, which pay all of it, are left out."""
    return dict(GroupRate.objects.in_force(at=at).values_list("group", "ratio"))


def write_rates(
    ratios: Mapping[int, Decimal], *, at: dt.datetime, reason: str = "", actor: AbstractBaseUser | None = None
) -> list[GroupRate]:
    """A rate from that moment on for each of these groups, by their keys; one that begins just then is put right."""
    stored = {rate.group_id: rate for rate in GroupRate.objects.filter(starts_at=at, group__in=ratios)}
    for group, rate in stored.items():
        rate.ratio = ratios[group]
    update_rows(list(stored.values()), fields=["ratio"], reason=reason, actor=actor)
    new = [
        GroupRate(group_id=group, ratio=ratio, starts_at=at) for group, ratio in ratios.items() if group not in stored
    ]
    return [*stored.values(), *create_rows(new, reason=reason, actor=actor)]
