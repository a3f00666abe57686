"""`/models/<id>` and `/models/<id>.md`: each kind of client gets what it can read, and every link of llms.txt works."""

import re
from typing import Any

import pytest
from django.test import Client

from catalog.models import ModelAlias
from tests import world
from tests.pricing.pages import shop
from tests.pricing.pages.sharing.heads import head

pytestmark = pytest.mark.django_db

MARKDOWN = "text/markdown; charset=utf-8"
HTML = "text/html; charset=utf-8"
# What programs send that follow a link: curl, requests, wget, urllib, readers for language models, Java, crawlers.
CLIENTS: tuple[dict[str, str], ...] = (
    {},
    {"accept": "*/*"},
    {"accept": "*/*", "accept-encoding": "gzip, deflate, br", "user-agent": "python-requests/2.34"},
    {"accept": "*/*", "accept-encoding": "identity", "user-agent": "Wget/1.21"},
    {"accept": "text/markdown"},
    {"accept": "text/markdown, text/html, */*"},
    {"accept": "text/plain"},
    {"accept": "application/json, text/plain, */*"},
    {"accept": "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", "user-agent": "Java/21"},
    {"accept": "*/*", "user-agent": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"},
    shop.BROWSER,
)
NAMES = [
    "gpt-4o", "openai/gpt-4o:free", "notes.md", "a.b.c", "100%", "what?", "x#y", "a b", "模型", "a(b)[c]", "gpt-5-*",
    "a&b=c+d", "@cf/meta", "back`tick", "x" * 255,
]  # fmt: skip


def links(client: Client, path: str) -> list[str]:
    text = client.get(path).content.decode()
    assert text.count("](") == len(re.findall(r"\]\(http://testserver/[^)\s]*\)", text))
    return re.findall(r"\]\(http://testserver(/[^)\s]*)\)", text)


@pytest.fixture
def _models(db: None) -> None:
    for name in NAMES:
        world.price(world.model(name), input="2.5", output="10")
    world.model("unpriced")


@pytest.mark.usefixtures("_models")
@pytest.mark.parametrize(("document", "links_per_model"), [("/llms.txt", 1), ("/llms-full.txt", 2)])
def test_every_link_answers_every_client(client: Client, document: str, links_per_model: int) -> None:
    addresses = links(client, document)
    assert len(addresses) >= links_per_model * (len(NAMES) + 1)

    for address in dict.fromkeys(addresses):
        for headers in CLIENTS:
            answer = client.get(address, headers=headers)
            assert (answer.status_code, bool(answer.content)) == (200, True), (address, headers)
            assert client.head(address, headers=headers).status_code == 200


def without_escapes(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


@pytest.mark.usefixtures("_models")
def test_each_link_leads_to_its_own_model(client: Client) -> None:
    listed = re.findall(
        r"^- \[(.*)\]\(http://testserver(/models/[^)]*)\): ", client.get("/llms.txt").content.decode(), re.MULTILINE
    )

    assert {without_escapes(name) for name, _address in listed} == {*NAMES, "unpriced"}
    for name, address in listed:
        heading = client.get(address).content.decode().partition("\n")[0]
        assert without_escapes(heading) == f"# {without_escapes(name)}", address


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({}, MARKDOWN), ({"accept": "*/*"}, MARKDOWN), ({"accept": "text/markdown, text/html, */*"}, MARKDOWN),
        ({"accept": "text/markdown;q=0.5, text/html"}, HTML), ({"accept": "text/plain"}, MARKDOWN),
        ({"accept": "image/png"}, MARKDOWN), (shop.BROWSER, HTML), ({"accept": "text/html;q=0, */*"}, MARKDOWN),
        ({"accept": "*/*", "user-agent": "facebookexternalhit/1.1"}, HTML), ({"user-agent": "WhatsApp/2.24"}, HTML),
        ({"accept": "*/*", "user-agent": "Mozilla/5.0 (compatible; bingbot/2.0)"}, HTML),
        ({"accept": "application/json", "user-agent": "Mozilla/5.0 (compatible; bingbot/2.0)"}, "application/json"),
        ({"accept": "application/json"}, "application/json"), ({"anthropic-version": "2023-06-01"}, "application/json"),
        ({"accept": "*/*", "authorization": ""}, "application/json"),
    ],
)  # fmt: skip
def test_the_client_decides_what_it_gets(client: Client, headers: dict[str, str], kind: str) -> None:
    world.model("gpt-4o")

    answer = client.get("/models/gpt-4o", headers=headers)

    assert (answer.status_code, answer["content-type"]) == (401 if "json" in kind else 200, kind)
    assert "Accept" in answer["vary"]
    is_by_name = headers.get("accept", "*/*") in ("*/*", "text/html;q=0, */*")
    assert ("User-Agent" in answer["vary"]) == is_by_name


