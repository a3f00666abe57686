"""The pages: read the address, ask for what it names, answer with HTML."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from catalog.models import AIModel
from pricing.pages.comparison import MOST, comparison
from pricing.pages.listing.cards import model_list
from pricing.pages.listing.filters import orders, selects
from pricing.pages.listing.search import Search
from pricing.pages.model_page import details
from pricing.pages.responses import ASSETS, Context, Place, missing_page, page, send_asset
from pricing.pages.visitor import Visitor
from tokens.access.visibility import Listing
from tokens.api.views import ModelView
from tokens.auth.credentials import candidate_keys
from tokens.http.errors import is_api_path, page_not_found

one_model = ModelView.as_view()
ROBOTS = "User-agent: *\nAllow: /\nDisallow: /admin/\n"


@require_safe
def catalog(request: HttpRequest) -> HttpResponse:
    """Every model that visitors see."""
    visitor, search = Visitor.of(request), Search.of(request.GET.dict())
    place = Place("/", search.parameters)
    return page(request, visitor, "pricing/pages/catalog.html", place, lambda: list_context(visitor, search))


def list_context(visitor: Visitor, search: Search) -> Context:
    models = model_list(visitor)
    found = models.found(search)
    return {
        "model_list": models,
        "search": search,
        "found": found,
        "number": sum(not hidden for _card, _row, hidden in found),
        "selects": selects(models.facets, search),
        "orders": orders(search),
        "is_open": any(name != "q" for name, _value in search.parameters),
    }


@csrf_exempt
def model_page(request: HttpRequest, name: str) -> HttpResponse:
    """A model's page, for a browser; below /models the API has its addresses, and answers everybody else."""
    if not is_browser(request):
        answer = one_model(request, name=name)
        patch_vary_headers(answer, ["Accept"])
        return answer
    visitor = Visitor.of(request)
    found = visible(name, visitor)
    if found is None:
        return missing_page(visitor)
    model, visitor = found
    asked = request.GET.dict()
    answers = {name: str(asked[name]) for name in asked if name == "n" or name.startswith(("u.", "f."))}
    base = settings.PUBLIC_BASE_URL.rstrip("/") or f"{request.scheme}://{request.get_host()}"
    return page(
        request,
        visitor,
        "pricing/pages/model.html",
        Place(reverse("model-page", args=[model.name]), tuple(answers.items())),
        lambda: details(model, visitor, answers=answers, base=base),
        also=base,
        # What was asked of the calculator is asked once, and its answer may hang on the clock.
        is_kept=not answers,
    )


def nothing_here(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Where no address fits: a page for browsers that look for one; programs and operators are told as ever."""
    if is_browser(request) and not is_api_path(request.path) and not request.path.startswith("/admin"):
        return missing_page(Visitor.of(request))
    return page_not_found(request, exception)


def is_browser(request: HttpRequest) -> bool:
    """Whether somebody reads in a browser: says so, and sends no key."""
    accepted = (media.partition(";")[0].strip() for media in request.headers.get("Accept", "").lower().split(","))
    return request.method in ("GET", "HEAD") and "text/html" in accepted and not candidate_keys(request)


def visible(name: str, visitor: Visitor) -> tuple[AIModel, Visitor] | None:
    """The model of that id or alias, at the prices of the group chosen, else of the first that reaches it."""
    for group in sorted(visitor.public.groups, key=lambda group: group.slug != visitor.group):
        seen = visitor.in_group(group)
        model = Listing(seen.public.scope, visitor.day).model(name)
        if model is not None:
            return model, seen
    return None


@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """Several models side by side: /compare?m=gpt-4o&m=o3."""
    visitor = Visitor.of(request)
    names = tuple(dict.fromkeys(request.GET.getlist("m")))[:MOST]
    place = Place(reverse("compare"), tuple(("m", name) for name in names))
    return page(request, visitor, "pricing/pages/compare.html", place, lambda: comparison(names, visitor))


@require_safe
def asset(request: HttpRequest, _version: str, name: str) -> HttpResponse:
    """What the pages load; the version only makes the address a new one."""
    if name not in ASSETS:
        raise Http404
    return send_asset(request, name)


@require_safe
def robots(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(ROBOTS, content_type="text/plain; charset=utf-8", headers={"Cache-Control": "max-age=3600"})
