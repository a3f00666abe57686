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
from tokens.dialects.prefixes import OWN, prefix_words

# The first one that recognizes the request is used; the last one recognizes every request.
DIALECTS: tuple[Dialect, ...] = (Anthropic(), Gemini(), OpenAI())
BY_NAME = {dialect.name: dialect for dialect in DIALECTS}
BY_WORD = {word: dialect for dialect in DIALECTS for word in dialect.words}

# Proxies ask at this address, or below it, about calls whose clients expect the dialect of the call.
PROXY_ADDRESS = "/api/authorize"
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


def _dialect_of_prefix(path: str) -> Dialect | None:
    """The dialect that the prefix of a path forces: its last word decides, because clients append the version."""
    return next((BY_WORD[word] for word in reversed(prefix_words(path)) if word in BY_WORD), None)


def dialect_of_path(path: str) -> Dialect | None:
    """The dialect of an address; None if the query and the headers determine it."""
    # Errors of our own addresses, which are not those of a list below a version such as /api/v1, have OpenAI's format.
    return _dialect_of_prefix(path) or (BY_NAME["openai"] if prefix_words(path) == [OWN] else None)


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
    by_call = (dialect for pattern, dialect in BY_CALL if pattern.match(address))
    return _dialect_of_prefix(address.partition("?")[0]) or next(by_call, None)
