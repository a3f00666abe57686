"""Pages as responses: rendered once for equal visitors, with a policy that lets them load nothing from elsewhere."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from catalog.caches import process_cache
from catalog.db.revision import version_of
from pricing.engine.conditions import zone
from pricing.engine.formatting import amounts
from pricing.engine.formatting.languages import gap, html_code
from pricing.engine.formatting.moments import next_midnight
from pricing.pages.sharing.head import Head
from pricing.pages.switches import switches
from pricing.pages.visitor import Place, Visitor
from pricing.published.boundaries import published_until
from pricing.published.changes.addresses import feed_of
from tokens.api_error import ApiError
from tokens.context import context_of
from tokens.http.bodies import VISITOR_BODIES, Body, respond
from tokens.http.content_policy import PAGES, with_policy
from tokens.http.negotiation import own_address, vary_by_client
from tokens.http.response_cache import OF_PRICES, visitor_terms

PUBLIC = "public, max-age=60, stale-while-revalidate=300"
# Name -> (the static file, its type).
ASSETS = {
    "pages.css": ("pricing/pages.css", "text/css; charset=utf-8"),
    "pages.js": ("pricing/pages.js", "text/javascript; charset=utf-8"),
    "list.js": ("pricing/list.js", "text/javascript; charset=utf-8"),
    "docs.css": ("pricing/docs.css", "text/css; charset=utf-8"),
    "docs.js": ("pricing/docs.js", "text/javascript; charset=utf-8"),
    "icon.svg": ("catalog/icon.svg", "image/svg+xml"),
}
# What browsers and phones look for at these addresses: path -> (the static file, its type).
ICONS = {
    "favicon.ico": ("pricing/favicon.ico", "image/vnd.microsoft.icon"),
    "apple-touch-icon.png": ("pricing/apple-touch-icon.png", "image/png"),
}

Context = Mapping[str, Any]
# The name in the context of the page's Head, which each page has.
HEAD = "head"
ROWS = "rows"
# No text of a page contains it: templates escape the signs in texts.
ROWS_HERE = "<!-- rows -->"


def page(
    request: HttpRequest,
    visitor: Visitor,
    template: str,
    place: Place,
    context: Callable[[], Context],
    *,
    key: Hashable = None,
    is_stored: bool = True,
    is_reusable: bool = True,
) -> HttpResponse:
    """The page of a place, from the cache if possible; `key` is any other value that its bytes depend on.

    Its head has whole addresses, so that the address of the site is one of these values.

    A page with values that visitors choose freely is not stored: it would evict others and is rarely requested again.
    `is_reusable`: it depends on nothing beside the visitor and the place, so that the fast path may send it.
    """
    body_key = (visitor, template, place, own_address(request), key)
    body = VISITOR_BODIES.get_or_render(
        body_key, lambda: render_body(template, visitor, place, context), is_stored=is_stored
    )
    if is_stored and is_reusable:
        # The page shows its day, which ends at another moment than the one in UTC.
        day_ends = next_midnight(visitor.at, zone(settings.PAGES_TIME_ZONE))
        until = min(published_until(version_of(visitor.counters), at=visitor.at), day_ends)
        terms = visitor_terms(visitor.counters, OF_PRICES, until=until, body_key=body_key)
        context_of(request.META).reuse_terms = terms
    response = as_page(respond(request, body, cache_control=PUBLIC), visitor)
    vary_by_client(request, response)
    return response


def missing_page(visitor: Visitor) -> HttpResponse:
    """The same page for each unknown address and for each model that this visitor may not see."""
    html = render(
        "pricing/pages/missing.html", visitor, Place("/"), lambda: {HEAD: Head(_("Page not found"), is_indexed=False)}
    )
    response = HttpResponse(html, status=HTTPStatus.NOT_FOUND, headers={"Cache-Control": "no-store"})
    return as_page(response, visitor)


def busy_page(request: HttpRequest, error: ApiError) -> HttpResponse:
    """The page for an address that has sent too many requests."""
    visitor, seconds = Visitor.without_data(request), error.headers["Retry-After"]
    html = render(
        "pricing/pages/busy.html",
        visitor,
        Place("/"),
        lambda: {HEAD: Head(_("Too many requests"), is_indexed=False), "seconds": seconds},
    )
    headers = {"Cache-Control": "no-store", "Retry-After": seconds}
    return as_page(HttpResponse(html, status=error.status, headers=headers), visitor)


def as_page(response: HttpResponse, visitor: Visitor) -> HttpResponse:
    """The response with the type, the language and the policy of a page."""
    if response.status_code != HTTPStatus.NOT_MODIFIED:
        response["Content-Type"] = "text/html; charset=utf-8"
        response["Content-Language"] = visitor.language
    patch_vary_headers(response, ["Accept-Language", "Accept"])
    return with_policy(response, PAGES)


def render(template: str, visitor: Visitor, place: Place, context: Callable[[], Context]) -> bytes:
    return render_body(template, visitor, place, context).plain


def render_body(template: str, visitor: Visitor, place: Place, context: Callable[[], Context]) -> Body:
    """Renders without the request, so that no page can depend on a session or a cookie.

    The context may have ROWS: HTML that takes the place of the variable with this name, without a pass of the template
    over thousands of rows.
    """
    with visitor.active():
        base_context: dict[str, Any] = {
            "visitor": visitor,
            "public": visitor.public,
            "language": html_code(visitor.language),
            "gap": gap(visitor.language),
            "site": settings.SITE_NAME,
            "home": visitor.link("/"),
            "docs": visitor.link("/docs"),
            "feed": feed_of(visitor.language),
            **switches(visitor, place),
            "per_tokens": amounts.per_tokens(),
            "icon": address_of("icon.svg"),
            "styles": address_of("pages.css"),
            "script": address_of("pages.js"),
            "list_script": address_of("list.js"),
        }
        values = {**base_context, **context()}
        rows: Iterable[bytes] = values.pop(ROWS, ())
        html = render_to_string(template, values | {ROWS: SafeString(ROWS_HERE)})
        head, _here, tail = html.encode().partition(ROWS_HERE.encode())
        return Body.of_rows(head, rows, tail, separator=b"")


@process_cache(maxsize=None)
def asset(name: str) -> Body:
    """A compressed static file; without collectstatic, whitenoise would send it uncompressed."""
    return Body.of(Path(str(finders.find((ASSETS | ICONS)[name][0]))).read_bytes())


def address_of(name: str) -> str:
    """The address of a static file with the hash of its content, so that browsers can cache it forever."""
    return reverse("asset", args=[asset(name).etag.strip('"'), name])


def send_asset(request: HttpRequest, name: str) -> HttpResponse:
    """A static file at an address with its version, or an icon at an address without one."""
    lasting = "public, max-age=31536000, immutable" if name in ASSETS else "public, max-age=86400"
    response = respond(request, asset(name), cache_control=lasting)
    if response.status_code == HTTPStatus.OK:
        response["Content-Type"] = (ASSETS | ICONS)[name][1]
    return response
