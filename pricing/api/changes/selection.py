"""What a request for changes selects: a period, kinds of changes, and the models of one vendor or one model."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from rest_framework.request import Request

from catalog.models import AIModel, Vendor
from catalog.vendor_matching import fold
from pricing.api.views import Reader, read_moment, visible_model
from pricing.published.changes.cursors import CursorError, Place, read_cursor
from pricing.published.changes.listing import KINDS, Change, changes
from tokens.access.filters import Filters
from tokens.access.visibility import PriceListing
from tokens.api_error import ApiError
from tokens.scope import Scope
from tokens.timestamps import format_timestamp

# The period if the request does not set one.
DAYS = 30


@dataclass(frozen=True)
class Selection:
    """The period and the kinds that a request names, and the place after which the list continues."""

    since: dt.datetime
    kinds: tuple[str, ...]
    after: Place | None
    # The cursor, or the start of the period if it is not the usual one: what an address of the same selection has.
    cursor: str
    start: str

    @classmethod
    def read(cls, request: Request, *, now: dt.datetime) -> "Selection":
        since, after, kinds = read_moment(request, "since") or _days_before(now), None, _kinds(request)
        cursor = request.query_params.get("cursor", "")
        if cursor:
            since, named, after = _place(cursor)
            kinds = kinds if "kind" in request.query_params else tuple(kind for kind in KINDS if kind in named) or KINDS
        is_usual = cursor or since == _days_before(now)
        return cls(since, kinds, after, cursor, "" if is_usual else format_timestamp(since))

    @property
    def is_usual(self) -> bool:
        """Whether it is what a request without parameters gets."""
        return not self.cursor and not self.start and self.kinds == KINDS

    @property
    def parameters(self) -> dict[str, str]:
        """The query of an address of the same selection."""
        kinds = "" if self.kinds == KINDS else ",".join(self.kinds)
        return {"since": self.start, "kind": kinds, "cursor": self.cursor}

    def changes(self, models: Collection[AIModel], *, at: dt.datetime, scope: Scope) -> list[Change]:
        """The changes of these models."""
        listed = changes(models, since=self.since, at=at, scope=scope, kinds=self.kinds)
        return [change for change in listed if self.after is None or change.place > self.after]


@dataclass(frozen=True)
class Subject:
    """The models that a feed is about: all, those of a vendor, or one. At most one of the names is given."""

    vendor: Vendor | None = None
    model: str = ""
    # None: all.
    keys: frozenset[int] | None = None

    @classmethod
    def read(cls, request: Request, reader: Reader, *, at: dt.datetime) -> "Subject":
        """ApiError if the reader sees no model of that name, or none of that vendor."""
        vendor, name = (request.query_params.get(parameter, "").strip() for parameter in ("vendor", "model"))
        if vendor and name:
            raise ApiError("invalid_parameter", "A feed is of a vendor or of a model, not of both.", param="vendor")
        if name:
            model = visible_model(PriceListing(reader.scope, at, counters=reader.counters), name, retired=True)
            return cls(model=model.name, keys=frozenset({model.pk}))
        if not vendor:
            return cls()
        of_vendor = Filters((("vendor", frozenset({fold(vendor)})),))
        listing = PriceListing(reader.scope, at, counters=reader.counters, filters=of_vendor)
        models = listing.visible(retired=True)
        if not models:
            message = f"There is no vendor {vendor[:64]!r} with a model that you have access to."
            raise ApiError("not_found", message, param="vendor")
        of_all = Vendor.objects.get(pk=models[0].vendor.pk)
        return cls(of_all, keys=frozenset(model.pk for model in models))

    def changes(self, selection: Selection, *, at: dt.datetime, scope: Scope) -> list[Change]:
        """The selected changes of these models."""
        models = models_since(scope, selection.since, at=at, among=self.keys)
        names = {model.name for model in models}
        if self.keys is not None:
            # A change of a successor is known only if the successor is among the models.
            successors = {model.successor_id for model in models if model.successor_id is not None} - self.keys
            models = [*models, *PriceListing(scope, at).models(among=successors)]
        return [change for change in selection.changes(models, at=at, scope=scope) if change.model in names]


def models_since(
    scope: Scope, since: dt.datetime, *, at: dt.datetime, among: Collection[int] | None = None
) -> list[AIModel]:
    """The models of the price list at any moment since then, also those whose retirement was recorded since then.

    Patterns compare the prices of now: what a key may see is known from its current list.
    """
    models = PriceListing(scope, at).models(retired=True, among=among)
    gone = {model.pk for model in models if model.retires_at is not None and model.retires_at <= since}
    if gone:
        recent = AIModel.history.filter(history_date__gt=since, retires_on__lte=since.date()).order_by()
        gone -= set(recent.values_list("id", flat=True).distinct())
    return [model for model in models if model.pk not in gone]


def _place(cursor: str) -> tuple[dt.datetime, Sequence[str], Place]:
    try:
        return read_cursor(cursor)
    except CursorError as error:
        raise ApiError("invalid_parameter", f"cursor {error}", param="cursor") from None


def _kinds(request: Request) -> tuple[str, ...]:
    """The requested kinds of changes, in their order; all if none is given. Commas separate several."""
    given = [name.strip() for text in request.query_params.getlist("kind") for name in text.split(",")]
    if unknown := [name for name in given if name and name not in KINDS]:
        message = f"kind must be one of {', '.join(KINDS)}, not {unknown[0][:64]!r}."
        raise ApiError("invalid_parameter", message, param="kind")
    return tuple(kind for kind in KINDS if kind in given) or KINDS


def _days_before(now: dt.datetime) -> dt.datetime:
    """Midnight, DAYS before: the same all day, so that the body stays the same."""
    return dt.datetime.combine(now.date() - dt.timedelta(days=DAYS), dt.time(), tzinfo=dt.UTC)
