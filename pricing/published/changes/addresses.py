"""The addresses of the feeds of changes: of all models, of one vendor's, and of one model."""

from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from pricing.engine.formatting.languages import short


def feed_address(*, vendor: str = "", model: str = "", language: str = "", **others: str) -> str:
    """The path of a feed with its query. `vendor` is a slug, `model` an id, and `language` a code such as zh.

    The order of the parameters is always the same, so that a feed has one address.
    """
    query = {"vendor": vendor, "model": model, **others, "lang": language}
    given = {name: value for name, value in query.items() if value}
    return reverse("changes_feed") + (f"?{urlencode(given)}" if given else "")


def feed_of(language: str, *, vendor: str = "", model: str = "") -> str:
    """The path of a feed in a language of the pages, which only another one than the site's names."""
    code = "" if language == settings.DEFAULT_LANGUAGE else short(language)
    return feed_address(vendor=vendor, model=model, language=code)
