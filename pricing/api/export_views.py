"""The exports over HTTP: the models and prices of a key, or of visitors, in the formats that other programs read."""

import re
from collections.abc import Callable, Hashable
from dataclasses import replace
from functools import partial

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from rest_framework.request import Request

from pricing.api.views import PRIVATE, PriceView, Reader
from pricing.export.document import Document
from pricing.export.formats import FORMATS, Format
from pricing.published.rows import Reading
from tokens.api.views import is_given
from tokens.api_error import ApiError
from tokens.auth.credentials import candidate_keys
from tokens.http.bodies import respond
from tokens.http.negotiation import own_address, site_of

# Programs fetch these when they start: an hour old is recent enough, and an older one is better than none.
PUBLIC = "public, max-age=3600, stale-while-revalidate=86400, stale-if-error=604800"

# The whole list, in pages: without a limit, or as OpenRouter's SDKs request the first one.
LONGEST_PAGE = 10**9
SDKS_FIRST_PAGE = (0, 500)
NUMBER = re.compile(r"[0-9]{1,9}")


class ExportView(PriceView):
    """One format; `complete=1` adds filler rows, and `offset` and `limit` select rows, where the format has these."""

    form = ""

    def parameters_for(self, request: HttpRequest) -> tuple[str, ...]:
        return parameters_of(FORMATS[self.form])

    def reader(self, request: Request) -> Reader:
        reader = super().reader(request)
        # A key that is not valid yet gets its own models when it is: not an hour later.
        is_public = reader.caller is None and not candidate_keys(request._request)
        return replace(reader, cache_control=PUBLIC if is_public else PRIVATE)

    def get(self, request: Request) -> HttpResponse:
        now, form, query = timezone.now(), FORMATS[self.form], request.query_params
        render, parts, is_stored = form.render, list[Hashable](), True
        if form.render_complete and is_given(query, "complete", "1"):
            render, parts = form.render_complete, ["complete"]
        elif form.render_page and {"offset", "limit"} & query.keys():
            page = (_number(query, "offset", least=0) or 0, _number(query, "limit", least=1) or LONGEST_PAGE)
            render, parts, is_stored = partial(_page, form.render_page, page), [page], page == SDKS_FIRST_PAGE
        reader = self.reader(request)
        site, gateway = own_address(request._request), site_of(request._request)
        reading = replace(reader.reading(now=now), site=site, gateway=gateway)
        body = reader.body(
            f"export {form.name}", site, gateway, *parts, render=lambda: render(reading), at=now, is_stored=is_stored
        )
        response = respond(request._request, body, cache_control=reader.cache_control)
        if response.has_header("Content-Type"):
            response["Content-Type"] = form.content_type
        return response


def parameters_of(form: Format) -> tuple[str, ...]:
    """What the address of a format reads of the query."""
    return (("complete",) if form.render_complete else ()) + (("offset", "limit") if form.render_page else ())


def _page(render: Callable[[Reading, int, int], Document], page: tuple[int, int], reading: Reading) -> Document:
    return render(reading, *page)


def _number(query: QueryDict, name: str, *, least: int) -> int | None:
    """A whole number in the query; None without one."""
    text = query.get(name, "")
    if not text:
        return None
    if not NUMBER.fullmatch(text) or int(text) < least:
        raise ApiError("invalid_parameter", f"{name} must be a whole number from {least} on.", param=name)
    return int(text)
