"""The views of the public pages."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from catalog.exact import write_json
from catalog.models import AIModel
from catalog.prices import Sheet
from pricing.pages.comparison.table import MAX_COLUMNS, comparison
from pricing.pages.listing.catalog import Page, catalog_of
from pricing.pages.listing.contents import FRAGMENT, LIST, list_context
from pricing.pages.listing.search import MAX_QUERY, Search
from pricing.pages.model_page.details import current_prices, details
from pricing.pages.responses import ASSETS, HEAD, PUBLIC, Context, busy_page, missing_page, page, send_asset
from pricing.pages.sharing.heads import comparison_head, model_head
from pricing.pages.vendors.icons import send_icon
from pricing.pages.visitor import Place, Visitor
from pricing.verification.provenance import Evidence
from tokens.access.visibility import PriceListing
from tokens.api_error import ApiError
from tokens.auth.authentication import charge_visitor
from tokens.auth.credentials import candidate_keys
from tokens.dialects import DIALECTS
from tokens.http.bodies import Body, respond
from tokens.http.errors import error_response, is_api_path, page_not_found
from tokens.http.negotiation import asks_for_html, own_address, site_of, vary_by_client

View = Callable[..., HttpResponse]


def limited(view: View) -> View:
    """Refuses visitors whose address has sent too many requests: with a page, or the API's error for programs."""

    @wraps(view)
    def limited_view(request: HttpRequest, *args: Any, **parameters: Any) -> HttpResponse:
        try:
            charge_visitor(request, at=timezone.now())
        except ApiError as error:
            return busy_page(request, error) if is_browser(request) else error_response(request, error)
        return view(request, *args, **parameters)

    return limited_view


@csrf_exempt
@require_safe
@limited
def catalog(request: HttpRequest) -> HttpResponse:
    """The list of all models that visitors see; for programs, the addresses that they may look for."""
    if not asks_for_html(request):
        return for_programs(request)
    return list_page(request, LIST)


@csrf_exempt
@require_safe
@limited
def results(request: HttpRequest) -> HttpResponse:
    """The part of the list's page that a search changes, for the page's script: /results?q=gpt."""
    response = list_page(request, FRAGMENT)
    # A search engine lists pages, not parts of them.
    response["X-Robots-Tag"] = "noindex"
    return response


def list_page(request: HttpRequest, template: str) -> HttpResponse:
    visitor, search = Visitor.from_request(request), Search.from_query(request.GET.dict())
    if search.page > 1:
        # The last page stands for all that come after it, also in the links to other languages.
        search = Page.of(catalog_of(visitor), search).search
    site = own_address(request)
    # There are few orders, and most visitors see the first page.
    is_stored = search == Search(sort=search.sort)
    return page(
        request,
        visitor,
        template,
        Place("/", search.parameters),
        lambda: list_context(visitor, search, site=site),
        is_stored=is_stored,
    )


def for_programs(request: HttpRequest) -> HttpResponse:
    """The addresses of the lists and documents, as JSON."""
    site, here = site_of(request), own_address(request)
    addresses = {
        "name": settings.SITE_NAME,
        "base_urls": {dialect.name: f"{site}{dialect.base}" for dialect in DIALECTS},
        "models": f"{site}/v1/models",
        "prices": f"{site}/api/pricing",
        "documentation": f"{here}/openapi.json",
        "llms_txt": f"{here}/llms.txt",
    }
    response = respond(request, Body.of(write_json(addresses)), cache_control=PUBLIC)
    vary_by_client(request, response)
    response["Access-Control-Allow-Origin"] = "*"
    return response


@limited
def model_page(request: HttpRequest, name: str) -> HttpResponse:
    """A model's page; the other responses at its address are those of pricing/api/model_addresses.py."""
    visitor = Visitor.from_request(request)
    model_and_visitor = find_model(name, visitor)
    if model_and_visitor is None:
        return missing_page(visitor)
    model, visitor = model_and_visitor
    query = request.GET.dict()
    answers = {name: str(query[name]) for name in query if name == "n" or name.startswith(("u.", "f."))}
    base, site = site_of(request), own_address(request)
    evidence = Evidence.read(at=visitor.at, now=visitor.at)
    return page(
        request,
        visitor,
        "pricing/pages/model.html",
        Place(reverse("model-page", args=[model.name]), tuple(answers.items())),
        lambda: {
            **details(model, visitor, evidence, answers=answers, base=base),
            HEAD: model_head(model, usual_price(model, visitor), visitor, site=site),
        },
        key=(base, evidence),
        # Few visitors fill in the same numbers, and the result can depend on the hour.
        is_stored=not answers,
        # No counter is raised when a document of a source is fetched.
        is_reusable=False,
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The handler of 404: a page for browsers, the API's error for all other clients and below /admin."""
    if is_browser(request) and not is_api_path(request.path) and not request.path.startswith("/admin"):
        return missing_page(Visitor.from_request(request))
    return page_not_found(request, exception)


def is_browser(request: HttpRequest) -> bool:
    """Whether the request asks for HTML and has no API key."""
    return request.method in ("GET", "HEAD") and asks_for_html(request) and not candidate_keys(request)


def find_model(name: str, visitor: Visitor) -> tuple[AIModel, Visitor] | None:
    """The model with that id or alias, and the visitor in a group that reaches it, the chosen group first.

    A retired model has a page, too.
    """
    for group in sorted(visitor.public.groups, key=lambda group: group.slug != visitor.group):
        member = visitor.in_group(group)
        model = PriceListing(member.public.scope, visitor.at).model(name, retired=True)
        if model is not None:
            return model, member
    return None


def usual_price(model: AIModel, visitor: Visitor) -> Sheet | None:
    """The current price for visitors who choose no group, which the canonical address and the image show."""
    usual = visitor.public.usual
    if usual is not None and usual.slug != visitor.group:
        model, visitor = find_model(model.name, visitor.in_group(usual)) or (model, visitor)
    return current_prices([model], visitor).get(model.pk)


@csrf_exempt
@require_safe
@limited
def compare(request: HttpRequest) -> HttpResponse:
    """Several models side by side: /compare?m=gpt-4o&m=o3."""
    if not asks_for_html(request):
        raise Http404
    visitor = Visitor.from_request(request)
    names = tuple(dict.fromkeys(request.GET.getlist("m")))[:MAX_COLUMNS]
    text = request.GET.get("q", "").strip()[:MAX_QUERY]
    place = Place(reverse("compare"), (*(("m", name) for name in names), *((("q", text),) if text else ())))
    return page(
        request,
        visitor,
        "pricing/pages/compare.html",
        place,
        lambda: comparison_context(names, visitor, text),
        is_stored=not names and not text,
    )


def comparison_context(names: Sequence[str], visitor: Visitor, text: str) -> Context:
    context = comparison(names, visitor, text=text)
    return {**context, HEAD: comparison_head([column.heading for column in context["columns"]], visitor)}


@require_safe
def asset(request: HttpRequest, _version: str, name: str) -> HttpResponse:
    """A static file; the version is in the address only so that browsers fetch a new one."""
    if name not in ASSETS:
        raise Http404
    return send_asset(request, name)


@require_safe
def vendor_icon(request: HttpRequest, _version: str, name: str) -> HttpResponse:
    """The icon of a vendor; the version is in the address only so that browsers fetch a new one."""
    return send_icon(request, name)
