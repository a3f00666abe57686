"""Pages as answers: rendered once for all equal visits, with headers that let them load nothing from elsewhere."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.cache import patch_vary_headers

from catalog.caches import process_cache
from pricing.pages.visitor import Visitor, short
from tokens.http.bodies import BODIES, Body, respond
from tokens.http.content_policy import PAGES, with_policy

PUBLIC = "public, max-age=60, stale-while-revalidate=300"
# Name -> (the static file, its type).
ASSETS = {
    "pages.css": ("pricing/pages.css", "text/css; charset=utf-8"),
    "pages.js": ("pricing/pages.js", "text/javascript; charset=utf-8"),
    "icon.svg": ("catalog/icon.svg", "image/svg+xml"),
}
LANGUAGES = (("en", "English"), ("zh", "中文"))

Context = Mapping[str, Any]


@dataclass(frozen=True)
class Place:
    """Where a page is: its path and the parameters that it knows, beside those that a visitor carries."""

    path: str
    parameters: tuple[tuple[str, str], ...] = ()


def page(
    request: HttpRequest,
    visitor: Visitor,
    template: str,
    place: Place,
    context: Callable[[], Context],
    *,
    also: Hashable = None,
    is_kept: bool = True,
) -> HttpResponse:
    """The page of a place, rendered where it is not kept; `also` is whatever else decides its bytes."""
    if is_kept:
        body = BODIES.get_or_render((visitor, template, place, also), lambda: render(template, visitor, place, context))
    else:
        body = Body.of(render(template, visitor, place, context))
    return _as_page(respond(request, body, cache_control=PUBLIC), visitor)


def missing_page(visitor: Visitor) -> HttpResponse:
    """The same for every address where nothing is, or nothing that this visitor may see, with the way back."""
    html = render("pricing/pages/missing.html", visitor, Place("/"), dict)
    response = HttpResponse(html, status=HTTPStatus.NOT_FOUND, headers={"Cache-Control": "no-store"})
    return _as_page(response, visitor)


def _as_page(response: HttpResponse, visitor: Visitor) -> HttpResponse:
    if response.status_code != HTTPStatus.NOT_MODIFIED:
        response["Content-Type"] = "text/html; charset=utf-8"
        response["Content-Language"] = visitor.language
    patch_vary_headers(response, ["Accept-Language", "Accept"])
    return with_policy(response, PAGES)


def render(template: str, visitor: Visitor, place: Place, context: Callable[[], Context]) -> bytes:
    """Without the request: a page that never sees a session or a cookie depends on none."""
    with translation.override(visitor.language):
        everywhere = {
            "visitor": visitor,
            "public": visitor.public,
            "language": "zh-Hans" if short(visitor.language) == "zh" else visitor.language,
            "site": settings.SITE_NAME,
            "home": visitor.link("/"),
            "groups": groups(visitor, place),
            "languages": languages(visitor, place),
            "icon": address_of("icon.svg"),
            "styles": address_of("pages.css"),
            "script": address_of("pages.js"),
        }
        return render_to_string(template, everywhere | dict(context())).encode()


def groups(visitor: Visitor, place: Place) -> list[Context]:
    """The public groups, each with the same page at its prices."""
    return [
        {
            "label": group.label,
            "link": visitor.link(place.path, *place.parameters, group=group.slug),
            "is_chosen": group.slug == visitor.group,
        }
        for group in visitor.public.groups
    ]


def languages(visitor: Visitor, place: Place) -> list[Context]:
    return [
        {
            "code": code,
            "label": label,
            "link": visitor.link(place.path, *place.parameters, lang=code),
            "is_chosen": code == short(visitor.language),
        }
        for code, label in LANGUAGES
    ]


@process_cache(maxsize=None)
def asset(name: str) -> Body:
    """A static file, compressed: without a collectstatic, whitenoise would send it as it is."""
    return Body.of(Path(str(finders.find(ASSETS[name][0]))).read_bytes())


def address_of(name: str) -> str:
    """Where an asset is, with its content's hash: no browser asks twice, and none keeps an old one."""
    return reverse("asset", args=[asset(name).etag.strip('"'), name])


def send_asset(request: HttpRequest, name: str) -> HttpResponse:
    response = respond(request, asset(name), cache_control="public, max-age=31536000, immutable")
    if response.status_code == HTTPStatus.OK:
        response["Content-Type"] = ASSETS[name][1]
    return response
