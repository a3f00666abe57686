"""`/models/<id>`: a page for browsers and crawlers, the API for its clients, Markdown for all other programs.

Programs that follow a link send no key, and mostly `*/*` or no `Accept`. SDKs send a key or ask for JSON.
"""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from rest_framework.request import Request

from catalog.models import AIModel
from pricing.api.views import PriceView, visible_model
from pricing.export.markdown import CONTENT_TYPE, render_model
from pricing.export.offers import priced_model
from pricing.pages.views import model_page
from tokens.access.visibility import Listing
from tokens.api.views import ModelView
from tokens.auth.credentials import candidate_keys
from tokens.http.bodies import respond
from tokens.http.negotiation import asks_for_html, asks_for_json, own_address, prefers_markdown, site_of, vary_by_client
from tokens.keys import HEADERS

one_model = ModelView.as_view()
# What only clients of the API send.
API_HEADERS = (*HEADERS, "anthropic-version")


@csrf_exempt
def model_address(request: HttpRequest, name: str) -> HttpResponse:
    if is_api_client(request):
        response = one_model(request, name=name)
    elif asks_for_html(request) and not prefers_markdown(request):
        return model_page(request, name)
    else:
        response = model_markdown(request, name=name)
    vary_by_client(request, response)
    return response


def is_api_client(request: HttpRequest) -> bool:
    """Whether the request is for the API: it has a key or an empty place for one, or asks for JSON and not for HTML."""
    if request.method not in ("GET", "HEAD") or candidate_keys(request):
        return True
    is_of_api = asks_for_json(request) or any(header in request.headers for header in API_HEADERS)
    return is_of_api and not asks_for_html(request) and not prefers_markdown(request)


class ModelMarkdownView(PriceView):
    """One model as Markdown: its facts, its prices in words, and its endpoints, as the key or a visitor sees them."""

    def get(self, request: Request, name: str) -> HttpResponse:
        raw, now = request._request, timezone.now()
        reader = self.reader(request)
        listing = reader.listing(now)
        if self.is_other_model(listing, name, raw):
            return model_address(raw, name=f"{name}{SUFFIX}")
        model = visible_model(listing, name, retired=True)
        site, gateway, successor = own_address(raw), site_of(raw), listing.successor(model)
        body = reader.body(
            "model as Markdown",
            model.name,
            site,
            gateway,
            render=lambda: render_model(
                priced_model(model, reader.reading(now=now)),
                site=site,
                gateway=gateway,
                successor=successor.name if successor else "",
                is_retired=model.lifecycle(on=listing.on) == AIModel.Lifecycle.RETIRED,
            ),
            at=now,
        )
        response = respond(raw, body, cache_control=reader.cache_control)
        if response.has_header("Content-Type"):
            response["Content-Type"] = CONTENT_TYPE
        return response

    def is_other_model(self, listing: Listing, name: str, request: HttpRequest) -> bool:
        """Whether the address is that of another model, whose id ends in `.md`.

        If there are both models, browsers and clients of the API get the other one.
        """
        if not request.path.endswith(SUFFIX):
            return False
        whole = f"{name}{SUFFIX}"
        other = listing.model(whole, retired=True)
        if other is None or (other.is_wildcard and other.name != whole):
            return False
        return is_api_client(request) or asks_for_html(request) or listing.model(name, retired=True) is None


SUFFIX = ".md"
model_markdown = ModelMarkdownView.as_view()
