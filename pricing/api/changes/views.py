"""The list of changes, and the same as a feed."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from rest_framework.request import Request

from catalog.exact import write_json
from pricing.api.changes.atom import Head, atom
from pricing.api.changes.selection import Selection, Subject, models_since
from pricing.api.views import PriceView
from pricing.engine.formatting.languages import html_code, language_named, short
from pricing.published.changes.addresses import feed_address
from pricing.published.changes.cursors import write_cursor
from pricing.published.changes.listing import change_list
from tokens.api_error import ApiError
from tokens.http.bodies import respond

# An Atom feed with more entries than this continues in another part.
ENTRIES = 200
# The value of API_DOMAIN that names no domain.
NO_DOMAIN = "modelbook"


class ChangesView(PriceView):
    """The changes made or announced since a moment, or after a cursor, for all models that the caller can see.

    `kind` selects some kinds of changes.
    """

    parameters = ("since", "cursor", "kind")

    def get(self, request: Request) -> HttpResponse:
        now = timezone.now()
        selection = Selection.read(request, now=now)
        reader = self.reader(request)
        since, kinds, after = selection.since, selection.kinds, selection.after

        def render() -> bytes:
            models = models_since(reader.scope, since, at=now)
            return write_json(change_list(models, since=since, at=now, scope=reader.scope, kinds=kinds, after=after))

        body = reader.body("changes", since, after, kinds, render=render, at=now, is_stored=selection.is_usual)
        return respond(request._request, body, cache_control=reader.cache_control)


class ChangesFeedView(PriceView):
    """The same changes as an Atom feed: of all models, of a vendor's, or of one."""

    parameters = ("since", "cursor", "kind", "vendor", "model", "lang")

    def get(self, request: Request) -> HttpResponse:
        now = timezone.now()
        selection, language = Selection.read(request, now=now), _language(request)
        reader = self.reader(request)
        subject = Subject.read(request, reader, at=now)
        code = short(language) if request.query_params.get("lang") else ""
        with translation.override(language):
            head = _head(request, selection, subject, language=language, code=code)

        def render() -> bytes:
            listed = subject.changes(selection, at=now, scope=reader.scope)
            shown, following = listed[:ENTRIES], ""
            if len(listed) > ENTRIES:
                cursor = write_cursor(selection.since, selection.kinds, shown[-1].place)
                following = request.build_absolute_uri(_address(subject, code, cursor=cursor))
            with translation.override(language):
                return atom(shown, head, at=now, following=following)

        body = reader.body(
            "feed",
            selection.since,
            selection.kinds,
            selection.after,
            head,
            render=render,
            at=now,
            is_stored=selection.is_usual,
        )
        response = respond(request._request, body, cache_control=reader.cache_control)
        if response.has_header("Content-Type"):
            response["Content-Type"] = "application/atom+xml; charset=utf-8"
        return response


def _language(request: Request) -> str:
    """The language of the texts; ApiError if there are none in the requested one."""
    code = request.query_params.get("lang", "")
    language = language_named(code) if code else settings.DEFAULT_LANGUAGE
    if not language:
        codes = ", ".join(short(each) for each, _label in settings.LANGUAGES)
        raise ApiError("invalid_parameter", f"lang must be one of {codes}, not {code[:64]!r}.", param="lang")
    return language


def _address(subject: Subject, code: str, **others: str) -> str:
    return feed_address(
        vendor=subject.vendor.slug if subject.vendor else "", model=subject.model, language=code, **others
    )


def _head(request: Request, selection: Selection, subject: Subject, *, language: str, code: str) -> Head:
    absolute = request.build_absolute_uri
    query = selection.parameters
    choice = {"lang": code} if code else {}
    chosen = {"vendor": subject.vendor.slug} if subject.vendor else {}
    words = {
        "site": settings.SITE_NAME,
        "name": subject.model or (subject.vendor.name_in(language) if subject.vendor else ""),
    }
    if subject.model:
        page, name = reverse("model-page", args=[subject.model]), f"prices/model/{quote(subject.model)}"
    elif subject.vendor:
        page, name = "/", f"prices/vendor/{quote(subject.vendor.slug)}"
    else:
        page, name = "/", "prices"
    title = _("%(site)s: price changes of %(name)s") if words["name"] else _("%(site)s: price changes")
    return Head(
        title=title % words,
        subtitle=_("Prices that changed or will change, new models, and models that retire."),
        name=name + _query({"kind": query["kind"]} | choice),
        author=settings.SITE_NAME,
        language=html_code(language),
        authority=request.get_host() if settings.API_DOMAIN == NO_DOMAIN else settings.API_DOMAIN,
        home=absolute("/"),
        page=absolute(page + _query(chosen | choice)),
        own=absolute(_address(subject, code, **query)),
        query=_query(choice),
    )


def _query(parameters: Mapping[str, str]) -> str:
    given = {name: value for name, value in parameters.items() if value}
    return f"?{urlencode(given)}" if given else ""
