"""The response formats that clients expect, one file each.

A dialect defines how its clients are recognized, where they send the key, the list and its paging, the single model,
and the error. To add one, copy the most similar file and add it to DIALECTS.
"""

import re
from collections.abc import Iterator

from django.http import HttpRequest

from tokens.dialects.anthropic import Anthropic
from tokens.dialects.base import Dialect, query_of
from tokens.dialects.gemini import Gemini
from tokens.dialects.openai import OpenAI

# The first one that recognizes the request is used; the last one recognizes every request.
DIALECTS: tuple[Dialect, ...] = (Anthropic(), Gemini(), OpenAI())
# The longest path wins: /v1beta/openai/ is OpenAI's, the rest of /v1beta/ is Gemini's.
BY_PATH = sorted(((path, dialect) for dialect in DIALECTS for path in dialect.paths), key=lambda entry: -len(entry[0]))

# Proxies ask at this address, or below it, about calls whose clients expect the dialect of the call.
PROXY_ADDRESS = "/api/authorize"
PROXY_PREFIX = "/api/"
# Headers in which proxies send the original address when they ask for authorization: Traefik, and nginx by convention.
ORIGINAL_ADDRESS_HEADERS = ("X-Forwarded-Uri", "X-Original-Uri")
# Calls below /v1, which the dialects share.
BY_CALL = (
    (re.compile(r"(?:/[^/]+)?/v1/(?:messages|complete)(?:[/?]|$)"), DIALECTS[0]),
    (re.compile(r"[^?]*/(?:models|tunedModels)/[^?]+:[a-z]+[A-Z]\w*(?:[?]|$)"), DIALECTS[1]),
)


def dialect_of(request: HttpRequest) -> Dialect:
    """The dialect of the response, chosen before authentication, so that a refusal has the right format too."""
    if request.path.startswith(PROXY_ADDRESS):
        return _dialect_of_call(request)
    by_query = (dialect for dialect in DIALECTS if dialect.name == query_of(request).get("dialect"))
    return (
        dialect_of_path(request.path)
        or next(by_query, None)
        or next(dialect for dialect in DIALECTS if dialect.is_announced_by(request))
    )


def dialect_of_path(path: str) -> Dialect | None:
    """The dialect of an address; None if the query and the headers determine it."""
    return next((dialect for prefix, dialect in BY_PATH if f"{path}/".startswith(prefix)), None)


def has_appended_address(request: HttpRequest) -> bool:
    """Whether the proxy appends the address of the call, with the caller's query, to the address for proxies."""
    return request.path not in (PROXY_ADDRESS, f"{PROXY_ADDRESS}/")


def _dialect_of_call(request: HttpRequest) -> Dialect:
    """The dialect of the call that a proxy asks about: as `?as=` states it, else by its address or its headers."""
    query = query_of(request)
    requested = {query.get("as"), query.get("dialect")}
    return (
        next((dialect for dialect in DIALECTS if dialect.name in requested), None)
        or next(filter(None, map(_dialect_of_address, _called_addresses(request))), None)
        or next(dialect for dialect in DIALECTS if dialect.is_announced_by(request))
    )


def _called_addresses(request: HttpRequest) -> Iterator[str]:
    yield request.path.removeprefix(PROXY_ADDRESS)
    yield from (request.headers.get(header, "") for header in ORIGINAL_ADDRESS_HEADERS)


def _dialect_of_address(address: str) -> Dialect | None:
    by_path = (dialect for path, dialect in BY_PATH if path != PROXY_PREFIX and address.startswith(path))
    by_call = (dialect for pattern, dialect in BY_CALL if pattern.match(address))
    return next(by_path, None) or next(by_call, None)
