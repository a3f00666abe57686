"""The forms of sign-in. Wrong passwords and wrong codes count together, in the database, for a name and an address."""

from typing import Any

from allauth.account import forms as account_forms
from allauth.core import context
from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.base import forms as mfa_forms
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as totp_forms
from allauth.mfa.totp.internal import auth as totp
from axes.handlers.proxy import AxesProxyHandler
from django import forms
from django.conf import settings
from django.contrib.auth.signals import user_login_failed
from django.db import transaction

from tokens.operators.encryption import CIPHER

# In the data of an authenticator app: the time step of the code that was used last.
LAST_STEP = "last_step"
# A secret in the session that starts with it is encrypted; a new one is not.
SEALED = "sealed:"


class LoginForm(account_forms.LoginForm):  # type: ignore[misc]
    """User name and password. The field is named `username`, which programs send."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The link is a button of the page, if there is a mail server.
        self.fields["password"].help_text = ""
        for name, autocomplete in (("login", "username"), ("password", "current-password")):
            self.fields[name].widget.attrs = {"autocomplete": autocomplete}
        self.fields["login"].label = "User name"
        self.fields["login"].widget.attrs["autofocus"] = True

    def add_prefix(self, field_name: str) -> str:
        return str(super().add_prefix("username" if field_name == "login" else field_name))

    def clean(self) -> Any:
        if not settings.PASSWORD_SIGN_IN:
            raise forms.ValidationError(f"Passwords are not accepted. Sign in with {settings.OIDC_NAME}.")
        cleaned = super().clean()
        if self.user and not self.user.is_staff:
            raise account_forms.get_adapter().validation_error("username_password_mismatch")
        return cleaned


class ReauthenticateForm(account_forms.ReauthenticateForm):  # type: ignore[misc]
    """The password again."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = ""
        self.fields["password"].widget.attrs = {"autocomplete": "current-password", "autofocus": True}


class ResetPasswordForm(account_forms.ResetPasswordForm):  # type: ignore[misc]
    """A link by mail, to operators who sign in with a password; the page is the same for all addresses."""

    users: list[Any]

    def clean_email(self) -> str:
        email: str = super().clean_email()
        self.users = [user for user in self.users if user.is_staff and user.has_usable_password()]
        return email


class CountedCode(forms.Form):
    """A code of an authenticator app, or a recovery code: wrong ones lock the operator out as wrong passwords do."""

    user: Any
    authenticator: Authenticator

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = "Code from your authenticator app, or a recovery code"
        self.fields["code"].widget.attrs = {"autocomplete": "one-time-code", "autofocus": True}

    def clean_code(self) -> str:
        request, credentials = context.request, {"username": self.user.get_username()}
        if not AxesProxyHandler.is_allowed(request, credentials):
            # django-axes replaces the response with its own.
            request.axes_locked_out, request.axes_credentials = True, credentials
            raise forms.ValidationError("Too many wrong codes. Try again later.")
        try:
            code: str = super().clean_code()  # type: ignore[misc]
            self._spend(code)
        except forms.ValidationError:
            user_login_failed.send(sender=__name__, credentials=credentials, request=request)
            raise
        return code

    def _spend(self, code: str) -> None:
        """Refuses an authenticator's code that was used before: by any process, and with any other one in between."""
        if self.authenticator.type != Authenticator.Type.TOTP:
            return
        with transaction.atomic():
            row = Authenticator.objects.select_for_update().get(pk=self.authenticator.pk)
            secret = CIPHER.decrypt(row.data["secret"])
            codes = {step: totp.format_hotp_value(totp.hotp_value(secret, step)) for step in _steps()}
            step = max(
                (step for step, valid in codes.items() if compare_user_code(actual=code, expected=valid)), default=0
            )
            if step <= row.data.get(LAST_STEP, 0):
                raise forms.ValidationError("This code was used already. Wait for the next one.")
            row.data[LAST_STEP] = step
            row.save(update_fields=["data"])


def _steps() -> list[int]:
    return list(totp.yield_hotp_counters_from_time())


class AuthenticateForm(CountedCode, mfa_forms.AuthenticateForm):  # type: ignore[misc]
    """The second step of a sign-in."""


class ReauthenticateCodeForm(CountedCode, mfa_forms.ReauthenticateForm):  # type: ignore[misc]
    """A code instead of the password, to confirm."""


class ActivateTOTPForm(totp_forms.ActivateTOTPForm):  # type: ignore[misc]
    """Adds an authenticator app. Until the first code is entered, its secret is in the session, encrypted."""

    secret: str

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs = {"autocomplete": "one-time-code", "inputmode": "numeric"}
        session = context.request.session
        if self.is_bound and self.secret.startswith(SEALED):
            self.secret = CIPHER.decrypt(self.secret.removeprefix(SEALED))
        else:
            session[totp.SECRET_SESSION_KEY] = SEALED + CIPHER.encrypt(self.secret)
