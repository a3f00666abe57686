"""What follows from an event of the sign-in: sessions begin and end, and the audit trail records it."""

from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.signals import password_reset
from allauth.account.signals import user_logged_in as signed_in
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from allauth.socialaccount.signals import social_account_added, social_account_removed
from axes.signals import user_locked_out
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models.signals import post_save

from catalog.db.audit import record
from tokens.operators.sign_in.sessions import ENDED_BECAUSE, begin_session, end_sessions

METHODS = {
    "password": "password",
    "socialaccount": "single sign-on",
    "command_line": "code of the command line",
    Authenticator.Type.TOTP: "authenticator app",
    Authenticator.Type.WEBAUTHN: "passkey",
    Authenticator.Type.RECOVERY_CODES: "recovery code",
}


def connect() -> None:
    """Called once, when the apps are ready; after django-axes, whose receivers count failures."""
    user_logged_in.connect(begin_session)
    post_save.connect(end_sessions_of_former_operators, sender=User)
    signed_in.connect(record_sign_in)
    user_logged_out.connect(record_sign_out)
    user_login_failed.connect(record_failure)
    user_locked_out.connect(record_lock_out)
    password_reset.connect(record_password_reset)
    authenticator_added.connect(factor_was_added)
    authenticator_removed.connect(record_removed_factor)
    authenticator_reset.connect(record_new_codes)
    social_account_added.connect(record_connection)
    social_account_removed.connect(record_disconnection)


def end_sessions_of_former_operators(instance: User, raw: bool = False, **_: Any) -> None:
    if not raw and not (instance.is_active and instance.is_staff):
        end_sessions(instance)


def record_sign_in(request: Any, user: User, **_: Any) -> None:
    steps = (one.get("type", one["method"]) for one in get_authentication_records(request, user))
    ways = dict.fromkeys(METHODS.get(step, step) for step in steps)
    record("signed in", about=user, actor=user, detail=", ".join(ways))


def record_sign_out(request: Any, user: User | None, **_: Any) -> None:
    if user is None:
        return
    reason = getattr(request, ENDED_BECAUSE, "")
    record("session ended" if reason else "signed out", about=user, actor=user, detail=reason)


def record_failure(credentials: dict[str, Any], request: Any = None, **_: Any) -> None:
    """Records failures of operators. Other names may be passwords, and anybody can type many of them."""
    operator = _find(credentials.get("username"))
    if operator is not None and not getattr(request, "axes_locked_out", False):
        record("failed to sign in", about=operator)


def record_lock_out(request: Any, username: str | None = None, **_: Any) -> None:
    """The attempt that locks the operator out; those that follow change nothing."""
    operator = _find(username)
    if operator is not None and request.axes_failures_since_start == settings.AXES_FAILURE_LIMIT:
        record("locked out", about=operator)


def record_password_reset(user: User, **_: Any) -> None:
    record("password reset", about=user, detail="with a link by mail")


def factor_was_added(request: Any, user: User, authenticator: Authenticator, **_: Any) -> None:
    """A new second factor ends the other sessions, which have been without it."""
    record("second factor added", about=user, detail=str(authenticator))
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        end_sessions(user, except_key=request.session.session_key)


def record_removed_factor(user: User, authenticator: Authenticator, **_: Any) -> None:
    record("second factor removed", about=user, detail=str(authenticator))


def record_new_codes(user: User, authenticator: Authenticator, **_: Any) -> None:
    record("second factor reset", about=user, detail=str(authenticator))


def record_connection(sociallogin: Any, **_: Any) -> None:
    record("account connected", about=sociallogin.user, detail=f"single sign-on: {sociallogin.account.uid}")


def record_disconnection(socialaccount: Any, **_: Any) -> None:
    record("account disconnected", about=socialaccount.user, detail=f"single sign-on: {socialaccount.uid}")


def _find(username: str | None) -> User | None:
    return User.objects.filter(username=username).first() if username and "\x00" not in username else None
