"""Sign-in with OpenID Connect: authorization code with PKCE, a nonce, and a token whose signature is always checked.

A provider's account belongs to one operator, found by its `sub` and never by an e-mail address. Unknown accounts become
new operators if their claim has a role; an operator who exists already connects the account while signed in.
"""

import logging
import secrets
import time
from http import HTTPStatus
from typing import Any

import jwt
from allauth.account.internal.flows.login import record_authentication
from allauth.account.internal.flows.reauthentication import resume_request
from allauth.account.utils import get_next_redirect_url
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.base.constants import AuthError, AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from requests import RequestException

from catalog.db import revision
from catalog.db.history import actor_scope
from tokens.operators.protection import is_last_superuser
from tokens.operators.reauthentication import PROVEN_AT
from tokens.operators.sign_in.claims import (
    SEVERAL_FACTORS_FOR,
    SUPERUSER,
    Grant,
    read_grant,
    read_username,
    used_several_factors,
)
from tokens.operators.sign_in.sessions import end_sessions

logger = logging.getLogger(__name__)

# Only signatures with the provider's public keys: a token signed with the client's secret proves less.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
CLOCK_SKEW = 60  # seconds
REQUIRED = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
# In the session: that the operator has pressed "Connect" there.
MAY_CONNECT = "operator_may_connect"  # the moment at which the operator asked for it
CONNECT_SECONDS = 600


# Who changes roles, for the audit trail.
BY_CLAIM = "single sign-on, by the claim"


class RefusedError(Exception):
    """The sign-in is refused for a reason that the person may know."""


class ProviderAdapter(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """Checks what django-allauth leaves to TLS: issuer, signature, nonce, authorized party."""

    state: dict[str, Any]

    @property
    def openid_config(self) -> dict[str, Any]:
        document: dict[str, Any] = super().openid_config
        if not isinstance(document, dict) or not all(isinstance(document.get(name), str) for name in REQUIRED):
            raise OAuth2Error("The provider's configuration is incomplete.")
        if document["issuer"].rstrip("/") != settings.OIDC_ISSUER.rstrip("/"):
            raise OAuth2Error("The provider's configuration is that of another issuer.")
        return document

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> Any:
        claims = self._read_token(app, kwargs["response"].get("id_token") or "")
        signed = dict(claims)
        if self.openid_config.get("userinfo_endpoint"):
            more = self._fetch_user_info(token.token)
            if not isinstance(more, dict) or more.get("sub") != claims["sub"]:
                raise OAuth2Error("The provider describes another person.")
            claims = more | claims
        login = self.get_provider().sociallogin_from_response(request, {"id_token": claims})
        # Nothing else of the person is stored.
        login.account.extra_data = {"id_token": {"sub": claims["sub"], "preferred_username": read_username(claims)}}
        login.claims, login.signed_claims = claims, signed
        return login

    def _read_token(self, app: Any, token: str) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key=self._find_key(token),
                algorithms=ALGORITHMS,
                audience=app.client_id,
                issuer=self.openid_config["issuer"],
                leeway=CLOCK_SKEW,
                options={"require": ["exp", "iat", "aud", "iss", "sub"]},
            )
        except (jwt.PyJWTError, TypeError, ValueError) as error:
            raise OAuth2Error(f"The token is not valid: {type(error).__name__}.") from error
        if not secrets.compare_digest(str(claims.get("nonce")), str(self.state.get("nonce"))):
            raise OAuth2Error("The token belongs to another sign-in.")
        if claims.get("azp", app.client_id) != app.client_id:
            raise OAuth2Error("The token was issued to another program.")
        return claims

    def _find_key(self, token: str) -> Any:
        wanted = jwt.get_unverified_header(token).get("kid")
        with get_adapter().get_requests_session() as session:
            response = session.get(self.openid_config["jwks_uri"])
            response.raise_for_status()
            keys = jwt.PyJWKSet.from_dict(response.json()).keys
        matching = [key for key in keys if wanted in (None, key.key_id)]
        if not matching:
            raise OAuth2Error("The token is signed with an unknown key.")
        return matching[0]


class CallbackView(OAuth2CallbackView):  # type: ignore[misc]
    """Keeps the state of the sign-in for the checks of the token."""

    def _get_state(self, request: HttpRequest, provider: Any) -> Any:
        state, response = super()._get_state(request, provider)
        self.adapter.state = state or {}
        return state, response


def sign_in(request: HttpRequest, **_: str) -> HttpResponse:
    """Leads to the provider, and back to `next`."""
    process = AuthProcess.CONNECT if _may_connect(request) else AuthProcess.LOGIN
    return lead_to_provider(request, process=process, next_url=get_next_redirect_url(request))


def _may_connect(request: HttpRequest) -> bool:
    return time.time() - float(request.session.get(MAY_CONNECT, 0)) < CONNECT_SECONDS


def lead_to_provider(
    request: HttpRequest, *, process: str, next_url: str | None = None, confirm: bool = False
) -> HttpResponse:
    """Starts the flow; `confirm`: the provider asks for the password again."""
    nonce = secrets.token_urlsafe(24)
    # With a limit, providers must state when the operator signed in there.
    limit = {"prompt": "login", "max_age": "0"} if confirm else {"max_age": str(settings.ADMIN_SESSION_HOURS * 3600)}
    parameters = {"nonce": nonce, **limit}
    try:
        provider = get_adapter(request).get_provider(request, "oidc")
        provider.oauth2_adapter_class = ProviderAdapter
        response: HttpResponse = provider.redirect(
            request, process=process, next_url=next_url, auth_params=parameters, nonce=nonce, confirm=confirm
        )
    except SocialApp.DoesNotExist:
        raise Http404 from None
    except (OAuth2Error, RequestException) as error:
        return refuse(request, error)
    return response


