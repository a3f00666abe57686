"""/.well-known/security.txt (RFC 9116): where people report a security problem, if SECURITY_CONTACT is set."""

import datetime as dt
from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

PATH = ".well-known/security.txt"
# The RFC recommends less than a year. The contact is as current as the setting, so the date moves on with each day.
DAYS_VALID = 180


@require_safe
def security_txt(_request: HttpRequest) -> HttpResponse:
    """The contact as plain text; 404 if the operator has set none."""
    if not settings.SECURITY_CONTACT:
        raise Http404
    expires = timezone.now().date() + dt.timedelta(days=DAYS_VALID)
    lines = [f"Contact: {settings.SECURITY_CONTACT}", f"Expires: {expires}T00:00:00Z", "Preferred-Languages: en"]
    if address := _canonical_address():
        lines.append(f"Canonical: {address}")
    return HttpResponse(
        "\n".join(lines) + "\n",
        content_type="text/plain; charset=utf-8",
        headers={"Cache-Control": "public, max-age=3600"},
    )


def _canonical_address() -> str:
    """The file's own address on the host of PUBLIC_BASE_URL; empty without one, or if it is not an https address."""
    parts = urlsplit(settings.PUBLIC_BASE_URL)
    return f"https://{parts.netloc}/{PATH}" if parts.scheme == "https" else ""
