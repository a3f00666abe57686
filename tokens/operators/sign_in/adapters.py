"""What django-allauth asks us: who may sign in, from which address, and how stored secrets are encrypted."""

import logging
import threading
from smtplib import SMTPException
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.stagekit import clear_login
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from tokens.auth.credentials import client_address
from tokens.operators.encryption import CIPHER
from tokens.operators.reauthentication import needs_confirmation
from tokens.operators.sign_in import provider

logger = logging.getLogger(__name__)
BACKEND = "django.contrib.auth.backends.ModelBackend"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Operators: nobody signs up, and only staff signs in."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": "The user name or the password is wrong. Upper and lower case are different.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_ajax(self, request: HttpRequest) -> bool:
        """Only the script for passkeys gets JSON; other programs get what browsers get."""
        match = request.resolver_match
        return bool(match and match.url_name == "mfa_login_webauthn" and super().is_ajax(request))

    def is_safe_url(self, url: str | None) -> bool:
        """Whether a redirect may lead there: to this host. Others would let a link to the sign-in lead anywhere."""
        request = context.request
        return url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request)

    def login(self, request: HttpRequest, user: Any) -> None:
        login(request, user, backend=BACKEND)

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse | None:
        if not (user.is_active and user.is_staff):
            clear_login(request)
            response: HttpResponse = self.respond_user_inactive(request, user)
            return response
        return None

    def is_reauthentication_required(self, *, app: str, **_: Any) -> bool:
        return needs_confirmation(context.request)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        if settings.OIDC_ISSUER and SocialAccount.objects.filter(user_id=user.pk).exists():
            url = reverse("operator_confirm_with_provider")
            methods.append({"id": "provider", "description": f"Sign in again with {settings.OIDC_NAME}", "url": url})
        return methods

    def render_mail(self, *args: Any, **kwargs: Any) -> "MailBesideTheRequest":
        return MailBesideTheRequest(super().render_mail(*args, **kwargs))


class MailBesideTheRequest:
    """A mail that a thread sends: the time of the response must not reveal whether an operator has this address."""

    def __init__(self, message: Any) -> None:
        self.message = message

    def send(self) -> threading.Thread:
        thread = threading.Thread(target=self._send, name="mail")
        thread.start()
        return thread

    def _send(self) -> None:
        try:
            self.message.send()
        except (OSError, SMTPException) as error:
            logger.error("The mail server did not take a mail: %s", type(error).__name__)  # noqa: TRY400


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Second factors: their secrets are stored encrypted."""

    def encrypt(self, text: str) -> str:
        return CIPHER.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return CIPHER.decrypt(encrypted_text)

    def get_totp_label(self, user: Any) -> str:
        return str(user.get_username())

    def generate_authenticator_name(self, user: Any, type: Any) -> str:  # noqa: A002
        number = user.authenticator_set.filter(type=type).count() + 1
        return f"Passkey {number}"


class SocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """The OpenID Connect provider: its claim decides who may sign in, and with which roles."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        response = provider.admit(request, sociallogin)
        if response is not None:
            raise ImmediateHttpResponse(response)

    def on_authentication_error(
        self, request: HttpRequest, provider_: Any, error: Any = None, exception: Any = None, extra_context: Any = None
    ) -> None:
        raise ImmediateHttpResponse(provider.refuse(request, exception or error))
