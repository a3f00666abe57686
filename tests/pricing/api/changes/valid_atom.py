"""Checks that bytes are a valid Atom feed: the schema of RFC 4287, and the rules that it states in words."""

import functools
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import feedparser
from lxml import etree

SAMPLES = Path(__file__).parents[3] / "samples"
ATOM = "{http://www.w3.org/2005/Atom}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
# RFC 4151: a domain name, a date, and characters of URIs.
TAG = re.compile(
    r"tag:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*,\d{4}(?:-\d\d){0,2}:"
    r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-F]{2})*"
)


@functools.cache
def schema() -> Any:
    return etree.RelaxNG(etree.parse(SAMPLES / "atom.rng"))


def read_feed(content: bytes) -> Any:
    """The feed as a feed reader has it; fails if it is not valid."""
    root = etree.fromstring(content)
    assert schema().validate(root), schema().error_log
    entries = root.findall(f"{ATOM}entry")
    # 4.1.1: the feed has an author, or each entry has; a link to itself, and at most one alternate for each language.
    assert root.find(f"{ATOM}author") is not None
    for parent in (root, *entries):
        alternates = [link for link in parent.findall(f"{ATOM}link") if link.get("rel", "alternate") == "alternate"]
        keys = [(link.get("type"), link.get("hreflang")) for link in alternates]
        assert alternates
        assert len(keys) == len(set(keys))
        assert TAG.fullmatch(parent.findtext(f"{ATOM}id")), parent.findtext(f"{ATOM}id")
        assert all(urlsplit(link.get("href")).scheme in ("http", "https") for link in parent.findall(f"{ATOM}link"))
    assert [link.get("href") for link in root.findall(f"{ATOM}link") if link.get("rel") == "self"]
    assert root.get(LANG)
    ids = [entry.findtext(f"{ATOM}id") for entry in entries]
    assert len(ids) == len(set(ids))
    assert root.findtext(f"{ATOM}id") not in ids
    parsed = feedparser.parse(content)
    assert not parsed.bozo, parsed.get("bozo_exception")
    assert parsed.version == "atom10"
    assert len(parsed.entries) == len(entries)
    return parsed
