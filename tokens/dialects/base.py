"""The interface of a dialect; see tokens/dialects/__init__.py."""

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, QueryDict
from django.utils.http import http_date

from catalog.exact import write_json
from catalog.models.facts import INT32, INT53, ModelFacts
from tokens.access.listed_models import ListedModel
from tokens.access.visibility import Listing
from tokens.api_error import ApiError
from tokens.rate_limits import Quota

# A TypedDict of the dialect; tokens/openapi describes it.
Body = Mapping[str, object]
# In these TypedDicts: the range of whole numbers that all clients read, which differs between the dialects.
INT32_COUNT = {"minimum": 0, "maximum": INT32, "format": "int32"}
INT53_COUNT = {"minimum": 0, "maximum": INT53, "format": "int64"}


class ListParts(NamedTuple):
    """A list as JSON: the head, the rows with commas between them, the tail."""

    head: bytes
    rows: list[bytes]
    tail: bytes


def query_of(request: HttpRequest) -> QueryDict:
    """The query; empty if it has more parameters than Django reads, because that refusal needs a dialect too."""
    try:
        return request.GET
    except SuspiciousOperation:
        return QueryDict()


class Dialect(ABC):
    """The formats of one family of clients. Instances have no state."""

    name: ClassVar[str]
    # Words of a prefix that use this dialect with any headers; see tokens/dialects/prefixes.py.
    words: ClassVar[frozenset[str]]
    # The path of the base URL of its clients, and that of the list.
    base: ClassVar[str] = ""
    list_path: ClassVar[str] = "/v1/models"
    # The headers and parameters in which its clients send the key, in the order of preference; all others follow them.
    credentials: ClassVar[tuple[str, ...]]

    # What the list reads of the query, beside the filters and orders of tokens/access/filters.py.
    parameters: ClassVar[tuple[str, ...]] = ()

    # Whether its clients can request retired models, in the list and one by one.
    shows_retired: ClassVar[bool] = False
    # The headers with the rest of the rate limit.
    rate_header_names: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def is_announced_by(self, request: HttpRequest) -> bool:
        """Whether the request's headers or query show that its client uses this dialect."""

    @abstractmethod
    def read_page(self, query: QueryDict, listing: Listing) -> Any:
        """The requested part of the list as a hashable value; ApiError if the query is not valid.

        The value contains everything that decides the page: rendered pages are cached under it.
        """

    @abstractmethod
    def list_parts(self, listing: Listing, page: Any) -> ListParts:
        """The list, or the part of it that `page` selects, as JSON."""

    @abstractmethod
    def model_body(self, model: ModelFacts, *, on: dt.date) -> Body:
        """One model on a day, as an element of the list and as a response of its own."""

    @abstractmethod
    def error_body(self, error: ApiError, *, request_id: str, host: str) -> Body:
        """An error in the format that this dialect's SDKs expect."""

    def rate_headers(self, quota: Quota, *, at: dt.datetime) -> dict[str, str]:
        """The rest of the caller's rate limit, in the headers that this dialect's clients read."""
        return {}

    def lifecycle_headers(self, model: ModelFacts, *, on: dt.date) -> Mapping[str, str]:
        """`Deprecation` (RFC 9745) and `Sunset` (RFC 8594) of a model with such dates."""
        headers = {}
        if model.deprecated_on and model.deprecated_on <= on:
            headers["Deprecation"] = f"@{_midnight(model.deprecated_on)}"
        if model.retires_on:
            headers["Sunset"] = http_date(_midnight(model.retires_on))
        return headers

    def lists(self, model: ModelFacts) -> bool:
        """Whether the dialect lists this model: always, or with NARROW_DIALECTS only if its clients can call it."""
        return not settings.NARROW_DIALECTS or self.name in model.callable_endpoint_types

    def listed(self, listing: Listing) -> Sequence[ListedModel]:
        """The models of the listing that the dialect lists."""
        return listing.listed(self.name, self.lists) if settings.NARROW_DIALECTS else listing.listed()

    def rows(self, models: Iterable[ListedModel], *, on: dt.date) -> list[bytes]:
        """The body of each model as JSON. The text of a model is rendered once, and stays with it."""
        name = self.name
        return [model.rendered.get(name) or self._row(model, on) for model in models]

    def row_kind(self, model: ListedModel, *, on: dt.date) -> str:
        """The dialect, and what else decides the text beside the facts of the model, if that changes with the day."""
        return self.name

    def _row(self, model: ListedModel, on: dt.date) -> bytes:
        kind = self.row_kind(model, on=on)
        text = model.rendered.get(kind)
        if text is None:
            text = model.rendered[kind] = write_json(self.model_body(model, on=on))
        return text


def enclose(envelope: Body, rows: list[bytes]) -> ListParts:
    """The JSON of an object whose first list, which is empty, is to contain these rows."""
    head, tail = write_json(envelope).split(b"[]", 1)
    return ListParts(head + b"[", rows, b"]" + tail)


def _midnight(date: dt.date) -> int:
    return int(dt.datetime.combine(date, dt.time(), tzinfo=dt.UTC).timestamp())
