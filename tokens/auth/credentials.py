"""What a request says of its caller: the keys it carries and the address it comes from."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings
from django.http import HttpRequest

from tokens.dialects import dialect_of

# Where proxies that only ask whether to let a request through say what was asked for: Traefik, nginx by convention.
ORIGINAL = ("X-Forwarded-Uri", "X-Original-Uri")
# The address that such proxies ask; everywhere else a caller would write those headers.
ASKED_BY_PROXIES = "/api/authorize"
WITH_PORT = re.compile(r"(?P<v4>[0-9.]+):[0-9]{1,5}|\[(?P<v6>[0-9a-fA-F:.]+)\](?::[0-9]{1,5})?")


def candidate_keys(request: HttpRequest) -> list[str]:
    """The keys in a request, each once, in the order of its dialect.

    What cannot be one key counts as absent: blanks, schemes other than Bearer, several values in one place.
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
    """Path and query of each address that a proxy says the caller asked for; none but where proxies ask."""
    if not request.path.startswith(ASKED_BY_PROXIES):
        return []
    told = (header_text(request, header) for header in ORIGINAL)
    parts = (address.partition("?") for address in told if address.startswith("/"))
    return [(path, query) for path, _, query in parts]


def header_text(request: HttpRequest, name: str) -> str:
    """A header's value, which is latin-1 to Python, as the UTF-8 that clients write."""
    text = request.headers.get(name, "")
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text


def client_address(request: HttpRequest) -> str:
    """The caller's address: the connection's own, or what the outermost of TRUSTED_PROXIES proxies says."""
    return address_in(request.META)


def address_in(environ: Mapping[str, Any]) -> str:
    """The same, of a request that Django has not seen."""
    forwarded = [part for part in map(str.strip, environ.get("HTTP_X_FORWARDED_FOR", "").split(",")) if part]
    if settings.TRUSTED_PROXIES and len(forwarded) >= settings.TRUSTED_PROXIES:
        return without_port(forwarded[-settings.TRUSTED_PROXIES])
    return str(environ.get("REMOTE_ADDR", ""))


def without_port(address: str) -> str:
    """`1.2.3.4:5555` and `[2001:db8::1]:443`, as some proxies write addresses, less brackets and port; others as is."""
    found = WITH_PORT.fullmatch(address)
    return (found["v4"] or found["v6"]) if found else address


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
