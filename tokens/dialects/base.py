"""What every dialect can do; see tokens/dialects/__init__.py."""

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
    """The query, or nothing where it has more parameters than Django reads: that refusal needs a dialect too."""
    try:
        return request.GET
    except SuspiciousOperation:
        return QueryDict()


class Dialect(ABC):
    """One client family's language. Instances hold no state."""

    name: ClassVar[str]
    # Addresses that speak this dialect whatever the headers say.
    paths: ClassVar[tuple[str, ...]] = ()
    # Where its clients put the key, the first choice first; see tokens/auth/authentication.py.
    credentials: ClassVar[tuple[str, ...]]

    # Whether its clients can ask for the models that have retired, in the list and so one by one.
    shows_retired: ClassVar[bool] = False
    # The headers that say what is left of a rate limit.
    rate_header_names: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def is_announced_by(self, request: HttpRequest) -> bool:
        """Whether the request's headers or query say that its client speaks this dialect."""

    @abstractmethod
    def read_page(self, query: QueryDict, listing: Listing) -> Any:
        """The part of the list that is asked for, as a hashable value; ApiError where the query makes no sense.

        What decides the page is all in the value: rendered pages are kept under it.
        """

    @abstractmethod
    def list_body(self, listing: Listing, page: Any) -> Body:
        """The list, or the part of it that `page` names."""

    @abstractmethod
    def model_body(self, model: AIModel, listing: Listing) -> Body:
        """One model, as an element of the list and as an answer by itself."""

    @abstractmethod
    def error_body(self, error: ApiError, *, request_id: str, host: str) -> Body:
        """An error as this dialect's SDKs expect it."""

    def rate_headers(self, quota: Quota, *, at: dt.datetime) -> dict[str, str]:
        """What is left of the caller's rate limit, where this dialect's clients look for it."""
        return {}

    def lifecycle_headers(self, model: AIModel, *, on: dt.date) -> Mapping[str, str]:
        """`Deprecation` (RFC 9745) and `Sunset` (RFC 8594), for a model that is on its way out."""
        headers = {}
        if model.deprecated_on and model.deprecated_on <= on:
            headers["Deprecation"] = f"@{_midnight(model.deprecated_on)}"
        if model.retires_on:
            headers["Sunset"] = http_date(_midnight(model.retires_on))
        return headers

    def lists(self, model: AIModel) -> bool:
        """Whether the dialect shows this model: any, or where NARROW_DIALECTS says so one that it can call."""
        return not settings.NARROW_DIALECTS or self.name in model.callable_endpoint_types

    def narrowed(self, models: Iterable[AIModel]) -> list[AIModel]:
        return list(filter(self.lists, models))


def _midnight(date: dt.date) -> int:
    return int(dt.datetime.combine(date, dt.time(), tzinfo=dt.UTC).timestamp())
