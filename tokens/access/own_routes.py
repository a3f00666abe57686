"""The addresses of the operator's endpoint types: calls of these are known like those of OpenAI or Anthropic."""

import re
from collections.abc import Collection
from functools import lru_cache

from catalog.models import EndpointType
from tokens.calls.addresses import Address, AmbiguousAddressError, read_address
from tokens.calls.endpoints import Endpoint, Route, Routes, StatedIn

# Name, path and method of an endpoint type.
Row = tuple[str, str, str]


def _own_routes() -> Routes:
    """The paths of all endpoint types. The body names the model, unless the path contains {model}."""
    return _routes_of(_rows())


def read_called(text: str, *, method: str | None) -> Address:
    """What the address of a call names, by the known addresses or else by those of the operator's endpoint types."""
    address = read_address(text, method=method)
    return address if address.endpoint else read_address(text, method=method, routes=_own_routes())


def supports(types: Collection[str], endpoint: Endpoint) -> bool:
    """Whether a model with these endpoint types may be called at this endpoint."""
    return endpoint.accepts(types) or not _types_at(endpoint).isdisjoint(types)


def _types_at(endpoint: Endpoint) -> frozenset[str]:
    """The endpoint types whose paths are addresses of this kind of call."""
    return frozenset(name for name, path, method in _rows() if _endpoint_at(path, method) == endpoint)


def _rows() -> tuple[Row, ...]:
    return tuple(EndpointType.objects.order_by("name").values_list("name", "path", "method"))


@lru_cache(maxsize=4)
def _routes_of(rows: tuple[Row, ...]) -> Routes:
    return Routes([_route_of(*row) for row in rows if row[1].count("{model}") <= 1], {})


def _route_of(name: str, path: str, method: str) -> Route:
    # Other braces stand for ids of what was created before.
    template = re.sub(r"\{(?!model\})[^{}]*\}", "{id}", path.strip("/"))
    stated_in = StatedIn.PATH if "{model}" in template else StatedIn.BODY
    return Route(template, Endpoint(name, stated_in, frozenset({name})), frozenset({method}))


def _endpoint_at(path: str, method: str) -> Endpoint | None:
    try:
        return read_address(path.replace("{model}", "m"), method=method).endpoint
    except AmbiguousAddressError:
        return None
