"""The exports over HTTP: the models and prices of a key, or of visitors, in the formats that other programs read."""

from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from rest_framework.request import Request

from pricing.api.views import PRIVATE, PriceView, Reader
from pricing.export.formats import FORMATS, Format
from tokens.api.views import is_given
from tokens.auth.credentials import candidate_keys
from tokens.http.bodies import respond
from tokens.http.middleware import VARY

# Programs fetch these when they start: an hour old is recent enough, and an older one is better than none.
PUBLIC = "public, max-age=3600, stale-while-revalidate=86400, stale-if-error=604800"


class ExportView(PriceView):
    """One format, with `complete=1` also with filler rows if the format has them."""

    form = ""

    def parameters_for(self, request: HttpRequest) -> tuple[str, ...]:
        return parameters_of(FORMATS[self.form])

    def reader(self, request: Request) -> Reader:
        reader = super().reader(request)
        # A key that is not valid yet gets its own models when it is: not an hour later.
        is_public = reader.caller is None and not candidate_keys(request._request)
        return replace(reader, cache_control=PUBLIC if is_public else PRIVATE)

    def get(self, request: Request) -> HttpResponse:
        now, form = timezone.now(), FORMATS[self.form]
        is_complete = form.render_complete is not None and is_given(request.query_params, "complete", "1")
        render = form.render_complete if is_complete and form.render_complete else form.render
        reader = self.reader(request)
        site = request.build_absolute_uri("/").rstrip("/")
        reading = replace(reader.reading(now=now), site=site)
        body = reader.body(f"export {form.name}", site, is_complete, render=lambda: render(reading), at=now)
        response = respond(request._request, body, cache_control=reader.cache_control)
        if response.has_header("Content-Type"):
            response["Content-Type"] = form.content_type
        # Every response below /api has these; llms.txt is outside, and programs in browsers read it too.
        patch_vary_headers(response, VARY)
        response["Access-Control-Allow-Origin"] = "*"
        return response


def parameters_of(form: Format) -> tuple[str, ...]:
    """What the address of a format reads of the query."""
    return ("complete",) if form.render_complete else ()
