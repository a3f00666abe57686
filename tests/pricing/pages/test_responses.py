"""Pages as responses: cached by revision, small, self-contained and without cookies."""

import gzip
import re
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from pricing.pages.listing.catalog import PAGE_ROWS
from tests import world
from tests.pricing.pages import shop

pytestmark = pytest.mark.django_db

PATHS = ["/", "/models/gpt-4o", "/compare?m=gpt-4o"]


@pytest.fixture(autouse=True)
def _a_model(db: None) -> None:
    world.price(world.model("gpt-4o"), input="2.5", output="10")


@pytest.mark.parametrize("path", PATHS)
def test_pages_load_nothing_from_other_sites_and_run_no_inline_script(client: Client, path: str) -> None:
    answer = client.get(path, headers=shop.BROWSER)
    html = answer.content.decode()

    policy = dict(part.split(" ", 1) for part in answer["Content-Security-Policy"].split("; "))
    assert policy.pop("default-src") == policy.pop("base-uri") == policy.pop("frame-ancestors") == "'none'"
    assert policy.pop("img-src") == "'self' data:"
    assert set(policy.values()) == {"'self'"}
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] in {"same-origin", "no-referrer"}
    # Data is not run, and the addresses of the page itself are not loaded.
    html = re.sub(
        r'<script type="application/ld\+json">[^<]*</script>|<link rel="(canonical|alternate)"[^>]*>', "", html
    )
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?! src=\"/assets/)|(src|href)=\"(https?:)?//", html)


@pytest.mark.parametrize("path", PATHS)
def test_pages_neither_set_nor_read_cookies(client: Client, path: str) -> None:
    answer = client.get(path, headers=shop.BROWSER)

    assert not answer.cookies
    assert "Cookie" not in answer["Vary"]
    assert {"Accept-Encoding", "Accept-Language"} <= set(re.split(", *", answer["Vary"]))
    assert answer["Cache-Control"].startswith("public, max-age=60")


@pytest.mark.parametrize("path", PATHS)
def test_an_unchanged_page_is_not_sent_again(client: Client, path: str) -> None:
    first = client.get(path, headers=shop.BROWSER)

    again = client.get(path, headers=shop.BROWSER | {"if-none-match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    packed = client.get(path, headers=shop.BROWSER | {"accept-encoding": "gzip"})
    assert gzip.decompress(packed.content) == first.content

    world.price(world.model("another"), input="1")
    changed = client.get("/", headers=shop.BROWSER | {"if-none-match": client.get("/", headers=shop.BROWSER)["ETag"]})
    assert changed.status_code == 304
    assert "another" in shop.get(client, "/")


def test_a_cached_page_costs_two_queries(client: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    client.get("/?q=gpt", headers=shop.BROWSER)

    with django_assert_num_queries(2):  # the revision; the public groups
        client.get("/?q=gpt", headers=shop.BROWSER)


def test_another_search_renders_no_row_again(client: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    shop.get(client, "/")

    with django_assert_num_queries(2):
        assert shop.listed(shop.get(client, "/?q=nothing")) == []


def test_a_first_visit_loads_at_most_forty_kilobytes(client: Client) -> None:
    shop.many(599)

    page = client.get("/", headers=shop.BROWSER | {"accept-encoding": "gzip"})
    html = gzip.decompress(page.content).decode()
    assert len(shop.listed(html)) == PAGE_ROWS
    assets = set(re.findall(r'(?:src|href)="(/assets/[^"]+)"', html))
    loaded = [client.get(address, headers={"accept-encoding": "gzip"}) for address in assets]

    assert len(loaded) == 4
    assert len(page.content) + sum(len(asset.content) for asset in loaded) <= 40_000


def test_static_files_are_cached_forever(client: Client) -> None:
    html = shop.get(client, "/")
    types: dict[str, Any] = {}
    for address in set(re.findall(r'(?:src|href)="(/assets/[^"]+)"', html)):
        answer = client.get(address)
        types[address.rpartition("/")[2]] = answer["Content-Type"]
        assert answer["Cache-Control"] == "public, max-age=31536000, immutable"

    assert types == {
        "pages.css": "text/css; charset=utf-8",
        "pages.js": "text/javascript; charset=utf-8",
        "list.js": "text/javascript; charset=utf-8",
        "icon.svg": "image/svg+xml",
    }
    assert client.get("/assets/1-0/settings.py").status_code == 404
