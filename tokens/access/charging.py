"""The group in which a call is charged: the first group of a scope, in its order, that reaches the model."""

from collections.abc import Collection

from tokens.access.index import open_offers
from tokens.models import TokenGroup
from tokens.scope import Scope


def charged_groups(models: Collection[int], scope: Scope) -> dict[int, TokenGroup]:
    """Key of a model -> the group in which a call of it is charged; models that no group reaches are left out."""
    channels = open_offers().filter(model__in=models).values_list("channel", "model")
    models_by_channel: dict[int, list[int]] = {}
    for channel, model in channels:
        models_by_channel.setdefault(channel, []).append(model)
    reaching = TokenGroup.channels.through.objects.filter(tokengroup__in=scope.groups, channel__in=models_by_channel)
    places = {group: place for place, group in enumerate(scope.groups)}
    first: dict[int, int] = {}
    for channel, group in reaching.values_list("channel", "tokengroup"):
        for model in models_by_channel[channel]:
            first[model] = min(first.get(model, group), group, key=lambda key: places[key])
    groups = TokenGroup.objects.in_bulk(set(first.values()))
    return {model: groups[group] for model, group in first.items() if group in groups}
