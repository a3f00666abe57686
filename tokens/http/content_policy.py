"""What browsers may load and send on our pages, so that a text that got past escaping can do little."""

from collections.abc import Callable, Mapping

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

HEADER = "Content-Security-Policy"


def build_policy(sources: Mapping[str, str]) -> str:
    """The value of the header: directive -> sources."""
    return "; ".join(f"{directive} {source}" for directive, source in sources.items())


# Alpine, which the admin's theme uses, turns attributes into functions and sets styles: it needs 'unsafe-eval' and
# 'unsafe-inline' styles. An inline script never runs, and nothing is sent to another host.
ADMIN = build_policy({
    "default-src": "'self'",
    "script-src": "'self' 'unsafe-eval'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data:",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
})  # fmt: skip
# The public pages: only this host's styles, scripts, forms and requests, and images in the page itself.
PAGES = build_policy({
    "default-src": "'none'",
    "style-src": "'self'",
    "script-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "img-src": "'self' data:",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
})  # fmt: skip
# A file of an icon: nothing, even if it is opened as a page.
ICONS = build_policy({"default-src": "'none'", "sandbox": "", "frame-ancestors": "'none'"}).replace(
    "sandbox ;", "sandbox;"
)


def with_policy(response: HttpResponse, policy: str) -> HttpResponse:
    """The response with this policy, unless it has one."""
    response.setdefault(HEADER, policy)
    return response


class AdminPolicyMiddleware:
    """Adds the policy to every response below the admin's address, including its login and errors."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        return with_policy(response, ADMIN) if request.path.startswith(reverse("admin:index")) else response
