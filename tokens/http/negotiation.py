"""Content negotiation: programs always get JSON, whatever they accept; pages are for clients that ask for HTML."""

import re
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

# The weight of a type that the client does not accept.
REFUSED = re.compile(r";\s*q\s*=\s*0(?:\.0*)?\s*(?:;|$)")
# Every program with Java's HttpURLConnection sends these beside text/html, unless it states another Accept.
OF_JAVA = frozenset({"image/gif", "image/jpeg"})


class AlwaysJSON(BaseContentNegotiation):
    def select_parser(self, request: Any, parsers: list[BaseParser]) -> BaseParser:  # type: ignore[override]
        return parsers[0]

    def select_renderer(  # type: ignore[override]
        self, request: Any, renderers: list[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type or "application/json"


def asks_for_html(request: HttpRequest) -> bool:
    """Whether `Accept` names HTML, as that of browsers does; `*/*` is what programs send."""
    accepted = {
        media.partition(";")[0].strip()
        for media in request.headers.get("Accept", "").lower().split(",")
        if not REFUSED.search(media)
    }
    return "text/html" in accepted and not accepted >= OF_JAVA


def site_of(request: HttpRequest) -> str:
    """Where customers call models, without a slash at its end: PUBLIC_BASE_URL, or as the request names us.

    A gateway there passes on the lists and the price list, and maybe no other address of this service.
    """
    return settings.PUBLIC_BASE_URL.rstrip("/") or own_address(request)


def own_address(request: HttpRequest) -> str:
    """The address of this service as the request names it, without a slash at its end."""
    return request.build_absolute_uri("/").rstrip("/")
