"""The icon of a vendor: a file of the operator's folder of icons, or a tile with the first letters of the name.

Icons are stored under the names that lobehub and new-api use, such as Claude.Color; the folder has their files as
lobehub's static package names them: claude-color.svg.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import get_language

from catalog.caches import process_cache
from catalog.models import AIModel
from pricing.pages.vendors.svg import MAX_BYTES, sanitized
from tokens.http.bodies import Body, respond
from tokens.http.content_policy import ICONS, with_policy

# Parts of a name: Claude.Color, XAI, OpenAI.Avatar.type={'platform'}.
PART = re.compile(r"[a-z0-9-]{1,64}")
# The classes .v0 to .v7 of pages.css.
COLOURS = 8
CACHED_ICONS = 2000
SIZE = 20


@dataclass(frozen=True, slots=True)
class Icon:
    """The name of a file, and its content with the hash that is in its address."""

    name: str
    body: Body

    @property
    def address(self) -> str:
        return reverse("vendor-icon", args=[self.body.etag.strip('"'), self.name])


def find_icon(name: str) -> Icon | None:
    """The icon of that name, in colour if the name says so and there is such a file; None if there is no file."""
    parts = [part for part in name.lower().split(".")[:2] if PART.fullmatch(part)]
    found = (_read("-".join(parts[:number]), settings.VENDOR_ICONS) for number in range(len(parts), 0, -1))
    return next(filter(None, found), None)


@process_cache(maxsize=CACHED_ICONS)
def _read(name: str, folder: str) -> Icon | None:
    """The file is read once by each process: an address is valid as long as its content is the same."""
    if not folder:
        return None
    try:
        with (Path(folder) / f"{name}.svg").open("rb") as file:
            # A longer file is not read.
            content = file.read(MAX_BYTES + 1)
    except OSError:
        return None
    clean = sanitized(content)
    return None if clean is None else Icon(name, Body.of(clean))


def send_icon(request: HttpRequest, name: str) -> HttpResponse:
    """The file of that name, in a policy under which it could run nothing even if it were opened as a page."""
    icon = _read(name, settings.VENDOR_ICONS) if PART.fullmatch(name) else None
    if icon is None:
        raise Http404
    response = respond(request, icon.body, cache_control="public, max-age=31536000, immutable")
    if response.status_code == 200:
        response["Content-Type"] = "image/svg+xml"
    return with_policy(response, ICONS)


def mark(slug: str, name: str, icon: str) -> str:
    """The icon of a vendor as HTML, or its tile; the name of the vendor is beside it, so it has no text of its own."""
    found = find_icon(icon) if icon else None
    if found is not None:
        image = '<img class="logo" src="{}" width="{}" height="{}" alt="" loading="lazy">'
        return format_html(image, found.address, SIZE, SIZE)
    tile = '<span class="logo v{}" aria-hidden="true">{}</span>'
    return format_html(tile, crc32(slug.encode()) % COLOURS, initials(name))


def mark_of(model: AIModel) -> str:
    """The icon of a model, which is its vendor's if it has none itself."""
    vendor = model.vendor
    return mark(vendor.slug, vendor.name_in(get_language()), model.icon or vendor.icon)


def initials(name: str) -> str:
    """BF for Black Forest Labs, O for OpenAI, 智 for 智谱 AI: letters of two words, or a Chinese character."""
    words = re.findall(r"\w+", name)
    if not words:
        return "?"
    first = words[0][0]
    return first.upper() if len(words) == 1 or not first.isascii() else f"{first}{words[1][0]}".upper()
