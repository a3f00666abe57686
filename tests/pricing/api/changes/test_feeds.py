"""The feeds of changes are valid Atom: of all models, of a vendor's and of one, in English and Chinese."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from pricing.api.changes.atom import domain_of
from pricing.published.changes.addresses import feed_address
from tests import world
from tests.pricing.api.changes.valid_atom import read_feed

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _now(time_machine: Any) -> None:
    time_machine.move_to(NOW, tick=False)


def feed(client: Client, address: str = "/api/pricing/changes.atom") -> Any:
    answer = client.get(address)
    assert answer.status_code == 200, answer.content
    return read_feed(answer.content)


def titles(client: Client, address: str) -> set[str]:
    return {entry.title for entry in feed(client, address).entries}


def shop() -> None:
    """Changes of every kind, of two vendors."""
    heir = world.model("claude-next", vendor=world.vendor("anthropic", name="Anthropic"))
    world.price(heir, input="3", output="15")
    old = world.model("openai/gpt-4o", successor=heir, retires_on=dt.date(2026, 12, 24))
    world.price(old, input="5", starts_at=dt.datetime(2026, 11, 1, tzinfo=dt.UTC))
    world.price(old, input="4", starts_at=dt.datetime(2026, 12, 1, tzinfo=dt.UTC))


def test_a_feed_says_whose_it_is_and_where_it_is(client: Client, settings: Any) -> None:
    settings.SITE_NAME = "Prices & Co"
    shop()

    whole = feed(client)

    assert whole.feed.title == "Prices & Co: price changes"
    assert whole.feed.author_detail == {"name": "Prices & Co", "href": "http://testserver/"}
    assert {(link.rel, link.href) for link in whole.feed.links} == {
        ("alternate", "http://testserver/"), ("self", "http://testserver/api/pricing/changes.atom"),
    }  # fmt: skip
    assert whole.feed.language == "en"
    assert whole.feed.id == "tag:testserver,2026:prices"


def test_each_kind_of_change_is_told_in_words_with_units_and_the_currency(client: Client) -> None:
    shop()

    told = {entry.title: entry.summary for entry in feed(client).entries}

    of_old = "Input: $5.00 per million tokens"
    assert told == {
        "claude-next: new price since 2026-01-01 00:00 UTC":
            "Input: none → $3.00 per million tokens; Output: none → $15.00 per million tokens; Currency: USD",
        "claude-next: new model since 2026-11-23 12:00 UTC":
            "Input: $3.00 per million tokens; Output: $15.00 per million tokens; Currency: USD",
        "openai/gpt-4o: new price since 2026-11-01 00:00 UTC": "Input: none → $5.00 per million tokens; Currency: USD",
        "openai/gpt-4o: new price from 2026-12-01 00:00 UTC": "Input: $5.00 → $4.00 per million tokens; Currency: USD",
        "openai/gpt-4o: new model since 2026-11-23 12:00 UTC": f"{of_old}; Currency: USD",
        "openai/gpt-4o: retires on 2026-12-24": f"Price until then: {of_old}; Currency: USD",
        "openai/gpt-4o: its successor is claude-next":
            "Input: $5.00 → $3.00 per million tokens; Output: none → $15.00 per million tokens; Currency: USD",
    }  # fmt: skip


def test_a_change_of_state_is_told_in_words(client: Client) -> None:
    model = world.model("gpt-4o")
    world.price(model, input="5", starts_at=dt.datetime(2026, 11, 1, tzinfo=dt.UTC))
    sheet = world.price(model, starts_at=dt.datetime(2026, 11, 20, tzinfo=dt.UTC))
    world.line(sheet, "", None, kind="dynamic", per=1, unit="")

    told = {entry.summary for entry in feed(client, "/api/pricing/changes.atom?kind=price").entries}

    assert "Input: $5.00 per million tokens → none; All prices: none → depends on the request; Currency: USD" in told


def test_a_feed_can_be_in_chinese(client: Client) -> None:
    shop()

    chinese = feed(client, "/api/pricing/changes.atom?lang=zh")

    assert chinese.feed.language == "zh-Hans"
    assert chinese.feed.title == "Modelbook：价格变动"
    told = {entry.title: entry for entry in chinese.entries}
    entry = told["openai/gpt-4o：2026-12-01 00:00 UTC 起执行新价格"]
    assert entry.summary == "输入：$5.00 → $4.00 / 百万 tokens；币种：USD"
    assert entry.link == "http://testserver/models/openai/gpt-4o?lang=zh"
    assert chinese.feed.id != feed(client).feed.id
    assert {entry.id for entry in chinese.entries} == {entry.id for entry in feed(client).entries}
    assert client.get("/api/pricing/changes.atom?lang=xx").status_code == 400


def test_a_vendor_and_a_model_have_their_own_feeds(client: Client) -> None:
    shop()

    of_vendor = feed(client, feed_address(vendor="anthropic"))
    of_model = feed(client, feed_address(model="openai/gpt-4o", language="zh"))

    assert of_vendor.feed.title == "Modelbook: price changes of Anthropic"
    assert {entry.link for entry in of_vendor.entries} == {"http://testserver/models/claude-next"}
    assert of_vendor.feed.link == "http://testserver/?vendor=anthropic"
    assert {entry.link for entry in of_model.entries} == {"http://testserver/models/openai/gpt-4o?lang=zh"}
    assert any("claude-next" in entry.title for entry in of_model.entries), "the successor is of another vendor"
    assert of_model.feed.link == "http://testserver/models/openai/gpt-4o?lang=zh"
    own = next(link.href for link in of_model.feed.links if link.rel == "self")
    assert own == "http://testserver/api/pricing/changes.atom?model=openai%2Fgpt-4o&lang=zh"
    # An entry is the same in all feeds.
    assert {entry.id for entry in (*of_vendor.entries, *of_model.entries)} == {e.id for e in feed(client).entries}
    assert len({of_vendor.feed.id, of_model.feed.id, feed(client).feed.id}) == 3


def test_spellings_of_a_vendor_are_one_feed(client: Client) -> None:
    shop()

    feeds = [
        client.get(f"/api/pricing/changes.atom?vendor={name}") for name in ("anthropic", "Anthropic", "ANTHROPIC ")
    ]

    assert len({answer["etag"] for answer in feeds}) == 1


@pytest.mark.parametrize("query", ["vendor=nobody", "vendor=secret", "model=nothing", "model=hidden"])
def test_what_is_not_public_has_no_feed(client: Client, query: str) -> None:
    world.model("hidden", status="draft", vendor=world.vendor("secret"))
    shop()

    answer = client.get(f"/api/pricing/changes.atom?{query}")

    assert answer.status_code == 404
    assert query.partition("=")[2] in answer.json()["error"]["message"]


def test_a_feed_is_of_a_vendor_or_of_a_model(client: Client) -> None:
    shop()

    assert client.get("/api/pricing/changes.atom?vendor=anthropic&model=claude-next").status_code == 400


def test_a_long_feed_continues(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pricing.api.changes.views.ENTRIES", 2)
    shop()
    listed, address = [], "/api/pricing/changes.atom?vendor=openai&lang=zh"
    while address:
        part = feed(client, address)
        assert len(part.entries) <= 2
        listed += [entry.id for entry in part.entries]
        links = {link.rel: link.href for link in part.feed.links}
        assert "vendor=openai" in links["self"]
        address = links.get("next", "")

    monkeypatch.setattr("pricing.api.changes.views.ENTRIES", 200)
    assert listed == [entry.id for entry in feed(client, "/api/pricing/changes.atom?vendor=openai").entries]


@pytest.mark.parametrize(
    "name",
    [
        "<b>&amp;</b>",
        "a b/\u4e2d\u6587'\"",
        "100%",
        "%41",
        "x#y?z",
        "bell\x07and\ufffe",
        "\N{PILE OF POO}",
        "[1]{2}|^`\\",
    ],
)
def test_any_name_gives_a_valid_feed(client: Client, name: str) -> None:
    world.price(world.model(name, vendor=world.vendor("odd", name=name)), input="1", output="2")

    for address in ("/api/pricing/changes.atom", "/api/pricing/changes.atom?vendor=odd", feed_address(model=name)):
        entry = next(entry for entry in feed(client, address).entries if "new model" in entry.title)
        assert entry.title.startswith(name.replace("\x07", " ").replace("\ufffe", " "))
        # Readers that show the content as HTML show the name, and no element.
        assert "<b>" not in entry.content[0].value


def test_ids_of_a_successor_say_which_part_is_the_model(client: Client) -> None:
    for name, successor in (("a", "b/c"), ("a/b", "c")):
        heir = world.model(successor)
        world.model(name, successor=heir)

    ids = [entry.id for entry in feed(client, "/api/pricing/changes.atom?kind=successor").entries]

    assert len(ids) == 2


@pytest.mark.parametrize(
    ("authority", "domain"),
    [
        ("models.example:8443", "models.example"), ("127.0.0.1:8000", "127.0.0.1"), ("LOCALHOST", "localhost"),
        ("[2001:db8::1]:80", "2001-0db8-0000-0000-0000-0000-0000-0001"), ("my_host", "my-host"),
        ("münchen.example.", "xn--mnchen-3ya.example"), ("", "localhost"), ("-a-.b", "a.b"),
    ],
)  # fmt: skip
def test_ids_are_valid_on_every_host(authority: str, domain: str) -> None:
    assert domain_of(authority) == domain


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "[::1]:8000"])
def test_a_feed_is_valid_on_a_host_with_a_port(client: Client, settings: Any, host: str) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    shop()

    assert read_feed(client.get("/api/pricing/changes.atom", headers={"host": host}).content).entries


def test_ids_are_of_the_domain_of_the_site(client: Client, settings: Any) -> None:
    settings.API_DOMAIN = "api.example.com"
    shop()

    ids = {entry.id for entry in feed(client).entries}

    assert "tag:api.example.com,2026:price/openai/gpt-4o/2026-12-01T00:00:00Z" in ids


def test_an_empty_feed_is_valid(client: Client) -> None:
    assert feed(client).entries == []


def test_feeds_are_cached(client: Client) -> None:
    shop()
    for address in (feed_address(), feed_address(vendor="openai"), feed_address(model="claude-next", language="zh")):
        answer = client.get(address)
        assert answer["content-type"] == "application/atom+xml; charset=utf-8"
        assert client.get(address, headers={"if-none-match": answer["etag"]}).status_code == 304
