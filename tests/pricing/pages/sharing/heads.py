"""The head of a page, as programs read it."""

import re
from html import unescape
from html.parser import HTMLParser

from django.test import Client

from tests.pricing.pages import shop


class Head(HTMLParser):
    """The title and the elements of a head: (name, attributes)."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html.partition("</head>")[0])
        self.titles = [unescape(title) for title in re.findall(r"<title>(.*?)</title>", html, re.DOTALL)]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def meta(self, name: str) -> str:
        """The content of the one element with this name; "" if there is none."""
        values = [part["content"] for _tag, part in self.elements if name in (part.get("name"), part.get("property"))]
        assert len(values) <= 1, name
        return str(values[0]) if values else ""

    def links(self, rel: str, **attributes: str) -> list[dict[str, str | None]]:
        links = [part for tag, part in self.elements if tag == "link" and part.get("rel") == rel]
        return [link for link in links if all(link.get(name) == value for name, value in attributes.items())]

    def hrefs(self, rel: str) -> list[str | None]:
        return [link["href"] for link in self.links(rel)]

    @property
    def languages(self) -> dict[str | None, str | None]:
        return {link["hreflang"]: link["href"] for link in self.links("alternate") if "hreflang" in link}


def head(client: Client, path: str, **headers: str) -> Head:
    return Head(client.get(path, headers=shop.BROWSER | headers).content.decode())
