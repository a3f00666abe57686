"""The sitemap: every page that search engines should find, in each language, with the day of its last change.

Its files are as short as search engines take them (https://www.sitemaps.org/protocol.html): 50,000 addresses and 50 MB.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from django.db.models import Max, Q
from django.urls import reverse

from catalog.models import AIModel
from pricing.engine.formatting.languages import CODES
from pricing.models import PriceSheet
from pricing.pages.sharing.head import address, alternates
from pricing.published.boundaries import PUBLIC_ROLES
from pricing.published.rows import Reading, rendered_rows
from tokens.timestamps import format_timestamp

MOST_ADDRESSES = 50_000
MOST_BYTES = 45 * 1024 * 1024
# No path contains it.
HERE = "\x00"
HEAD = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
    b'xmlns:xhtml="http://www.w3.org/1999/xhtml">\n'
)
TAIL = b"</urlset>\n"
INDEX_HEAD = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
)
INDEX_TAIL = b"</sitemapindex>\n"


@dataclass(frozen=True, slots=True)
class Entry:
    """A page in all languages, with HERE in place of the site."""

    xml: bytes
    vendor: str
    changed_at: dt.datetime


def pages_of(reading: Reading) -> Iterator[bytes]:
    """The entries of the list, of each vendor and of each model, each for all languages."""
    entries = rendered_rows("sitemap", reading, reading.price_listing, lambda models: _entries(models, at=reading.at))
    by_vendor: dict[str, dt.datetime] = {}
    for entry in entries.values():
        by_vendor[entry.vendor] = max(entry.changed_at, by_vendor.get(entry.vendor, entry.changed_at))
    site = reading.site.encode()
    yield _page("/", (), max(by_vendor.values(), default=None)).replace(HERE.encode(), site)
    for vendor, changed_at in sorted(by_vendor.items()):
        yield _page("/", (("vendor", vendor),), changed_at).replace(HERE.encode(), site)
    for path in (reverse("docs"),):
        yield _page(path, (), None).replace(HERE.encode(), site)
    for entry in entries.values():
        yield entry.xml.replace(HERE.encode(), site)


def files_of(pages: Iterable[bytes], *, most_addresses: int = MOST_ADDRESSES) -> list[list[bytes]]:
    """The pages divided into files; there is always one."""
    files: list[list[bytes]] = [[]]
    size = 0
    for page in pages:
        is_full = (len(files[-1]) + 1) * len(CODES) > most_addresses or size + len(page) > MOST_BYTES
        if is_full and files[-1]:
            files.append([])
            size = 0
        files[-1].append(page)
        size += len(page)
    return files


def index_of(addresses: Iterable[str]) -> Iterator[bytes]:
    """The entries of an index of files."""
    for url in addresses:
        yield f"<sitemap><loc>{escape(url)}</loc></sitemap>\n".encode()


def _entries(models: Sequence[AIModel], *, at: dt.datetime) -> dict[int, Entry]:
    changes = last_changes(models, at=at)
    return {
        model.pk: Entry(
            _page(reverse("model-page", args=[model.name]), (), changes[model.pk]), model.vendor.slug, changes[model.pk]
        )
        for model in models
    }


def last_changes(models: Sequence[AIModel], *, at: dt.datetime) -> Mapping[int, dt.datetime]:
    """Model key -> when its details or its price were changed last: by a person, by an import, or by time."""
    keys = [model.pk for model in models]
    edits = AIModel.history.filter(id__in=keys).order_by().values_list("id").annotate(Max("history_date"))
    sheets = PriceSheet.objects.filter(model__in=keys, role__in=PUBLIC_ROLES, created_at__lte=at).order_by()
    dates = sheets.values_list("model").annotate(
        recorded=Max("created_at"),
        started=Max("starts_at", filter=Q(starts_at__lte=at)),
        ended=Max("ends_at", filter=Q(ends_at__lte=at)),
    )
    changes = {model.pk: [model.created_at] for model in models}
    for key, *moments in (*edits, *dates):
        changes[key] += filter(None, moments)
    return {key: max(moments) for key, moments in changes.items()}


def _page(path: str, parameters: tuple[tuple[str, str], ...], changed_at: dt.datetime | None) -> bytes:
    """The element of a page in each language; each names all languages, as search engines require."""
    last = f"<lastmod>{format_timestamp(changed_at, timespec='seconds')}</lastmod>" if changed_at else ""
    others = "".join(
        f'<xhtml:link rel="alternate" hreflang="{code}" href="{escape(url)}"/>'
        for code, url in alternates(HERE, path, parameters)
    )
    return "".join(
        f"<url><loc>{escape(address(HERE, path, *parameters, lang=language))}</loc>{last}{others}</url>\n"
        for language in CODES
    ).encode()