def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Where the provider sends the browser back to."""
    try:
        response: HttpResponse = CallbackView.adapter_view(ProviderAdapter(request, provider_id))(request)
    except SocialApp.DoesNotExist:
        raise Http404 from None
    return response


def refuse(request: HttpRequest, reason: object) -> HttpResponse:
    """The one page for everything that goes wrong; the log says what it was."""
    shown = {AuthError.CANCELLED: "The sign-in was cancelled."}.get(reason)
    if isinstance(reason, RefusedError):
        shown = str(reason)
    elif isinstance(reason, RequestException):
        shown = f"{settings.OIDC_NAME} does not answer. Try again later."
    # Responses of the provider may contain tokens, so only messages of this module are logged.
    detail = str(reason) if isinstance(reason, (OAuth2Error, RefusedError)) and reason.args else type(reason).__name__
    if detail.startswith("Error retrieving access token"):
        detail = "The provider gave no token for the code."
    logger.warning("Sign-in with OpenID Connect was refused: %s", detail)
    page = {"title": "You are not signed in", "reason": shown or "The provider's answer is not valid. Try again."}
    response = TemplateResponse(request, "tokens/operators/refused.html", page, status=HTTPStatus.UNAUTHORIZED)
    return response.render()


def admit(request: HttpRequest, login: Any) -> HttpResponse | None:
    """Decides about an identity that the provider has proven; a response ends the sign-in here."""
    try:
        if login.state.get("process") == AuthProcess.CONNECT:
            _check_connection(request)
            return None
        if login.state.get("confirm"):
            return _confirm(request, login)
        grant = read_grant(login.claims, settings.OIDC_ROLES_CLAIM, settings.OIDC_ROLES)
        if grant is None:
            with transaction.atomic(), actor_scope(BY_CLAIM):
                _withdraw(login)
            raise RefusedError("Your account has no role here. Ask an administrator for one.")  # noqa: TRY301
        with transaction.atomic(), actor_scope(BY_CLAIM):
            if not login.is_existing:
                _create_operator(request, login)
            apply_grant(login.user, grant)
    except RefusedError as error:
        return refuse(request, error)
    signed_in_at = login.signed_claims.get("auth_time")
    # Also in the request: the session of another operator is emptied before this one is signed in.
    request.session[PROVEN_AT] = request.META[PROVEN_AT] = signed_in_at if isinstance(signed_in_at, int) else 0
    if used_several_factors(login.signed_claims):
        request.session[SEVERAL_FACTORS_FOR] = login.user.pk
    return None


def apply_grant(operator: User, grant: Grant) -> None:
    """Gives the operator the roles of the claim, and takes away those that the claim manages and does not state."""
    existing = set(Group.objects.filter(name__in=grant.roles).values_list("name", flat=True))
    for missing in sorted(grant.roles - existing):
        logger.warning("OIDC_ROLES names a role that does not exist: %s", missing)
    if not existing and not grant.is_superuser:
        raise RefusedError("Your role does not exist here. Ask an administrator.")
    if grant.manages_superusers:
        _set_superuser(operator, grant.is_superuser)
    operator.groups.remove(*Group.objects.filter(name__in=grant.managed - existing))
    operator.groups.add(*Group.objects.filter(name__in=existing))


def _set_superuser(operator: User, is_superuser: bool) -> None:
    """Makes the operator a superuser, or an ordinary operator; the last superuser stays one."""
    if operator.is_superuser == is_superuser:
        return
    if not is_superuser:
        # Until the sign-in ends: of two superusers, one stays. First of all locks.
        revision.hold()
        if is_last_superuser(operator):
            return
    operator.is_superuser = is_superuser
    operator.save(update_fields=["is_superuser"])


def _create_operator(request: HttpRequest, login: Any) -> None:
    name = read_username(login.claims)
    operator = login.user
    operator.username, operator.is_staff = name, True
    try:
        operator.full_clean(exclude=["password", "email"])
    except ValidationError:
        raise RefusedError(
            f"An operator named {name} exists already, or the name is not valid. "
            "If it is you, sign in as before, and connect this account on the page Sign-in security."
        ) from None
    login.save(request, connect=True)


def _withdraw(login: Any) -> None:
    """Takes the roles of the claim away from an operator whose claim has none any more, and ends the sessions."""
    if not login.is_existing:
        return
    managed = frozenset(settings.OIDC_ROLES.values())
    if SUPERUSER in managed and login.user.is_superuser:
        revision.hold()
    if SUPERUSER in managed:
        _set_superuser(login.user, False)
    login.user.groups.remove(*Group.objects.filter(name__in=managed))
    end_sessions(login.user)


def _check_connection(request: HttpRequest) -> None:
    may_connect = _may_connect(request)
    request.session.pop(MAY_CONNECT, None)
    if not may_connect:
        raise RefusedError("Connect the account on the page Sign-in security.")


def _confirm(request: HttpRequest, login: Any) -> HttpResponse:
    """The operator has signed in at the provider again: continue with what waits for it."""
    signed_in_at = login.signed_claims.get("auth_time")
    is_recent = isinstance(signed_in_at, int) and time.time() - signed_in_at < 5 * CLOCK_SKEW
    if not is_recent or not request.user.is_authenticated or login.user != request.user:
        raise RefusedError("This sign-in does not confirm that it is you: sign in with the same account again.")
    record_authentication(request, request.user, "socialaccount", reauthenticated=True)
    response: HttpResponse | None = resume_request(request)
    return response or HttpResponseRedirect(login.get_redirect_url(request) or reverse("admin:index"))
