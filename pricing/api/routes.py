"""Addresses with and without a slash at the end, because clients do not follow redirects."""

from typing import Any

from django.urls import URLPattern, path

from tokens.api.views import ApiView


def both(address: str, view: type[ApiView], name: str, **settings: Any) -> list[URLPattern]:
    """The view at both forms of an address; `settings` are the arguments of `as_view`."""
    handler = view.as_view(**settings)
    return [path(address, handler, name=name), path(f"{address}/", handler)]
