"""Every refusal below the admin's address as a page of the admin: what was refused, why, and a way back."""

from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.csrf import csrf_failure as default_csrf_failure

from catalog.error_messages import count

# Status -> the title of the page and what to do.
TEXTS = {
    HTTPStatus.BAD_REQUEST: ("This address is not valid", "Open the page again from the navigation, without filters."),
    HTTPStatus.FORBIDDEN: (
        "You do not have permission",
        "Your roles do not include this page or action. A person who manages operators can give you a role.",
    ),
    HTTPStatus.NOT_FOUND: (
        "This page does not exist",
        "What it was about may have been deleted or renamed, or belongs to a group that you are not responsible for.",
    ),
    HTTPStatus.TOO_MANY_REQUESTS: ("Too many attempts", "Wait a few minutes, then try again."),
}
FORGED = (
    "The form was not accepted",
    "Its page was opened before you signed in, or your browser sends no cookies. Nothing was changed. Open it again.",
)


def is_admin_address(path: str) -> bool:
    """Whether an address belongs to the admin."""
    home = reverse("admin:index")
    return path.startswith(home) or f"{path}/" == home


def refusal_page(
    request: HttpRequest, status: int, title: str = "", reason: str = "", *, again: str = ""
) -> HttpResponse:
    """The page of a refusal, in the admin's frame for operators; `again`: the address to open instead."""
    usual_title, usual_reason = TEXTS[HTTPStatus(status)]
    if not hasattr(request, "user"):
        # Refused before it was known who asks.
        request.user = AnonymousUser()
    is_operator = request.user.is_authenticated and request.user.is_staff
    context: dict[str, Any] = admin.site.each_context(request) | {
        "title": title or usual_title,
        "reason": reason or usual_reason,
        "layout": "admin/base_site.html" if is_operator else "unfold/layouts/unauthenticated.html",
        "is_operator": is_operator,
        "again": again,
    }
    response = render(request, "tokens/operators/refusal.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without the token that proves where it comes from."""
    if not is_admin_address(request.path):
        return default_csrf_failure(request, reason)
    return refusal_page(request, HTTPStatus.FORBIDDEN, *FORGED, again=request.path)


def locked_out(request: HttpRequest, *_: Any) -> HttpResponse:
    """Too many failed sign-ins with one name from one address."""
    hours = count(settings.AXES_COOLOFF_TIME, "hour")
    reason = (
        f"There were too many failed sign-ins with this name from your address. Try again in {hours}, or ask a person "
        "at the server to unlock the name with the command axes_reset."
    )
    page = refusal_page(request, HTTPStatus.TOO_MANY_REQUESTS, "Sign-in is locked", reason)
    page["Retry-After"] = str(settings.AXES_COOLOFF_TIME * 3600)
    return page


def too_many_requests(request: HttpRequest) -> HttpResponse:
    return refusal_page(request, HTTPStatus.TOO_MANY_REQUESTS)
