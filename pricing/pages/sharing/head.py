"""The head of a page: its title, its address in each language, and what search engines and previews of links show."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.utils.safestring import SafeString, mark_safe

from catalog.exact import write_json
from pricing.engine.formatting.languages import CODES, short

Parameters = tuple[tuple[str, str], ...]

# The language in addresses -> its locale in Open Graph.
LOCALES = {"en": "en_US", "zh": "zh_CN"}
# The size of previews, in pixels.
WIDTH, HEIGHT = 1200, 630
# Search engines show about so many characters.
LONGEST_DESCRIPTION = 155
# What a text that was cut does not end with, in English and Chinese.
PAUSES = " ,;:.\uff0c\uff1b\uff1a\u3002\u3001"
# What could end the element, begin another one, or be read as an attribute, in data inside of HTML.
ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "'": "\\u0027", "\u2028": "\\u2028", "\u2029": "\\u2029"}


@dataclass(frozen=True)
class Image:
    """The image of a preview; `url` is a whole address."""

    url: str
    alt: str
    width: int = WIDTH
    height: int = HEIGHT


@dataclass(frozen=True)
class Link:
    """A feed or a document that belongs to a page; `rel` is its relation."""

    rel: str
    type: str
    href: str
    title: str


@dataclass(frozen=True)
class Head:
    """What a page says about itself, in the language of the visitor.

    `site`, `path` and `parameters` are the canonical address without the language; a page without a `path` has none. A
    page that is not `is_indexed` is for no search engine. `data` are objects of schema.org.
    """

    title: str
    description: str = ""
    site: str = ""
    path: str = ""
    parameters: Parameters = ()
    language: str = ""
    is_indexed: bool = True
    kind: str = "website"
    image: Image | None = None
    links: tuple[Link, ...] = ()
    data: tuple[Mapping[str, Any], ...] = ()

    @property
    def canonical(self) -> str:
        """The address of this page, whatever the visitor has chosen beside the language; empty if it has none."""
        return address(self.site, self.path, *self.parameters, lang=short(self.language)) if self.path else ""

    @property
    def alternates(self) -> list[tuple[str, str]]:
        """(`hreflang`, address) of the page in each language."""
        return alternates(self.site, self.path, self.parameters) if self.path and self.is_indexed else []

    @property
    def locale(self) -> str:
        return LOCALES[short(self.language)]

    @property
    def other_locales(self) -> list[str]:
        return [locale for locale in LOCALES.values() if locale != self.locale]

    @property
    def scripts(self) -> list[SafeString]:
        """The data, each as the content of a script element."""
        return [script_of(thing) for thing in self.data]


def address(site: str, path: str, *parameters: tuple[str, str], lang: str = "") -> str:
    """A whole address; `path` is quoted already."""
    query = [*parameters, *([("lang", lang)] if lang else [])]
    return f"{site}{path}?{urlencode(query)}" if query else f"{site}{path}"


def alternates(site: str, path: str, parameters: Parameters = ()) -> list[tuple[str, str]]:
    """(`hreflang`, address) of a page in each language; `x-default` is in the language that the browser asks for."""
    addresses = [(code, address(site, path, *parameters, lang=language)) for language, code in CODES.items()]
    return [*addresses, ("x-default", address(site, path, *parameters))]


def cut(text: str, length: int = LONGEST_DESCRIPTION) -> str:
    """The beginning of a text in one line, which ends with a whole word where words have spaces."""
    text = " ".join(text.split())
    if len(text) <= length:
        return text
    start = text[: length - 1]
    whole = start.rpartition(" ")[0]
    # Chinese has no spaces; one far from the end would leave too little.
    return (whole if len(whole) > length * 2 // 3 else start).rstrip(PAUSES) + "…"


def script_of(data: Any) -> SafeString:
    """Data as the content of a script element, which no text in it can end."""
    text = write_json(data).decode()
    for character, escaped in ESCAPES.items():
        text = text.replace(character, escaped)
    return mark_safe(text)  # noqa: S308 (no "<" is left)
