"""The views of images, icons and of what crawlers look for."""

import hashlib

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from catalog.db import revision
from catalog.db.revision import version_of
from catalog.models import AIModel
from pricing.pages.model_page.details import current_prices
from pricing.pages.responses import PUBLIC, missing_page, send_asset
from pricing.pages.sharing import image, previews, sitemap
from pricing.pages.views import find_model, limited
from pricing.pages.visitor import Visitor
from pricing.published.boundaries import last_price_boundary, parts_of_prices
from pricing.published.rows import Reading
from tokens.access.visibility import public_scope
from tokens.http.bodies import VISITOR_BODIES, Body, respond
from tokens.http.negotiation import own_address

ROBOTS = "User-agent: *\nAllow: /\nDisallow: /admin/\n\nSitemap: {sitemap}\n"


@csrf_exempt
@require_safe
@limited
def model_image(request: HttpRequest, name: str) -> HttpResponse:
    """The image of a model; 404 for one that visitors do not see."""
    visitor = Visitor.from_request(request)
    model_and_visitor = find_model(name, visitor)
    if model_and_visitor is None:
        return missing_page(visitor)
    model, visitor = model_and_visitor
    is_retired = model.lifecycle(on=visitor.day) == AIModel.Lifecycle.RETIRED
    sheet = current_prices([model], visitor).get(model.pk)
    return send_png(request, previews.model_card(model, sheet, is_retired=is_retired))


@csrf_exempt
@require_safe
@limited
def site_image(request: HttpRequest) -> HttpResponse:
    return send_png(request, previews.site_card())


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    return send_asset(request, "favicon.ico")


@require_safe
def touch_icon(request: HttpRequest) -> HttpResponse:
    return send_asset(request, "apple-touch-icon.png")


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    text = ROBOTS.format(sitemap=own_address(request) + reverse("sitemap"))
    return HttpResponse(text, content_type="text/plain; charset=utf-8", headers={"Cache-Control": "max-age=3600"})


@csrf_exempt
@require_safe
@limited
def sitemap_file(request: HttpRequest, number: int = 0) -> HttpResponse:
    """The sitemap, or an index of its files if one would be too long; `number` is that of a file of the index."""
    now, counters, site = timezone.now(), revision.read(), own_address(request)
    reading = Reading(public_scope(), now, counters, site=site)
    version = version_of(counters)
    key = ("sitemap", parts_of_prices(counters), last_price_boundary(version, at=now), now.date(), site, number)

    def render() -> Body:
        files = sitemap.files_of(sitemap.pages_of(reading))
        if number > len(files):
            raise Http404
        if number == 0 and len(files) > 1:
            addresses = [site + reverse("sitemap-file", args=[place]) for place in range(1, len(files) + 1)]
            return Body.of_rows(sitemap.INDEX_HEAD, sitemap.index_of(addresses), sitemap.INDEX_TAIL, separator=b"")
        return Body.of_rows(sitemap.HEAD, files[max(number, 1) - 1], sitemap.TAIL, separator=b"")

    body = VISITOR_BODIES.get_or_render(key, render)
    response = respond(request, body, cache_control="public, max-age=3600")
    if response.has_header("Content-Type"):
        response["Content-Type"] = "application/xml; charset=utf-8"
    return response


def send_png(request: HttpRequest, card: image.Card) -> HttpResponse:
    """The image of a card, without compression: a PNG is compressed already."""
    content = image.png(card)
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"Cache-Control": PUBLIC, "ETag": tag}
    response = HttpResponse(content, content_type="image/png", headers=headers)
    return get_conditional_response(request, tag, response=response) or response
