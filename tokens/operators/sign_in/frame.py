"""The admin's frame around the pages of django-allauth: navigation, colours, names."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

# Below the admin's address.
PATHS = ("login/", "logout/", "account/")


def is_sign_in_page(request: HttpRequest) -> bool:
    """Whether the request is for a page about signing in, or about the operator's own sign-in."""
    home = reverse("admin:index")
    return request.path.startswith(tuple(home + path for path in PATHS))


def admin_frame(request: HttpRequest) -> dict[str, Any]:
    """A context processor: what the admin's own views give to their pages."""
    if not is_sign_in_page(request) or not hasattr(request, "user"):
        return {}
    has_links = bool(settings.MAIL_SERVER and settings.PASSWORD_SIGN_IN)
    return admin.site.each_context(request) | {
        "title": "Sign-in security",
        "takes_passwords": settings.PASSWORD_SIGN_IN,
        "sends_password_links": has_links,
        "provider_name": settings.OIDC_ISSUER and settings.OIDC_NAME,
        "sign_in_tabs": [(reverse(name), title) for name, title in _tabs()],
    }


def _tabs() -> list[tuple[str, str]]:
    tabs = [("mfa_index", "Second factor"), ("usersessions_list", "Sessions")]
    if settings.OIDC_ISSUER:
        tabs.append(("socialaccount_connections", "Single sign-on"))
    if settings.PASSWORD_SIGN_IN:
        tabs.append(("admin:password_change", "Password"))
    return tabs


def user_menu(request: HttpRequest) -> list[dict[str, Any]]:
    """The links of the menu of the operator, for unfold."""
    links = [{"title": "Sign-in security", "link": reverse("mfa_index")}]
    if settings.PASSWORD_SIGN_IN and request.user.is_authenticated and request.user.has_usable_password():
        links.append({"title": "Change password", "link": reverse("admin:password_change")})
    return links