def test_crawlers_get_the_pages_with_their_previews(client: Client) -> None:
    world.model("gpt-4o")

    for path in ("/", "/models/gpt-4o"):
        page = head(client, path, accept="*/*", user_agent="Twitterbot/1.0")
        assert page.meta("og:image").startswith("http://testserver/images/")


@pytest.mark.parametrize("name", ["nothing", "draft", "secret", "unlisted"])
def test_what_visitors_do_not_see_is_missing(client: Client, name: str) -> None:
    world.model("draft", status="draft")
    world.model("secret", on=world.channel("vip", group="vip"))
    world.model("unlisted", in_price_list=False)

    for path in (f"/models/{name}", f"/models/{name}.md"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")
    assert name not in client.get("/llms-full.txt").content.decode()


def test_a_key_reads_its_own_models_and_prices(client: Client) -> None:
    world.price(world.model("secret", on=world.channel("vip", group="vip")), input="8", output="9")
    world.rate(world.token_group("vip"), "0.5")
    keyed = {"authorization": f"Bearer {world.key('vip')}"}

    for document in ("/llms.txt", "/llms-full.txt"):
        assert "secret" not in client.get(document).content.decode()
        assert "/models/secret.md" in client.get("/llms.txt", headers=keyed).content.decode()
    answer = client.get("/models/secret.md", headers=keyed)

    assert (answer.status_code, answer["content-type"]) == (200, MARKDOWN)
    assert "Input: $4.00 per million tokens" in answer.content.decode()
    assert "private" in answer["cache-control"]
    assert client.get("/models/secret.md").status_code == 404


def test_a_model_whose_id_ends_in_md_keeps_its_addresses(client: Client) -> None:
    world.model("notes.md", display_name="Notes")
    keyed = {"authorization": f"Bearer {world.key()}"}

    assert client.get("/models/notes.md", headers=keyed).json()["id"] == "notes.md"
    assert "<title>Notes · " in shop.get(client, "/models/notes.md")
    assert client.get("/models/notes.md").content.startswith(b"# Notes\n")
    assert client.get("/models/notes.md.md").content.startswith(b"# Notes\n")

    world.model("notes", display_name="Other")
    assert client.get("/models/notes.md").content.startswith(b"# Other\n")
    assert "<title>Notes · " in shop.get(client, "/models/notes.md")
    assert client.get("/models/notes.md", headers=keyed).json()["id"] == "notes.md"


def test_an_alias_and_a_wildcard_have_a_text(client: Client) -> None:
    ModelAlias.objects.create(name="latest", model=world.model("gpt-4o"))
    world.model("gizmo-*")

    assert client.get("/models/latest.md").content.startswith(b"# gpt-4o\n")
    assert "begins with `gizmo-`" in client.get("/models/gizmo-7.md").content.decode()


def test_an_unchanged_text_is_not_sent_again(client: Client) -> None:
    model = world.model("gpt-4o")
    first = client.get("/models/gpt-4o.md")

    again = client.get("/models/gpt-4o.md", headers={"if-none-match": first["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    world.price(model, input="1")
    assert client.get("/models/gpt-4o.md", headers={"if-none-match": first["etag"]}).status_code == 200


def test_visitors_have_their_limit(client: Client, settings: Any) -> None:
    settings.VISITORS_PER_MINUTE = 2
    world.model("gpt-4o")

    assert [client.get("/models/gpt-4o.md").status_code for _ in range(3)] == [200, 200, 429]
    assert client.get("/models/gpt-4o").json()["error"]["code"] == "rate_limit_exceeded"
