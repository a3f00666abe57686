"""Sessions of operators: how long they last, who must set up a second factor first, and how they are ended."""

import time
from collections.abc import Callable
from typing import Any

from allauth.account.internal.flows.logout import logout
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import OperationalError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from catalog.db.audit import record
from catalog.db.locking import is_lock_timeout, limited_lock_waits
from tokens.operators.reauthentication import PROVEN_AT, SIGNED_IN_AT
from tokens.operators.sign_in.claims import SEVERAL_FACTORS_FOR

# In the session: when its last request was, in seconds of the epoch; written once in OPERATOR_SEEN_SECONDS.
SEEN_AT = "operator_seen_at"
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


class OperatorSessionMiddleware:
    """On the admin's addresses: ends sessions that are too old, and leads to the set-up of a required second factor.

    Before the middleware of snapshots, because it writes.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(reverse("admin:index")):
            return self.get_response(request)
        if SESSION_KEY in request.session:
            response = check_session(request)
            if response is not None:
                return response
        response = self.get_response(request)
        if request.path.startswith(reverse("operator_account")):
            # Secrets of authenticator apps, recovery codes: browsers do not keep the page.
            response.setdefault("Cache-Control", "no-store, private")
        return response


def check_session(request: HttpRequest) -> HttpResponse | None:
    """A redirect if the operator has to do something first."""
    if not request.user.is_authenticated or not request.user.is_staff:
        # Deactivated, or not an operator any more.
        request.session.flush()
        logout(request, show_message=False)
        return None
    reason = find_end(request.session)
    if reason:
        record("session ended", about=request.user, detail=reason)
        logout(request, show_message=False)
        messages.warning(request, f"{reason} Sign in again.")
        return None
    note_request(request)
    if settings.ADMIN_MFA == "required" and not has_second_factor(request) and not _is_needed_to_set_up(request.path):
        messages.warning(request, "Set up a second factor first: an authenticator app or a passkey.")
        return HttpResponseRedirect(reverse("mfa_index"))
    return None


def find_end(session: Any) -> str:
    """Why the session has ended; empty if it has not."""
    now = time.time()
    if now - session.get(SIGNED_IN_AT, now) >= settings.ADMIN_SESSION_HOURS * 3600:
        return f"Your session ended after {settings.ADMIN_SESSION_HOURS} hours."
    minutes = settings.ADMIN_IDLE_MINUTES
    if minutes and now - session.get(SEEN_AT, now) >= minutes * 60:
        return f"Your session ended after {minutes} minutes without a request."
    return ""


def begin_session(request: HttpRequest, **_: Any) -> None:
    """A receiver of `user_logged_in`."""
    if hasattr(request, "session"):
        request.session[SIGNED_IN_AT] = request.session[SEEN_AT] = time.time()
        if PROVEN_AT in request.META:
            request.session[PROVEN_AT] = request.META[PROVEN_AT]


def note_request(request: HttpRequest) -> None:
    """Stores that the session is in use, about once a minute, and never waits long for another writer."""
    session, now = request.session, time.time()
    if now - session.get(SEEN_AT, 0) < settings.OPERATOR_SEEN_SECONDS:
        return
    session.setdefault(SIGNED_IN_AT, now)
    session[SEEN_AT] = now
    try:
        with limited_lock_waits(), transaction.atomic():
            session.save()
            if not UserSession.objects.filter(session_key=session.session_key).update(last_seen_at=timezone.now()):
                UserSession.objects.create_from_request(request)
    except OperationalError as error:
        if not is_lock_timeout(error):
            raise
    # The cookie lasts as long as the session.
    session.modified = False


def has_second_factor(request: HttpRequest) -> bool:
    """Whether the operator has an authenticator app or a passkey, or the provider has stated several factors."""
    if request.session.get(SEVERAL_FACTORS_FOR) == request.user.pk:
        return True
    return bool(Authenticator.objects.filter(user_id=request.user.pk, type__in=FACTORS).exists())


def end_sessions(operator: Any, *, except_key: str | None = None) -> int:
    """Ends all sessions of an operator, or all other ones; returns how many."""
    ended = [key for key in find_sessions(operator) if key != except_key]
    Session.objects.filter(session_key__in=ended).delete()
    UserSession.objects.filter(user_id=operator.pk).exclude(session_key=except_key).delete()
    if ended:
        record("sessions ended", about=operator, detail=f"{len(ended)} {'session' if len(ended) == 1 else 'sessions'}")
    return len(ended)


def find_sessions(operator: Any) -> list[str]:
    """The keys of the operator's open sessions; no column states whose they are, and there are few."""
    sessions = Session.objects.filter(expire_date__gt=timezone.now())
    key = str(operator.pk)
    return [session.session_key for session in sessions.iterator() if session.get_decoded().get(SESSION_KEY) == key]


def _is_needed_to_set_up(path: str) -> bool:
    """Whether a page is part of setting up a second factor, or of leaving."""
    allowed = ("account/second-factor/", "account/confirm/", "logout/", "jsi18n/")
    home = reverse("admin:index")
    return path.startswith(tuple(home + page for page in allowed))
