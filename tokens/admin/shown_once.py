"""A new key on its way to the page that shows it once, behind a redirect: a reload neither repeats nor shows it.

The session has the key encrypted with random bytes of the same length, which only a cookie of the browser has. Neither
the database nor the cookie reveals the key, and the first page that shows it deletes both.
"""

import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse

from catalog.admin.base import ModelAdmin

NAME = "new_key"
# How long the redirect may take, in seconds.
LIFETIME = 300


class ShowsOnce(ModelAdmin):
    """The admin of a table whose rows get keys or secrets that are shown once."""

    new_key_template: str

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view(self.new_key)
        return [path("<int:number>/new-key/", view, name=self._page_name), *super().get_urls()]

    def show_once(self, request: HttpRequest, row: Model, key: str) -> HttpResponse:
        """Leads to the page that shows the key once, so that a reload does not send the form again."""
        address = reverse(f"admin:{self._page_name}", args=[row.pk])
        response = HttpResponseRedirect(address)
        hand_over(request, response, key, row=row, path=address)
        response["Cache-Control"] = "no-store, private"
        return response

    def new_key(self, request: HttpRequest, number: int) -> HttpResponse:
        """The page behind the redirect; the second time, it says that the key cannot be shown again."""
        row = self.find_row(request, str(number))
        title, context = self.describe_new_key(request, row)
        page = self.render_page(
            request, self.new_key_template, title, may_add=self.has_add_permission(request), **context
        )
        if request.method == "GET":
            page.context_data["key"] = take(request, page, row=row, path=request.path)  # type: ignore[attr-defined]
        page["Cache-Control"] = "no-store, private"
        return page

    def describe_new_key(self, request: HttpRequest, row: Any) -> tuple[str, dict[str, Any]]:
        """The title of the page that shows the key, and the context of its template."""
        raise NotImplementedError

    def find_row(self, request: HttpRequest, object_id: str) -> Any:
        """The row with this number; Http404 without one, PermissionDenied if the operator may not view it."""
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        return row

    @property
    def _page_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_new_key"


def hand_over(request: HttpRequest, response: HttpResponse, key: str, *, row: Model, path: str) -> None:
    """Lets the page at this path show the key of a row once; the response leads there."""
    pad = secrets.token_bytes(len(key))
    request.session[NAME] = {"row": _name(row), "at": int(time.time()), "text": _encode(_mix(key.encode(), pad))}
    response.set_cookie(
        NAME, _encode(pad), max_age=LIFETIME, path=path, secure=settings.HTTPS, httponly=True, samesite="Strict"
    )


def take(request: HttpRequest, response: HttpResponse, *, row: Model, path: str) -> str:
    """The key of the row, the first time; empty afterwards. The response deletes the cookie."""
    stored = request.session.get(NAME)
    if not isinstance(stored, dict) or stored.get("row") != _name(row):
        return ""
    del request.session[NAME]
    response.delete_cookie(NAME, path=path, samesite="Strict")
    try:
        text, pad = urlsafe_b64decode(stored["text"]), urlsafe_b64decode(request.COOKIES.get(NAME, ""))
    except (Error, ValueError):
        return ""
    if len(text) != len(pad) or time.time() - stored["at"] > LIFETIME:
        return ""
    try:
        return _mix(text, pad).decode("ascii")
    except UnicodeDecodeError:
        # The cookie is that of another key.
        return ""


def _name(row: Model) -> str:
    return f"{row._meta.label_lower} {row.pk}"


def _mix(text: bytes, pad: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(text, pad, strict=True))


def _encode(content: bytes) -> str:
    return urlsafe_b64encode(content).decode()
