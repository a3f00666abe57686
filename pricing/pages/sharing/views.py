"""The views of images, icons and of what crawlers look for."""

import hashlib

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from catalog.models import AIModel
from pricing.pages.model_page.details import current_prices
from pricing.pages.responses import PUBLIC, missing_page, send_asset
from pricing.pages.sharing import image, previews
from pricing.pages.views import find_model, limited
from pricing.pages.visitor import Visitor

ROBOTS = "User-agent: *\nAllow: /\nDisallow: /admin/\n"


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
def robots(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(ROBOTS, content_type="text/plain; charset=utf-8", headers={"Cache-Control": "max-age=3600"})


def send_png(request: HttpRequest, card: image.Card) -> HttpResponse:
    """The image of a card, without compression: a PNG is compressed already."""
    content = image.png(card)
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"Cache-Control": PUBLIC, "ETag": tag}
    response = HttpResponse(content, content_type="image/png", headers=headers)
    return get_conditional_response(request, tag, response=response) or response
