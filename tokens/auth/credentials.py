"""The keys that a request contains, and the address it comes from."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest

from tokens import keys
from tokens.calls.addresses import AmbiguousAddressError, read_query
from tokens.dialects import ORIGINAL_ADDRESS_HEADERS, PROXY_ADDRESS, dialect_of, has_appended_address
from tokens.dialects.base import query_of
from tokens.networks import caller_address

# What clients send in a path as it is.
SENT_IN_PATHS = "/:@!$&'()*+,;=~[]"


def candidate_keys(request: HttpRequest) -> list[str]:
    """The keys in a request, each once: those in the places that its dialect prefers, then those in all others."""
    texts = {header: request.headers.get(header, "") for header in keys.HEADERS}
    texts["Authorization"] = _without_scheme(texts["Authorization"])
    texts["key"] = _in_query(request) if settings.KEYS_IN_QUERY else ""
    places = dict.fromkeys([*dialect_of(request).credentials, *texts])
    return list(dict.fromkeys(key for place in places for key in keys.read_sent(texts[place])))


def original_addresses(request: HttpRequest) -> list[str]:
    """Each original address that a proxy sends, not decoded; empty except at the address for proxies."""
    if not request.path.startswith(PROXY_ADDRESS):
        return []
    addresses = [request.headers[header] for header in ORIGINAL_ADDRESS_HEADERS if header in request.headers]
    if has_appended_address(request):
        addresses.append(_appended_address(request))
    return addresses


def _appended_address(request: HttpRequest) -> str:
    """The address behind that of the proxies; one without a slash if that is not clear."""
    raw = request.META.get("RAW_URI")
    if raw is None:
        # A server that states only the decoded path.
        path, query = quote(request.path_info, safe=SENT_IN_PATHS), request.META.get("QUERY_STRING", "")
        raw = f"{path}?{query}" if query else path
    return raw.removeprefix(PROXY_ADDRESS) if raw.startswith(f"{PROXY_ADDRESS}/") else ""


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
    called = (key for address in original_addresses(request) for key in _keys_of(address))
    return query_of(request).get("key", "") or next(called, "")


def _keys_of(address: str) -> tuple[str, ...]:
    try:
        return read_query(address.partition("?")[2]).keys
    except AmbiguousAddressError:
        # The check refuses the call; another place may contain the key.
        return ()


def _without_scheme(header: str) -> str:
    """The password or user of Basic if it may be a key, else the header itself.

    Programs that only take an address send what it has before the host as Basic: https://user:KEY@host/. The password
    of a proxy's own user is not counted as a wrong key.
    """
    texts = keys.basic_credentials(header)
    return next((text for text in texts if keys.is_plausible(text, prefix=settings.TOKEN_PREFIX)), header)
