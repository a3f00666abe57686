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

    def _has_key(self, request: HttpRequest) -> bool:
        """Whether the address has one, or the form of filters, which become an address."""
        # Links by mail are below the pages of the operator's account.
        path = "" if request.path.startswith(reverse("operator_account")) else request.path
        texts = [path, request.META.get("QUERY_STRING", "")]
        if request.method == "POST" and request.path.endswith("/filters/"):
            texts += [request.POST.get("query", ""), request.POST.get("name", "")]
        return any(looks_like_key(unquote_plus(text)) for text in texts)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_of_admin = request.path.startswith(reverse("admin:index")) and request.path != str(CALLBACK)
        if not is_of_admin:
            return self.get_response(request)
        if not self._has_key(request):
            response = self.get_response(request)
            address = response.get("Location", "")
            if not (address.startswith("/") and looks_like_key(unquote_plus(address.partition("?")[2]))):
                return response
        user = request.user
        may_explain = user.is_authenticated and user.has_perm("tokens.view_token")
        messages.warning(request, MESSAGE)
        address = reverse("explain" if may_explain else "admin:index")
        # The search box would put the page behind a redirect into its list of results.
        is_of_box = "HX-Request" in request.headers
        page = HttpResponse(headers={"HX-Redirect": address}) if is_of_box else HttpResponseRedirect(address)
        page["Cache-Control"] = "no-store, private"
        return page
