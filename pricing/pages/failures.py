"""The pages for requests that fail because the database does not answer or another change is being saved.

They need neither the database nor a session. Clients of the API get its own errors: see tokens/http/errors.py.
"""

import sys
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils.encoding import escape_uri_path
from django.utils.http import escape_leading_slashes
from django.utils.translation import gettext as _

from catalog.db.locking import is_lock_timeout
from pricing.pages.responses import HEAD, as_page, render
from pricing.pages.sharing.head import Head
from pricing.pages.views import is_browser
from pricing.pages.visitor import Place, Visitor
from tokens.http import errors

# A page that offers to send a form again does not repeat what is secret, or what the browser must send itself.
NOT_SENT_AGAIN = frozenset({"csrfmiddlewaretoken"})
SECRET = "password"  # noqa: S105 (a part of the name of a field)


class UnavailableMiddleware:
    """Answers when a view fails because of the database, before Django treats it as an error of the program."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not errors.is_unavailable(exception):
            return None
        errors.log_failure(request, exception)
        return unavailable(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """The handler of 500, which also gets the failures of middleware, such as that of sessions."""
    exception = sys.exc_info()[1]
    if isinstance(exception, Exception) and errors.is_unavailable(exception):
        return unavailable(request, exception)
    return errors.server_error(request)


def unavailable(request: HttpRequest, exception: Exception) -> HttpResponse:
    """503 in the form of the address: a page of the admin, a public page, or an error of the API."""
    error = errors.as_api_error(exception)
    if request.path.startswith("/admin"):
        response = HttpResponse(_admin_page(request, is_busy=is_lock_timeout(exception)))
    elif is_browser(request) and (request.path.startswith("/models/") or not errors.is_api_path(request.path)):
        visitor = Visitor.without_data(request)
        query = tuple((name, str(value)) for name, value in request.GET.items() if name != "lang")
        html = render(
            "pricing/pages/unavailable.html",
            visitor,
            Place(path_of(request), query),
            lambda: {
                HEAD: Head(_("Temporarily unavailable"), is_indexed=False),
                "again": escape_leading_slashes(request.get_full_path()),
            },
        )
        response = HttpResponse(html)
        response = as_page(response, visitor)
    else:
        return errors.error_response(request, error)
    response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    response["Cache-Control"] = "no-store"
    response["Retry-After"] = error.headers["Retry-After"]
    return response


def path_of(request: HttpRequest) -> str:
    """The path that was requested, as a link has it: two slashes at its start would name another host."""
    return escape_leading_slashes(escape_uri_path(request.path))


def _admin_page(request: HttpRequest, *, is_busy: bool) -> str:
    # The frame of the login page: that of all other pages reads the user from the database.
    request.user = AnonymousUser()
    context: dict[str, Any] = admin.site.each_context(request) | {
        "title": "Another change is being saved" if is_busy else "The database does not answer",
        "is_busy": is_busy,
        "again": request.get_full_path(),
    }
    if request.method == "POST":
        context |= {"fields": _fields(request), "csrf_token": get_token(request), "has_files": bool(request.FILES)}
    # Without the request: the messages of the frame would be read from the session.
    return render_to_string("pricing/admin/unavailable.html", context)


def _fields(request: HttpRequest) -> list[tuple[str, str]] | None:
    """The names and values of the form that was sent, to send it again; None if it has a secret."""
    if any(SECRET in name for name in request.POST):
        return None
    return [(name, value) for name, values in request.POST.lists() if name not in NOT_SENT_AGAIN for value in values]
