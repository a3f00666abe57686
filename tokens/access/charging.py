"""The group that pays for a call: the first group of its key, in the order of the key, that reaches the model.

Checks, explanations, quotes and reported usage take it from here.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from tokens.access.index import open_offers
from tokens.access.visibility import MAX_NAMES
from tokens.scope import Scope


def charged_groups(models: Collection[int], scope: Scope) -> dict[int, tuple[int, str]]:
    """Key of a model -> key and slug of the group that pays; models that no group of the scope reaches are left out."""
    reaching = groups_by_model(models, groups=scope.groups)
    in_order = {model: in_order_of(scope.groups, groups) for model, groups in reaching.items()}
    return {model: next(iter(groups.items())) for model, groups in in_order.items() if groups}


def groups_by_model(
    models: Collection[int], *, groups: Collection[int] | None = None
) -> Mapping[int, Mapping[int, str]]:
    """Key of a model -> those of these groups (None: of all) that reach it by an open offer: key -> slug."""
    offers = open_offers().filter(channel__groups__isnull=False)
    if groups is not None:
        offers = offers.filter(channel__groups__in=groups)
    if len(models) <= MAX_NAMES:
        offers = offers.filter(model__in=models)
    reaching: defaultdict[int, dict[int, str]] = defaultdict(dict)
    columns = ("model", "channel__groups", "channel__groups__slug")
    for model, group, slug in offers.values_list(*columns).distinct():
        reaching[model][group] = slug
    return reaching


def in_order_of(groups: Iterable[int], reaching: Mapping[int, str]) -> dict[int, str]:
    """Those of these groups that reach a model, in their order: key -> slug. The first one pays."""
    return {group: reaching[group] for group in groups if group in reaching}
