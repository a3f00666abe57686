"""The group that pays for a call: the first group of its key, in the order of the key, that reaches the model.

Checks, explanations, quotes and reported usage take it from here.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from tokens.access.listed_models import open_offers
from tokens.access.starts import Start, Starts, is_reached, read_starts
from tokens.access.visibility import MAX_NAMES
from tokens.scope import Scope


class Reaching(NamedTuple):
    """A group that reaches a model, and when the model starts for it."""

    slug: str
    starts_at: Start


def charged_groups(
    models: Collection[int], scope: Scope, *, at: dt.datetime, starts: Starts | None = None
) -> dict[int, tuple[int, str]]:
    """Key of a model -> key and slug of the group that pays for a call at a moment.

    Models that no group of the scope reaches, or that have not started for one, are left out. `starts` are those of the
    models, if the caller has read them.
    """
    reaching = groups_by_model(models, groups=scope.groups, starts=starts)
    in_order = {model: in_order_of(scope.groups, groups, at=at) for model, groups in reaching.items()}
    return {model: next(iter(groups.items())) for model, groups in in_order.items() if groups}


def groups_by_model(
    models: Collection[int], *, groups: Collection[int] | None = None, starts: Starts | None = None
) -> Mapping[int, Mapping[int, Reaching]]:
    """Key of a model -> those of these groups (None: of all) that reach it by an open offer, now or from a start on."""
    offers = open_offers().filter(channel__groups__isnull=False)
    if groups is not None:
        offers = offers.filter(channel__groups__in=groups)
    if len(models) <= MAX_NAMES:
        offers = offers.filter(model__in=models)
    starts = starts or read_starts(models)
    reaching: defaultdict[int, dict[int, Reaching]] = defaultdict(dict)
    columns = ("model", "channel__groups", "channel__groups__slug")
    for model, group, slug in offers.values_list(*columns).distinct():
        reaching[model][group] = Reaching(slug, starts.of(model, group))
    return reaching


def in_order_of(groups: Iterable[int], reaching: Mapping[int, Reaching], *, at: dt.datetime) -> dict[int, str]:
    """Those of these groups that reach a model at a moment, in their order: key -> slug. The first one pays."""
    in_order = ((group, reaching[group]) for group in groups if group in reaching)
    return {group: slug for group, (slug, starts_at) in in_order if is_reached(starts_at, at=at)}


def first_starts(models: Collection[int], scope: Scope) -> Mapping[int, Start]:
    """Key of a model that the scope's groups reach -> when the first of them gets it; None: at once."""
    firsts = {}
    for model, reaching in groups_by_model(models, groups=scope.groups).items():
        starts = [group.starts_at for group in reaching.values()]
        firsts[model] = None if None in starts else min(filter(None, starts))
    return firsts
