"""The sitemap: every public page in each language, with the day of its last real change, in files of allowed size."""

import datetime as dt
from typing import Any
from xml.etree import ElementTree

import pytest
import time_machine
from django.test import Client

from pricing.pages.sharing import sitemap
from tests import world
from tests.pricing.pages import shop
from tests.pricing.pages.sharing.heads import head

pytestmark = pytest.mark.django_db

SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
XHTML = "{http://www.w3.org/1999/xhtml}"
NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


def entries(client: Client, path: str = "/sitemap.xml") -> dict[str, ElementTree.Element]:
    """Address -> its element."""
    answer = client.get(path)
    assert (answer.status_code, answer["content-type"]) == (200, "application/xml; charset=utf-8")
    root = ElementTree.fromstring(answer.content)  # noqa: S314 (our own document)
    found = [(element.findtext(f"{SITEMAP}loc") or "", element) for element in root]
    assert len(dict(found)) == len(found)
    return dict(found)


def changed(client: Client, name: str) -> str:
    return entries(client)[f"http://testserver/models/{name}?lang=en"].findtext(f"{SITEMAP}lastmod") or ""


def test_it_has_every_public_page_in_each_language(client: Client) -> None:
    world.model("gpt-4o")
    world.model("模型/a b&c")

    found = entries(client)

    paths = ["/", "/?vendor=openai", "/docs", "/models/gpt-4o", "/models/%E6%A8%A1%E5%9E%8B/a%20b&c"]
    assert list(found) == [
        f"http://testserver{path}{'&' if '?' in path else '?'}lang={language}"
        for path in paths
        for language in ("en", "zh")
    ]


def test_each_address_is_the_canonical_one_of_its_page(client: Client) -> None:
    world.price(world.model("gpt-4o"), input="1")

    for url, element in entries(client).items():
        page = head(client, url.removeprefix("http://testserver"))
        assert page.hrefs("canonical") == [url]
        assert page.meta("robots") == ""
        links = {link.get("hreflang"): link.get("href") for link in element.findall(f"{XHTML}link")}
        assert links == page.languages


def test_what_is_not_public_is_not_in_it(client: Client) -> None:
    world.model("draft", status="draft")
    world.model("secret", on=world.channel("vip", group="vip"), vendor=world.vendor("hidden"))
    world.model("unlisted", in_price_list=False)
    world.model("old", retires_on=dt.date(2026, 1, 2))
    world.model("shown")

    text = client.get("/sitemap.xml", headers={"authorization": f"Bearer {world.key('vip')}"}).content.decode()

    assert "shown" in text
    assert not [
        word for word in ("draft", "secret", "unlisted", "old", "hidden") if f"/{word}" in text or f"={word}" in text
    ]


def test_the_date_is_that_of_the_last_change_of_the_model_or_its_price(client: Client) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        model = world.model("gpt-4o")
        world.model("other")
        dates = [changed(client, "gpt-4o")]
        clock.shift(dt.timedelta(days=1))
        model.context_length = 1000
        model.save()
        dates.append(changed(client, "gpt-4o"))
        clock.shift(dt.timedelta(days=1))
        world.price(model, input="1")
        dates.append(changed(client, "gpt-4o"))
        clock.shift(dt.timedelta(days=1))
        # Nothing has changed.
        dates.append(changed(client, "gpt-4o"))
        world.price(model, starts_at=NOON + dt.timedelta(days=4), input="2")
        clock.shift(dt.timedelta(days=2))
        dates.append(changed(client, "gpt-4o"))

        assert [date[:10] for date in dates] == ["2026-11-22", "2026-11-23", "2026-11-24", "2026-11-24", "2026-11-26"]
        assert changed(client, "other")[:10] == "2026-11-22"
        home = entries(client)["http://testserver/?lang=en"].findtext(f"{SITEMAP}lastmod")
        assert home == dates[-1] == "2026-11-26T12:00:00Z"


def test_a_long_one_is_an_index_of_files(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(10):
        world.model(f"m-{number}")
    whole = entries(client)
    world.model("m-10")
    monkeypatch.setattr(sitemap.files_of, "__kwdefaults__", {"most_addresses": 10})

    files = entries(client)

    assert list(files) == [f"http://testserver/sitemap-{number}.xml" for number in range(1, 4)]
    parts = [entries(client, address.removeprefix("http://testserver")) for address in files]
    assert all(len(part) <= 10 for part in parts)
    assert {url for part in parts for url in part} == {*whole} | {
        f"http://testserver/models/m-10?lang={language}" for language in ("en", "zh")
    }
    assert client.get("/sitemap-4.xml").status_code == 404


def test_an_empty_catalog_has_a_valid_one(client: Client) -> None:
    assert [*entries(client)][:2] == ["http://testserver/?lang=en", "http://testserver/?lang=zh"]


def test_an_unchanged_sitemap_is_not_sent_again(client: Client) -> None:
    world.model("gpt-4o")
    first = client.get("/sitemap.xml")

    assert client.get("/sitemap.xml", headers={"if-none-match": first["etag"]}).status_code == 304
    assert client.head("/sitemap.xml").status_code == 200
    world.model("o3")
    assert "o3" in client.get("/sitemap.xml", headers={"if-none-match": first["etag"]}).content.decode()


def test_it_has_few_queries(client: Client, django_assert_max_num_queries: Any) -> None:
    shop.many(700)

    with django_assert_max_num_queries(20):
        client.get("/sitemap.xml")
    with django_assert_max_num_queries(3):
        client.get("/sitemap.xml")
