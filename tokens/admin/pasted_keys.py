"""Keys that somebody pastes into a search box of the admin: they must not stay in addresses.

A script sends them to the page that explains keys before the browser asks for such an address
(catalog/static/catalog/pasted_keys.js). This is for browsers without it, and for addresses that people type.
"""

from collections.abc import Callable
from urllib.parse import unquote_plus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse, reverse_lazy

from tokens.keys import looks_like_key

# The codes of an OpenID Connect provider may look like keys.
CALLBACK = reverse_lazy("openid_connect_callback", kwargs={"provider_id": "oidc"})
MESSAGE = (
    "That looks like a key. It was not searched for: addresses are stored in the browser's history. "
    "Enter keys here. If others can see this browser, replace the key."
)


class PastedKeyMiddleware:
    """Answers requests of the admin with a key in their address by the page that takes keys. Behind messages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        query = request.META.get("QUERY_STRING", "")
        is_of_admin = request.path.startswith(reverse("admin:index")) and request.path != str(CALLBACK)
        if not (is_of_admin and query and looks_like_key(unquote_plus(query))):
            return self.get_response(request)
        user = request.user
        may_explain = user.is_authenticated and user.has_perm("tokens.view_token")
        messages.warning(request, MESSAGE)
        address = reverse("explain" if may_explain else "admin:index")
        # The search box would put the page behind a redirect into its list of results.
        is_of_box = "HX-Request" in request.headers
        page = HttpResponse(headers={"HX-Redirect": address}) if is_of_box else HttpResponseRedirect(address)
        page["Cache-Control"] = "no-store, private"
        return page
