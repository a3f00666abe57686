"""The public exports over HTTP: the prices for visitors without a key, in the formats that other programs read."""

from dataclasses import replace

from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from catalog.db import revision
from pricing.api.views import PriceView, Reader
from pricing.export.formats import FORMATS
from tokens.access.visibility import public_scope
from tokens.auth.authentication import VisitorAuthentication
from tokens.http.bodies import respond

# Programs fetch these when they start: an hour old is recent enough, and an older one is better than none.
CACHE_CONTROL = "public, max-age=3600, stale-while-revalidate=86400, stale-if-error=604800"


class ExportView(PriceView):
    """One format; keys are ignored, so that shared caches may store it for everybody."""

    authentication_classes = [VisitorAuthentication]
    form = ""

    def get(self, request: Request) -> HttpResponse:
        now, form = timezone.now(), FORMATS[self.form]
        reader = Reader(request._request, public_scope(), revision.read(), CACHE_CONTROL)
        site = request.build_absolute_uri("/").rstrip("/")
        reading = replace(reader.reading(now=now), site=site)
        body = reader.body(f"export {form.name}", site, render=lambda: form.render(reading), at=now)
        response = respond(request._request, body, cache_control=reader.cache_control)
        if response.has_header("Content-Type"):
            response["Content-Type"] = form.content_type
        # Every response below /api has it; llms.txt is outside, and programs in browsers read it too.
        response["Access-Control-Allow-Origin"] = "*"
        return response
