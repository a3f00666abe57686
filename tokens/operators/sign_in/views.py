"""Pages of sign-in that django-allauth does not have, or that exist only with some settings."""

import time
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from allauth.account import views as account
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from allauth.account.utils import get_next_redirect_url
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.usersessions.models import UserSession
from allauth.usersessions.views import list_usersessions
from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from tokens.operators.reauthentication import reauthentication_required
from tokens.operators.sign_in.codes import find_operator
from tokens.operators.sign_in.provider import MAY_CONNECT, lead_to_provider
from tokens.operators.sign_in.sessions import end_sessions

View = Callable[..., HttpResponse]


def with_mail(view: View) -> View:
    """The view, only where operators have passwords and a mail server is configured."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not (settings.MAIL_SERVER and settings.PASSWORD_SIGN_IN):
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


reset_password = with_mail(account.password_reset)
reset_password_sent = with_mail(account.password_reset_done)
set_password = with_mail(never_cache(account.password_reset_from_key))
password_is_set = with_mail(account.password_reset_from_key_done)


@reauthentication_required
def change_password(request: HttpRequest) -> HttpResponse:
    """Another password, with the present one; wrong ones are counted where the operator confirms."""
    return admin.site.password_change(request)


@login_required
def list_sessions(request: HttpRequest) -> HttpResponse:
    """The operator's sessions. POST ends the other ones, also those that are not in the list."""
    UserSession.objects.create_from_request(request)
    if request.method == "POST":
        end_sessions(request.user, except_key=request.session.session_key)
    response: HttpResponse = list_usersessions(request)
    return response


class CodeForm(forms.Form):
    code = forms.CharField(
        label="Code",
        max_length=500,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autofocus": True}),
    )

    def clean_code(self) -> str:
        self.operator = find_operator(self.cleaned_data["code"].strip())
        if self.operator is None:
            raise forms.ValidationError("This code is not valid, was used already, or is older than ten minutes.")
        return "[code]"


@never_cache
@sensitive_post_parameters("code")
def sign_in_with_code(request: HttpRequest) -> HttpResponse:
    """For emergencies: a code from `manage.py issue_sign_in_code` replaces the password, not the second factor."""
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        record_authentication(request, form.operator, "command_line")
        response: HttpResponse = perform_login(request, Login(user=form.operator))
        return response
    status = HTTPStatus.OK if request.method == "GET" else HTTPStatus.FORBIDDEN
    context = {"title": "Sign in with a code", "form": form}
    return TemplateResponse(request, "tokens/operators/sign_in_with_code.html", context, status=status)


@login_required
def confirm_with_provider(request: HttpRequest) -> HttpResponse:
    """Confirms that it is the operator, who signs in at the provider again."""
    return lead_to_provider(request, process=AuthProcess.LOGIN, next_url=get_next_redirect_url(request), confirm=True)


@login_required
@require_POST
@reauthentication_required
def connect_provider(request: HttpRequest) -> HttpResponse:
    """Leads to the provider to connect its account. A page of its own: forms may not lead to other hosts."""
    if not settings.OIDC_ISSUER:
        raise Http404
    request.session[MAY_CONNECT] = time.time()
    context = {
        "title": f"Connect {settings.OIDC_NAME}",
        "address": reverse("openid_connect_login", kwargs={"provider_id": "oidc"}),
    }
    return TemplateResponse(request, "tokens/operators/connect.html", context)
