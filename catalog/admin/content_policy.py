"""What the browser may load and send on the admin's pages, so that a name that got past escaping can do little."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

# Alpine, which the skin runs on, makes functions of attributes and sets styles: hence 'unsafe-eval' and
# 'unsafe-inline' of styles. A script in the page itself never runs, and nothing leaves this host.
RULES = {
    "default-src": "'self'",
    "script-src": "'self' 'unsafe-eval'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data:",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
POLICY = "; ".join(f"{what} {where}" for what, where in RULES.items())


class AdminPolicyMiddleware:
    """Sends the policy with every answer below the admin's address, its login and errors included."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path.startswith(reverse("admin:index")):
            response.setdefault("Content-Security-Policy", POLICY)
        return response
