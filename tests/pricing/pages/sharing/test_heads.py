"""The head of each page: title, description, canonical address, languages, preview, feeds."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from pricing.models import CurrencyRate
from tests import world
from tests.pricing.pages import shop
from tests.pricing.pages.sharing.heads import Head, head

pytestmark = pytest.mark.django_db

PAGES = ["/", "/?vendor=openai", "/?q=gpt", "/models/gpt-4o", "/compare", "/compare?m=gpt-4o", "/nowhere"]


@pytest.fixture(autouse=True)
def _a_model(db: None) -> None:
    model = world.model("gpt-4o", display_name="GPT-4o", context_length=128_000, description="Sees <images> & reads.")
    world.price(model, input="2.5", output="10")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_one_title_and_at_most_one_canonical_address(client: Client, path: str) -> None:
    page = head(client, path)

    assert len(page.titles) == 1
    assert page.titles[0].endswith(" · Modelbook")
    assert len(page.hrefs("canonical")) == (0 if page.meta("robots") else 1)
    assert bool(page.meta("og:url")) == bool(page.hrefs("canonical"))


@pytest.mark.parametrize(
    ("path", "is_indexed"),
    [("/", True), ("/?vendor=openai", True), ("/?vendor=nobody", False), ("/?q=gpt", False), ("/?sort=price", False),
     ("/?vendor=openai&q=gpt", False), ("/models/gpt-4o", True), ("/compare", False), ("/nowhere", False)],
)  # fmt: skip
def test_only_pages_that_are_worth_finding_are_indexed(client: Client, path: str, is_indexed: bool) -> None:
    assert head(client, path).meta("robots") == ("" if is_indexed else "noindex")


@pytest.mark.parametrize("path", ["/", "/models/gpt-4o"])
def test_the_canonical_address_has_the_language_and_no_other_choice(client: Client, path: str) -> None:
    site = f"http://testserver{path}"

    for query, language in (("", "en"), ("?lang=en&currency=CNY&per=1K&group=default", "en"), ("?lang=zh", "zh")):
        page = head(client, path + query)
        assert page.hrefs("canonical") == [f"{site}?lang={language}"]
        assert page.languages == {"en": f"{site}?lang=en", "zh-Hans": f"{site}?lang=zh", "x-default": site}
        assert page.meta("og:locale") == {"en": "en_US", "zh": "zh_CN"}[language]
    assert head(client, path, accept_language="zh").hrefs("canonical") == [f"{site}?lang=zh"]


def test_the_page_of_a_vendor_is_its_own(client: Client) -> None:
    page = head(client, "/?vendor=openai")

    assert page.titles == ["Openai models and prices · Modelbook"]
    assert page.hrefs("canonical") == ["http://testserver/?vendor=openai&lang=en"]
    assert "1 AI model by Openai" in page.meta("description")


def test_an_address_follows_the_host_of_the_request(client: Client, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    for host in ("one.example", "two.example"):
        answer = client.get("/models/gpt-4o", headers=shop.BROWSER | {"host": host})
        assert Head(answer.content.decode()).hrefs("canonical") == [f"http://{host}/models/gpt-4o?lang=en"]


def test_a_description_says_what_a_model_is_and_costs(client: Client) -> None:
    page = head(client, "/models/gpt-4o")

    words = "input $2.50, output $10.00 per million tokens, 128K tokens of context. Sees <images> & reads."
    assert page.meta("description") == f"GPT-4o by Openai: {words}"
    assert page.meta("og:description") == page.meta("twitter:description") == page.meta("description")
    chinese = head(client, "/models/gpt-4o?lang=zh").meta("description")
    assert chinese.startswith(
        "GPT-4o · Openai：输入：$2.50 / 百万 tokens，输出：$10.00 / 百万 tokens，上下文 128K tokens。"
    )


def test_a_model_without_a_description_is_described_by_what_it_can_do(client: Client) -> None:
    world.model("o3", capabilities=["tools", "vision"])

    assert head(client, "/models/o3").meta("description") == "o3 by Openai: no price yet. Capabilities: tools, vision"


def test_a_description_is_no_longer_than_search_engines_show(client: Client) -> None:
    world.model("long", description="word " * 200)

    text = head(client, "/models/long").meta("description")

    assert 120 < len(text) <= 155
    assert text.endswith(" word…")


def test_a_choice_of_the_visitor_does_not_change_what_is_said_of_the_canonical_address(client: Client) -> None:
    CurrencyRate.objects.create(currency="CNY", as_of=dt.date(2026, 1, 1), per_usd="7.2")

    page = head(client, "/models/gpt-4o?currency=CNY&per=1K")

    assert "input $2.50, output $10.00 per million tokens" in page.meta("description")


def test_previews_show_the_image_of_the_model(client: Client) -> None:
    page = head(client, "/models/gpt-4o")

    address = "http://testserver/images/models/gpt-4o.png"
    assert page.meta("og:image") == page.meta("twitter:image") == address
    assert (page.meta("og:image:width"), page.meta("og:image:height")) == ("1200", "630")
    assert page.meta("og:image:alt") == "GPT-4o by Openai"
    assert (page.meta("og:title"), page.meta("og:site_name"), page.meta("og:type")) == (
        "GPT-4o",
        "Modelbook",
        "product",
    )
    assert page.meta("twitter:card") == "summary_large_image"
    assert head(client, "/").meta("og:image") == "http://testserver/images/site.png"


def test_feeds_and_documents_are_named(client: Client) -> None:
    page = head(client, "/models/gpt-4o")

    for rel, kind in (
        ("alternate", "application/atom+xml"), ("alternate", "text/plain"),
        ("service-desc", "application/vnd.oai.openapi+json"), ("service-doc", "text/html"),
    ):  # fmt: skip
        links = page.links(rel, type=kind)
        assert links, kind
        for link in links:
            assert client.get(str(link["href"]), headers={"accept": kind}).status_code == 200


@pytest.mark.parametrize(
    ("path", "own"),
    [("/", ""), ("/?vendor=openai", "?vendor=openai"), ("/models/gpt-4o", "?model=gpt-4o")],
)
def test_a_vendor_and_a_model_name_their_own_feed_first(client: Client, path: str, own: str) -> None:
    feeds = head(client, path).links("alternate", type="application/atom+xml")

    # The feed in the default language has one address.
    addresses = [f"/api/pricing/changes.atom{query}" for query in dict.fromkeys((own, ""))]
    assert [feed["href"] for feed in feeds] == addresses
    assert len({feed["title"] for feed in feeds}) == len(feeds)


def test_a_retired_model_is_not_for_search_engines(client: Client) -> None:
    world.model("old", retires_on=dt.date(2026, 1, 2))

    page = head(client, "/models/old")

    assert (page.meta("robots"), page.languages) == ("noindex", {})
    assert page.hrefs("canonical") == ["http://testserver/models/old?lang=en"]
    assert "no longer offered" in page.meta("description")


@pytest.mark.parametrize(("language", "start"), [("en", "orphan: input $1.00"), ("zh", "orphan：输入：$1.00")])
def test_a_description_names_no_unknown_vendor(client: Client, language: str, start: str) -> None:
    world.price(world.model("orphan", vendor=world.vendor("other", name="Other")), input="1", output="2")
    page = head(client, f"/models/orphan?lang={language}")

    assert page.meta("description").startswith(start)
    assert page.meta("og:image:alt") == "orphan"


def test_the_description_has_the_price_of_visitors_who_choose_no_group(client: Client) -> None:
    member = world.token_group("vip", is_public=True)
    member.channels.set(world.token_group("default").channels.all())
    world.rate(member, "0.5")
    only_member = world.model("member-only", on=world.channel("other", group="vip"))
    world.price(only_member, input="4", output="8")

    usual, chosen = (head(client, f"/models/gpt-4o{query}") for query in ("", "?group=vip"))

    # As the image and the canonical address.
    assert "input $2.50, output $10.00" in usual.meta("description")
    assert chosen.meta("description") == usual.meta("description")
    assert "$1.25" in shop.text_of(shop.get(client, "/models/gpt-4o?group=vip"))
    assert "input $2.00, output $4.00" in head(client, "/models/member-only").meta("description")
