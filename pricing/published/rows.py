"""The rows of a list for one scope: rendered in batches, and again only for the models that were changed.

The rows of all models that the scope's groups reach are stored, and shared by the scopes with the same groups. Patterns
only select rows.
"""

import datetime as dt
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from catalog.db.bulk import batches
from catalog.db.revision import Counters, version_of
from catalog.models import AIModel
from catalog.progress import track
from pricing.published.rendered import RENDERED_MODELS, PriceState
from tokens.access.visibility import Listing, PriceListing, aliases_of
from tokens.scope import Scope

# So many models and their prices are in memory at once beside the rendered rows.
BATCH = 500

V = TypeVar("V")
# Renders a batch of models: model key -> its row.
RenderBatch = Callable[[Sequence[AIModel]], Mapping[int, V]]


def names_of(models: Sequence[AIModel]) -> Mapping[int, list[str]]:
    """Model key -> the names that prices are listed under: its id, and the aliases that are rows of lists.

    Programs join lists of models and prices by name.
    """
    aliases = aliases_of(models, listed=True)
    return {model.pk: [model.name, *(alias.name for alias in aliases.get(model.pk, ()))] for model in models}


@dataclass(frozen=True)
class Reading:
    """Whose prices are read, at which moment, and the counters at which the database is read.

    `is_now`: the prices of the moment are those of now; rows of other moments are not stored. `site` is the base
    address of the catalog, and `gateway` that of calls, for formats with links.
    """

    scope: Scope
    at: dt.datetime
    counters: Counters
    is_now: bool = True
    site: str = ""
    gateway: str = ""

    @property
    def price_listing(self) -> PriceListing:
        return PriceListing(self.scope, self.at)


def rendered_rows(
    kind: Hashable,
    reading: Reading,
    listing: Listing,
    render: RenderBatch[V],
    *,
    groups: tuple[int, ...] | None = None,
) -> Mapping[int, V]:
    """Model key -> the row of each model in the listing.

    `kind` names everything that a row depends on beside the groups of the scope, the stored data and the day. `groups`
    are those of the scope in another order, if rows do not depend on their order, so that more scopes share them.
    """
    scope, listing = listing.scope, replace(listing, counters=reading.counters)
    groups = scope.groups if groups is None else groups
    everything = replace(listing, scope=Scope(groups=groups))

    def render_models(keys: Collection[int] | None) -> Mapping[int, V]:
        rows: dict[int, V] = {}
        for batch in track(
            list(batches(everything.keys_in_reach() if keys is None else sorted(keys), BATCH)), "Writing models"
        ):
            rows |= render(everything.models_in_reach(batch))
        return rows

    if scope.exact_names is not None:
        return render_models([model.pk for model in listing.visible()])
    if reading.is_now:
        state = PriceState.of(version_of(reading.counters), at=reading.at)
        rows = RENDERED_MODELS.get((kind, type(listing), groups), state, render_models)
    else:
        rows = render_models(None)
    if scope.allow is None and not scope.deny:
        return rows
    return {model.pk: rows[model.pk] for model in listing.visible() if model.pk in rows}
