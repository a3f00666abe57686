"""What follows from an event of the sign-in: sessions begin and end; audit_events.py records the rest."""

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added
from allauth.socialaccount.signals import social_account_added, social_account_removed
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import post_save

from catalog.db.audit import record
from tokens.operators.sign_in.sessions import begin_session, end_sessions


def connect() -> None:
    """Called once, when the apps are ready."""
    user_logged_in.connect(begin_session)
    post_save.connect(end_sessions_of_former_operators, sender=User)
    authenticator_added.connect(end_sessions_without_factor)
    social_account_added.connect(record_connection)
    social_account_removed.connect(record_disconnection)


def end_sessions_of_former_operators(instance: User, raw: bool = False, **_: Any) -> None:
    if not raw and not (instance.is_active and instance.is_staff):
        end_sessions(instance)


def end_sessions_without_factor(request: Any, user: Any, authenticator: Authenticator, **_: Any) -> None:
    """A new second factor ends the other sessions, which have been without it."""
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        end_sessions(user, except_key=request.session.session_key)


def record_connection(sociallogin: Any, **_: Any) -> None:
    record("account connected", about=sociallogin.user, detail=f"single sign-on: {sociallogin.account.uid}")


def record_disconnection(socialaccount: Any, **_: Any) -> None:
    record("account disconnected", about=socialaccount.user, detail=f"single sign-on: {socialaccount.uid}")
