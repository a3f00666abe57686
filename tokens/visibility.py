"""The one place that knows which models a scope sees: lists, single models, prices and explanations all ask here."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q

from catalog.models import AIModel, Offer
from catalog.models.aimodel import AIModelQuerySet
from tokens.models import TokenGroup
from tokens.remembering import last_seen
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
            rows = rows.filter(name__in=names)
        # One vendor object for all its models, and no moments that no list shows: half the time for thousands of rows.
        rows = rows.select_related(None).prefetch_related("vendor").defer("created_at", "updated_at")
        return sorted(filter(self.scope.permits, rows), key=sort_key)

    def is_empty(self) -> bool:
        """Whether the scope sees no model at all."""
        rows = in_reach(self.scope).not_retired(on=self.on)
        return not any(map(self.scope.permits, rows.iterator()))

    def model(self, name: str, *, retired: bool = False) -> AIModel | None:
        """The model of that id or alias if the scope sees it; hidden and missing are the same.

        A retired one is hidden too, but to a dialect that lists such when asked for them.
        """
        if not is_storable(name):
            return None
        rows = in_reach(self.scope) if retired else in_reach(self.scope).not_retired(on=self.on)
        rows = rows.filter(Q(name=name) | Q(aliases__name=name)).distinct()
        found = sorted(rows, key=lambda model: model.name != name)
        return next(filter(self.scope.permits, found), None)

    def position(self, name: str) -> SortKey | None:
        """Where a model stands in the list, for paging on from it.

        One that is hidden or gone meanwhile still has the place at which the token saw it last; one that the token
        never saw has none, so that nobody can ask this way what exists.
        """
        if not is_storable(name):
            return None
        model = next(filter(self.scope.permits, in_reach(self.scope).filter(name=name)), None)
        if model is None and self.token is not None:
            model = last_seen(name, token=self.token, scope=self.scope)
        return sort_key(model) if model else None


def is_storable(name: str) -> bool:
    """False for a name that no row can have and that PostgreSQL refuses to look for."""
    return "\x00" not in name


def in_reach(scope: Scope) -> AIModelQuerySet:
    """The published models that an enabled channel of one of the scope's groups offers; patterns not yet applied."""
    channels = TokenGroup.channels.through.objects.filter(tokengroup__in=scope.groups).values("channel")
    offers = Offer.objects.filter(model=OuterRef("pk"), enabled=True, channel__enabled=True, channel__in=channels)
    return AIModel.objects.published().filter(Exists(offers)).select_related("vendor")


def public_scope() -> Scope:
    """What a visitor without a key sees: the public groups."""
    return Scope(groups=tuple(TokenGroup.objects.filter(is_public=True).order_by("pk").values_list("pk", flat=True)))
