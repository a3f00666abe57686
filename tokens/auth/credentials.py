"""The keys that a request contains, and the address it comes from."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings
from django.http import HttpRequest

from tokens.dialects import dialect_of
from tokens.networks import caller_address

# Headers in which proxies send the original address when they ask for authorization: Traefik, and nginx by convention.
ORIGINAL_ADDRESS_HEADERS = ("X-Forwarded-Uri", "X-Original-Uri")
# Proxies send those headers to this address only; elsewhere the caller could set them.
PROXY_ADDRESS = "/api/authorize"


def candidate_keys(request: HttpRequest) -> list[str]:
    """The keys in a request, each once, in the order of its dialect.

    Values that cannot be one key are ignored: blanks, schemes other than Bearer, several values in one place.
    """
    places = {
        "bearer": _bearer(request.headers.get("Authorization", "")),
        "x-api-key": request.headers.get("X-Api-Key", ""),
        "x-goog-api-key": request.headers.get("X-Goog-Api-Key", ""),
        "key": _in_query(request) if settings.KEYS_IN_QUERY else "",
        "api-key": request.headers.get("Api-Key", ""),
    }
    texts = (places[place].strip() for place in dialect_of(request).credentials)
    return list(dict.fromkeys(text for text in texts if text and "," not in text and len(text.split()) == 1))


def original_addresses(request: HttpRequest) -> list[tuple[str, str]]:
    """Path and query of each original address that a proxy sends; empty except at the address for proxies."""
    if not request.path.startswith(PROXY_ADDRESS):
        return []
    addresses = (header_text(request, header) for header in ORIGINAL_ADDRESS_HEADERS)
    parts = (address.partition("?") for address in addresses if address.startswith("/"))
    return [(path, query) for path, _, query in parts]


def header_text(request: HttpRequest, name: str) -> str:
    """A header's value as UTF-8, which clients send; Python decodes it as latin-1."""
    text = request.headers.get(name, "")
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text


def client_address(request: HttpRequest) -> str:
    """The caller's address: the connection's own, or the one that the outermost of TRUSTED_PROXIES proxies reports."""
    return address_in(request.META)


def address_in(environ: Mapping[str, Any]) -> str:
    """The caller's address from a WSGI environ."""
    return caller_address(environ, proxies=settings.TRUSTED_PROXIES)


def _in_query(request: HttpRequest) -> str:
    queries = (parse_qs(query).get("key", [""])[0] for _, query in original_addresses(request))
    return request.GET.get("key", "") or next(filter(None, queries), "")


def _bearer(header: str) -> str:
    """The key of an Authorization header: `Bearer KEY` in any case, or a bare key."""
    match header.split():
        case [scheme, key] if scheme.lower() == "bearer":
            return key
        case [key] if key.lower() not in {"bearer", "basic"}:
            return key
    return ""
