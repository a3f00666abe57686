"""Changes of prices and models as an Atom feed (RFC 4287), for people and programs that subscribe to it."""

import contextlib
import datetime as dt
import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import format_html, format_html_join

from pricing.api.changes import entries
from pricing.published.changes.listing import Change
from tokens.timestamps import format_timestamp

# The date of a feed without entries: a feed must have one, and the clock would make new bytes each time.
NEVER = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
# The characters that RFC 4151 permits in the rest of a tag: URI, beside those that are never quoted.
IN_A_TAG = "/?:@!$&'()*+,;="
# XML 1.0 has no other control characters.
NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Head:
    """What the feed says about itself. `name` is its own part of its id, which no other feed of the site has."""

    title: str
    subtitle: str
    name: str
    author: str
    language: str
    # The domain or host that ids begin with.
    authority: str
    # Absolute addresses: the start page, the page with the same models, and the feed.
    home: str
    page: str
    own: str
    # What the addresses of pages repeat, such as ?lang=zh.
    query: str = ""

    def model_page(self, name: str) -> str:
        return self.home.rstrip("/") + reverse("model-page", args=[name]) + self.query


class ChangesFeed(Atom1Feed):
    """Django's feed with what it leaves out: types, the next part, labels of categories, and a valid date if empty."""

    def latest_post_date(self) -> dt.datetime:
        return super().latest_post_date() if self.items else NEVER

    def add_root_elements(self, handler: Any) -> None:
        super().add_root_elements(handler)
        if self.feed["next"]:
            handler.addQuickElement("link", "", {"rel": "next", "href": self.feed["next"]})

    def add_item_elements(self, handler: Any, item: Any) -> None:
        # Django declares a description to be HTML, and this one is text.
        super().add_item_elements(handler, item | {"description": None})
        handler.addQuickElement("category", "", {"term": item["kind"]})
        handler.addQuickElement("summary", item["description"], {"type": "text"})
        handler.addQuickElement("content", item["content"], {"type": "html"})


def atom(changes: Iterable[Change], head: Head, *, at: dt.datetime, following: str = "") -> bytes:
    """The feed of these changes, in the active language; each has the date on which readers could know of it.

    `following` is the address of the next part.
    """
    feed = ChangesFeed(
        title=_text(head.title),
        link=head.page,
        description="",
        subtitle=_text(head.subtitle),
        language=head.language,
        author_name=_text(head.author),
        author_link=head.home,
        feed_url=head.own,
        feed_guid=tag(head.authority, head.name),
        next=following,
    )
    for change in changes:
        parts, currency = entries.sentences(change), entries.currency(change)
        feed.add_item(
            title=_text(entries.headline(change, at=at)),
            link=head.model_page(change.model),
            description=_text(entries.joined([*parts, currency])),
            unique_id=tag(head.authority, _id(change)),
            updateddate=change.reported_at,
            kind=change.kind,
            content=_text(_html([*parts, *filter(None, [currency])])),
        )
    return bytes(feed.writeString("utf-8"), "utf-8")


def tag(authority: str, name: str) -> str:
    """A tag: URI (RFC 4151), which never changes. The year is that of the first feed, and `name` is quoted."""
    return f"tag:{domain_of(authority)},2026:{name}"


def domain_of(authority: str) -> str:
    """The domain name in a host, as tag: URIs permit it: without a port, and without the colons of IPv6."""
    host = (urlsplit(f"//{authority}").hostname or "").rstrip(".")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return host if address.version == 4 else address.exploded.replace(":", "-")
    with contextlib.suppress(UnicodeError):
        host = host.encode("idna").decode()
    labels = (re.sub("[^a-z0-9-]", "-", label).strip("-") for label in host.lower().split("."))
    return ".".join(filter(None, labels)) or "localhost"


def _html(parts: list[str]) -> str:
    return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", ((part,) for part in parts)))


def _text(text: str) -> str:
    """The text without characters that no XML document can have; imported names may have them."""
    return NOT_IN_XML.sub(" ", text)


def _id(change: Change) -> str:
    """The id of an entry, without the authority. It is the same in all feeds."""
    model = quote(change.model, safe=IN_A_TAG)
    match change.kind:
        case "new":
            return f"new/{model}"
        case "retiring":
            return f"retiring/{model}/{change.at:%Y-%m-%d}"
        case "successor":
            # Without a slash, which ends the id of the model.
            return f"successor/{model}/{quote(change.successor, safe='')}"
        case _:
            return f"price/{model}/{format_timestamp(change.at)}"
