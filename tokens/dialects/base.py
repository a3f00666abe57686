"""The interface of a dialect; see tokens/dialects/__init__.py."""

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, QueryDict
from django.utils.http import http_date

from catalog.models import AIModel
from tokens.access.visibility import Listing
from tokens.api_error import ApiError
from tokens.rate_limits import Quota

# A TypedDict of the dialect; tokens/openapi describes it.
Body = Mapping[str, object]


def query_of(request: HttpRequest) -> QueryDict:
    """The query; empty if it has more parameters than Django reads, because that refusal needs a dialect too."""
    try:
        return request.GET
    except SuspiciousOperation:
        return QueryDict()


class Dialect(ABC):
    """The formats of one family of clients. Instances have no state."""

    name: ClassVar[str]
    # Addresses that use this dialect with any headers.
    paths: ClassVar[tuple[str, ...]] = ()
    # The places where its clients send the key, in the order of preference; see tokens/auth/authentication.py.
    credentials: ClassVar[tuple[str, ...]]

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
    def list_body(self, listing: Listing, page: Any) -> Body:
        """The list, or the part of it that `page` selects."""

    @abstractmethod
    def model_body(self, model: AIModel, listing: Listing) -> Body:
        """One model, as an element of the list and as a response of its own."""

    @abstractmethod
    def error_body(self, error: ApiError, *, request_id: str, host: str) -> Body:
        """An error in the format that this dialect's SDKs expect."""

    def rate_headers(self, quota: Quota, *, at: dt.datetime) -> dict[str, str]:
        """The rest of the caller's rate limit, in the headers that this dialect's clients read."""
        return {}

    def lifecycle_headers(self, model: AIModel, *, on: dt.date) -> Mapping[str, str]:
        """`Deprecation` (RFC 9745) and `Sunset` (RFC 8594) of a model with such dates."""
        headers = {}
        if model.deprecated_on and model.deprecated_on <= on:
            headers["Deprecation"] = f"@{_midnight(model.deprecated_on)}"
        if model.retires_on:
            headers["Sunset"] = http_date(_midnight(model.retires_on))
        return headers

    def lists(self, model: AIModel) -> bool:
        """Whether the dialect lists this model: always, or with NARROW_DIALECTS only if its clients can call it."""
        return not settings.NARROW_DIALECTS or self.name in model.callable_endpoint_types

    def narrowed(self, models: Iterable[AIModel]) -> list[AIModel]:
        return list(filter(self.lists, models))


def _midnight(date: dt.date) -> int:
    return int(dt.datetime.combine(date, dt.time(), tzinfo=dt.UTC).timestamp())
