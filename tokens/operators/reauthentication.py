"""Asks operators to confirm that it is they, before keys, permissions and bulk prices.

A sign-in counts for REAUTHENTICATION_MINUTES, and so does a confirmation. No input is lost: the form waits in the
session, encrypted, and the browser sends it again after the confirmation.
"""

import json
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.flows.reauthentication import stash_and_reauthenticate
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from tokens.encryption.ciphers import UnreadableError
from tokens.operators.encryption import CIPHER

# In the session: when the operator signed in, in seconds of the epoch.
SIGNED_IN_AT = "operator_signed_in_at"
# In the session of a sign-in through the OpenID provider: when the operator signed in there, 0 if it did not say so.
# Without a password of ours, a sign-in only shows that the provider's session is still open.
PROVEN_AT = "operator_proven_at"
NOT_SENT_AGAIN = frozenset({"csrfmiddlewaretoken"})
V = TypeVar("V", bound=Callable[..., Any])


def needs_confirmation(request: HttpRequest) -> bool:
    """Whether the operator signed in, or confirmed it, too long ago."""
    signed_in_at = request.session.get(PROVEN_AT, request.session.get(SIGNED_IN_AT, 0))
    confirmed_at = (
        record["at"]
        for record in get_authentication_records(request, request.user)
        if record["method"] != "socialaccount" or record.get("reauthenticated")
    )
    return bool(time.time() - max(signed_in_at, *confirmed_at, 0) >= settings.REAUTHENTICATION_MINUTES * 60)


def ask_to_confirm(request: HttpRequest) -> HttpResponse | None:
    """The response that asks for a confirmation, if one is needed; the request is repeated after it."""
    if not needs_confirmation(request):
        return None
    if not get_adapter().get_reauthentication_methods(request.user):
        messages.error(request, "Sign in again for this page: you signed in too long ago.")
        get_adapter().logout(request)
        return redirect(settings.LOGIN_URL)
    waiting = {"address": request.get_full_path(), "fields": _fields_of(request), "had_files": bool(request.FILES)}
    return cast(
        "HttpResponse",
        stash_and_reauthenticate(request, {"sealed": CIPHER.encrypt(json.dumps(waiting))}, f"{__name__}.send_again"),
    )


def reauthentication_required(view: V) -> V:
    """A decorator of views, methods of admin classes, and actions: POST needs a recent sign-in or confirmation."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        request = next(value for value in (*args, *kwargs.values()) if isinstance(value, HttpRequest))
        asked = ask_to_confirm(request) if request.method == "POST" else None
        return view(*args, **kwargs) if asked is None else asked

    return cast("V", guarded)


class ConfirmedForm:
    """An admin class whose forms need a recent sign-in or confirmation."""

    def has_to_confirm(self, request: HttpRequest, object_id: str | None) -> bool:
        """Whether this form needs it; some classes ask only for some rows."""
        return True

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        if request.method == "POST" and self.has_to_confirm(request, object_id):
            asked = ask_to_confirm(request)
            if asked is not None:
                return asked
        return super().changeform_view(request, object_id, form_url, extra_context)  # type: ignore[misc]


def send_again(request: HttpRequest, state: dict[str, str]) -> HttpResponse:
    """Called after the confirmation: a page that sends the waiting form to its own address."""
    try:
        waiting = json.loads(CIPHER.decrypt(state["sealed"]))
    except UnreadableError:
        return redirect(settings.LOGIN_REDIRECT_URL)
    if waiting["had_files"]:
        messages.warning(request, "Choose the file again, and send the form: files are not stored while you confirm.")
    if waiting["had_files"] or not waiting["fields"]:
        return HttpResponseRedirect(waiting["address"])
    page = TemplateResponse(request, "tokens/operators/send_again.html", waiting | {"title": "Confirmed"})
    page["Cache-Control"] = "no-store"
    return page


def _fields_of(request: HttpRequest) -> list[tuple[str, str]]:
    """The form's fields in their order, one pair for each value."""
    if request.method != "POST":
        return []
    return [(name, value) for name, values in request.POST.lists() if name not in NOT_SENT_AGAIN for value in values]
