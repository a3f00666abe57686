"""Content negotiation: programs always get JSON, whatever they accept; pages are for clients that ask for HTML."""

import re
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

# The weight of a type that the client does not accept.
REFUSED = re.compile(r";\s*q\s*=\s*0(?:\.0*)?\s*(?:;|$)")
# Search engines, and what chats and social networks show previews with. Most call themselves a bot.
CRAWLERS = re.compile(r"bot\b|crawler|spider|slurp|externalhit|whatsapp|preview|embedly|mastodon", re.IGNORECASE)
WEIGHT = re.compile(r"(?:^|;)\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*(?:;|$)")
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
    """Whether `Accept` names HTML, as that of browsers does; `*/*` is what programs send.

    Crawlers and previews of links send it, too. They are known by their names.
    """
    accepted = accepted_types(request)
    if accepted.keys() <= {"*/*"}:
        return reads_pages(request.headers.get("User-Agent", ""))
    return "text/html" in accepted and not accepted.keys() >= OF_JAVA


def reads_pages(agent: str) -> bool:
    """Whether a program of this name reads pages as browsers do: a search engine, or what shows previews of links."""
    return CRAWLERS.search(agent) is not None


def vary_by_client(request: HttpRequest, response: HttpResponse) -> None:
    """States that the response depends on what decides between a page and another response."""
    is_by_name = accepted_types(request).keys() <= {"*/*"}
    patch_vary_headers(response, ["Accept", "User-Agent"] if is_by_name else ["Accept"])


def asks_for_json(request: HttpRequest) -> bool:
    """Whether `Accept` names JSON, as that of SDKs does."""
    return any(media.endswith(("/json", "+json")) for media in accepted_types(request))


def prefers_markdown(request: HttpRequest) -> bool:
    """Whether `Accept` names Markdown or plain text, and not HTML before it: what programs send for language models."""
    accepted = accepted_types(request)
    weight = max((accepted[media] for media in ("text/markdown", "text/plain") if media in accepted), default=0.0)
    return weight > 0 and weight >= accepted.get("text/html", 0.0)


def accepted_types(request: HttpRequest) -> dict[str, float]:
    """The types that `Accept` names, with their weights; without those that it refuses."""
    types = {}
    for entry in request.headers.get("Accept", "").lower().split(","):
        media, _semicolon, parameters = entry.partition(";")
        if media.strip() and not REFUSED.search(entry):
            weight = WEIGHT.search(parameters)
            types[media.strip()] = float(weight[1]) if weight else 1.0
    return types


def site_of(request: HttpRequest) -> str:
    """Where customers call models, without a slash at its end: PUBLIC_BASE_URL, or as the request names us.

    A gateway there passes on the lists and the price list, and maybe no other address of this service.
    """
    return settings.PUBLIC_BASE_URL.rstrip("/") or own_address(request)


def own_address(request: HttpRequest) -> str:
    """The address of this service as the request names it, without a slash at its end."""
    return request.build_absolute_uri("/").rstrip("/")
