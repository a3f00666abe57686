"""The models that a search of the admin finds: those that it finds on the public pages, also by series and tags."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Case, Q, QuerySet, Value, When
from django.http import HttpRequest

from catalog.admin.base import capped
from catalog.caches import Recent, register
from catalog.db import revision
from catalog.db.snapshot import may_store, snapshot
from catalog.models import AIModel, ModelAlias, Vendor
from catalog.operators.permissions import may_view
from catalog.search.index import Entry, SearchIndex
from catalog.search.kinds import words_of

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
else:
    Base = object

# SQLite takes 32,766 values in a statement.
MOST_KEYS = 30_000
NO_SPELLINGS: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ModelKeys:
    """The keys of the models that were found, and of those that have the searched text as a name."""

    found: frozenset[int]
    exact: frozenset[int]


@dataclass(frozen=True)
class SearchedModels:
    """All models of the catalog, in the order of the index."""

    keys: tuple[int, ...]
    index: SearchIndex

    def find(self, text: str) -> ModelKeys:
        found = self.index.find(text)
        return ModelKeys(*(frozenset(self.keys[place] for place in places) for places in (found.places, found.exact)))


# (counter of models, whether vendors and aliases are searched) -> what is searched.
_searched: Recent[tuple[int, bool, bool], SearchedModels] = register(Recent())


def find_models(text: str, operator: Any) -> ModelKeys:
    """The models that the text finds.

    Tables that the operator may not view are not searched: the results would show what they contain.
    """
    if not may_view(operator, AIModel):
        return ModelKeys(frozenset(), frozenset())
    with_vendors, with_aliases = may_view(operator, Vendor), may_view(operator, ModelAlias)
    with snapshot():
        key = (revision.read().models, with_vendors, with_aliases)
        searched = _searched.get(key)
        if searched is None:
            searched = _read(with_vendors=with_vendors, with_aliases=with_aliases)
            if may_store():
                _searched.store(key, searched)
    return searched.find(text)


def find_vendors(text: str) -> list[int]:
    """The keys of the vendors that the text finds, in any spelling."""
    vendors = list(Vendor.objects.order_by("pk"))
    found = SearchIndex(Entry((), vendor.spellings) for vendor in vendors).find(text)
    return [vendors[place].pk for place in sorted(found.places)]


def _read(*, with_vendors: bool, with_aliases: bool) -> SearchedModels:
    spellings = {vendor.pk: vendor.spellings for vendor in Vendor.objects.all()} if with_vendors else {}
    aliases: dict[int, list[str]] = {}
    if with_aliases:
        for model, alias in ModelAlias.objects.values_list("model", "name"):
            aliases.setdefault(model, []).append(alias)
    columns = ("pk", "name", "display_name", "series", "tags", "output_modalities", "vendor")
    rows = list(AIModel.objects.order_by("pk").values_list(*columns))
    entries = (
        Entry(
            (name, title, *aliases.get(key, ()), series, *tags, *words_of(outputs)), spellings.get(vendor, NO_SPELLINGS)
        )
        for key, name, title, series, tags, outputs, vendor in rows
    )
    return SearchedModels(tuple(row[0] for row in rows), SearchIndex(entries))


class FindsModels(Base):
    """A list of models, or of rows that belong to models, whose search also finds models as the public pages do."""

    # The field that leads to the model.
    model_field = "model"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        rows, may_repeat = super().get_search_results(request, queryset, search_term)
        models = find_models(capped(search_term), request.user) if search_term.strip() else None
        if models is None or len(models.found) > MOST_KEYS:
            return rows, may_repeat
        found = self.merge(queryset, rows, Q(**{f"{self.model_field}__in": models.found}))
        # A field to choose a row has no order of columns.
        if models.exact and "field_name" in request.GET:
            has_name = When(**{f"{self.model_field}__in": models.exact}, then=Value(0))
            return found.order_by(Case(has_name, default=Value(1)), *self.get_ordering(request)), False
        return found, False

    def merge(self, queryset: QuerySet[Any], rows: QuerySet[Any], of_models: Q) -> QuerySet[Any]:
        """The rows of the found models, and those that were found by their own columns."""
        return queryset.filter(of_models | Q(pk__in=rows.order_by().values("pk")))
