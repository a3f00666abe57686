"""The documentation of the API: the OpenAPI document, and pages rendered from it without external resources."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from catalog.caches import process_cache
from catalog.exact import write_json
from pricing.docs.contents import contents, translated
from pricing.pages.responses import HEAD, address_of, page
from pricing.pages.sharing.head import Head
from pricing.pages.sharing.heads import links_of_site, site_image
from pricing.pages.visitor import Place, Visitor
from tokens.http.bodies import Body, respond
from tokens.http.negotiation import asks_for_html, own_address, vary_by_client

CACHED = "public, max-age=300"
PUBLIC_OPERATIONS, MANAGEMENT = "/docs", "/docs/management"


@csrf_exempt
@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    response = respond(request, openapi_body(), cache_control=CACHED)
    response["Access-Control-Allow-Origin"] = "*"
    return response


@csrf_exempt
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """The public operations; for programs, the document that the pages show."""
    return _page(request, PUBLIC_OPERATIONS)


@csrf_exempt
@require_safe
def management_docs(request: HttpRequest) -> HttpResponse:
    """The operations of the management API."""
    return _page(request, MANAGEMENT)


def _page(request: HttpRequest, path: str) -> HttpResponse:
    if not asks_for_html(request):
        response = openapi(request)
        vary_by_client(request, response)
        return response
    visitor, host = Visitor.without_data(request), own_address(request)

    def context() -> dict[str, object]:
        return contents(visitor.language, host, is_management=path == MANAGEMENT) | {
            HEAD: head(visitor, path, site=host),
            "is_management": path == MANAGEMENT,
            "management_docs": visitor.link(MANAGEMENT),
            "docs_styles": address_of("docs.css"),
            "docs_script": address_of("docs.js"),
        }

    # The fast path may not send the page: visitors are equal whatever host they request.
    return page(request, visitor, "pricing/docs/page.html", Place(path), context, is_reusable=False)


def head(visitor: Visitor, path: str, *, site: str) -> Head:
    """The head of a page, in the language of the visitor."""
    is_management = path == MANAGEMENT
    return Head(
        title=_("Management API") if is_management else _("API reference"),
        description=_("Every operation for the programs of operators, with examples in curl, Python and JavaScript.")
        if is_management
        else _("Model lists, prices and exports: every operation, with examples in curl, Python and JavaScript."),
        site=site,
        path=path,
        language=visitor.language,
        image=site_image(site),
        links=links_of_site(visitor),
    )


@process_cache(maxsize=1)
def openapi_body() -> Body:
    return Body.of(write_json(translated("en")))
