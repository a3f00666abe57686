"""The one place that knows which models a scope sees: lists, single models, prices and explanations all ask here."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q

from catalog.models import AIModel, ModelAlias, Offer
from catalog.models.aimodel import AIModelQuerySet
from tokens.access.cursor_memory import last_seen
from tokens.models import TokenGroup
from tokens.scope import Scope

# Where a model stands in every list: newest release first, then by id.
SortKey = tuple[int, str]
# A longer list of ids is applied in memory: SQLite takes 32,766 values in a statement.
MAX_NAMES = 1000


def sort_key(model: AIModel) -> SortKey:
    return (-model.created, model.name)


@dataclass(frozen=True)
class Listing:
    """What one scope sees on one day (UTC): the only way to ask."""

    scope: Scope
    on: dt.date
    # Whose list it is, where a token asks: it remembers what it saw.
    token: int | None = None

    def models(self, *, retired: bool = False) -> list[AIModel]:
        """The models that the scope sees, in the order of every list; the retired ones too when asked for."""
        rows = in_reach(self.scope) if retired else in_reach(self.scope).not_retired(on=self.on)
        names = self.scope.exact_names
        if names is not None and len(names) <= MAX_NAMES:
            by_alias = ModelAlias.objects.filter(name__in=names).values("model")
            rows = rows.filter(Q(name__in=names) | Q(pk__in=by_alias))
        # One vendor object for all its models, and no moments that no list shows: half the time for thousands of rows.
        rows = rows.select_related(None).prefetch_related("vendor").defer("created_at", "updated_at")
        return sorted(permitted(rows, self.scope, aliases_for(self.scope)), key=sort_key)

    def is_empty(self) -> bool:
        """Whether the scope sees no model at all."""
        rows = in_reach(self.scope).not_retired(on=self.on)
        return not any(True for _ in permitted(rows.iterator(), self.scope, aliases_for(self.scope)))

    def model(self, name: str, *, retired: bool = False) -> AIModel | None:
        """The model of that id or alias if the scope sees it; hidden and missing are the same.

        A retired one is hidden too, but to a dialect that lists such when asked for them.
        """
        if not is_storable(name):
            return None
        rows = in_reach(self.scope) if retired else in_reach(self.scope).not_retired(on=self.on)
        rows = rows.filter(Q(name=name) | Q(aliases__name=name)).distinct()
        found = sorted(rows, key=lambda model: model.name != name)
        return next(permitted(found, self.scope, aliases_for(self.scope, of=found)), None)

    def position(self, name: str) -> SortKey | None:
        """Where a model stands in the list, for paging on from it.

        One that is hidden or gone meanwhile still has the place at which the token saw it last; one that the token
        never saw has none, so that nobody can ask this way what exists.
        """
        if not is_storable(name):
            return None
        found = list(in_reach(self.scope).filter(name=name))
        model = next(permitted(found, self.scope, aliases_for(self.scope, of=found)), None)
        if model is None and self.token is not None:
            model = last_seen(name, token=self.token, scope=self.scope)
        return sort_key(model) if model else None


def is_storable(name: str) -> bool:
    """False for a name that no row can have and that PostgreSQL refuses to look for."""
    return "\x00" not in name


def permitted(models: Iterable[AIModel], scope: Scope, aliases: Mapping[int, Collection[str]]) -> Iterator[AIModel]:
    """Those that the scope's patterns let through."""
    return (model for model in models if scope.permits(model, aliases.get(model.pk, ())))


def aliases_for(scope: Scope, *, of: Collection[AIModel] | None = None) -> Mapping[int, Collection[str]]:
    """Model key -> its aliases: of a few models, or of all; nothing is read where the scope's patterns name no ids."""
    if not scope.asks_for_aliases or (of is not None and not of):
        return {}
    rows = ModelAlias.objects.order_by("name")
    if of is not None:
        rows = rows.filter(model__in=[model.pk for model in of])
    found: defaultdict[int, list[str]] = defaultdict(list)
    for model, name in rows.values_list("model", "name"):
        found[model].append(name)
    return found


def in_reach(scope: Scope) -> AIModelQuerySet:
    """The published models that an enabled channel of one of the scope's groups offers; patterns not yet applied."""
    channels = TokenGroup.channels.through.objects.filter(tokengroup__in=scope.groups).values("channel")
    offers = Offer.objects.filter(model=OuterRef("pk"), enabled=True, channel__enabled=True, channel__in=channels)
    return AIModel.objects.published().filter(Exists(offers)).select_related("vendor")


def public_scope() -> Scope:
    """What a visitor without a key sees: the public groups."""
    return Scope(groups=tuple(TokenGroup.objects.filter(is_public=True).order_by("pk").values_list("pk", flat=True)))
