"""The addresses below /models respond with JSON to API clients and with pages to browsers."""

import pytest
from django.test import Client

from catalog.models import ModelAlias
from tests import world
from tests.pricing.pages import shop

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/models", "/models/"])
def test_the_list_below_models_stays_json(client: Client, path: str) -> None:
    answer = client.get(path, headers=shop.BROWSER)

    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    "headers",
    [{"accept": "application/json"}, {"accept": "*/*", "anthropic-version": "2023-06-01"}, {"x-api-key": ""},
     shop.BROWSER | {"authorization": "Bearer anything"}, shop.BROWSER | {"x-api-key": "anything"}],
)  # fmt: skip
def test_an_api_client_gets_the_apis_answer(client: Client, headers: dict[str, str]) -> None:
    world.model("gpt-4o")

    answer = client.get("/models/gpt-4o", headers=headers)

    assert (answer.status_code, answer["content-type"]) == (401, "application/json")
    assert "Accept" in answer["vary"]


def test_a_key_gets_the_model_in_its_dialect_whatever_it_accepts(client: Client) -> None:
    world.model("gpt-4o")
    keyed = shop.BROWSER | {"authorization": f"Bearer {world.key()}"}

    assert client.get("/models/gpt-4o", headers=keyed).json()["object"] == "model"
    assert client.get("/models/gpt-4o", headers=keyed | {"anthropic-version": "2023-06-01"}).json()["type"] == "model"
    assert client.get("/models/none", headers=keyed).json()["error"]["code"] == "model_not_found"


def test_browsers_get_a_page_for_an_unknown_address(client: Client) -> None:
    world.model("draft", status="draft")
    bodies = set()
    for address in ("/models/nothing", "/models/draft", "/models/a%00b", "/nowhere", "/compare/"):
        answer = client.get(address, headers=shop.BROWSER)
        assert (answer.status_code, answer["Content-Type"]) == (404, "text/html; charset=utf-8")
        assert answer["Cache-Control"] == "no-store"
        assert answer["Content-Security-Policy"].startswith("default-src 'none'")
        bodies.add(answer.content.decode())

    # What is hidden is not there.
    assert len(bodies) == 1
    assert '<a href="/">All models</a>' in bodies.pop()
    assert "页面不存在" in client.get("/nowhere", headers=shop.BROWSER | {"accept-language": "zh"}).content.decode()


def test_programs_and_operators_get_the_usual_404(client: Client) -> None:
    for address, headers in [
        ("/v1/nowhere", shop.BROWSER),
        ("/models/nothing", {"accept": "*/*"}),
        ("/models/nothing", shop.BROWSER | {"authorization": f"Bearer {world.key()}"}),
    ]:
        assert client.get(address, headers=headers)["Content-Type"] == "application/json"
    assert "All models" not in client.get("/nowhere").content.decode()
    assert "All models" not in client.get("/admin/nowhere/", headers=shop.BROWSER, follow=True).content.decode()


def test_only_get_and_head_are_allowed(client: Client) -> None:
    world.model("gpt-4o")

    assert client.post("/models/gpt-4o", headers=shop.BROWSER).json()["error"]["code"] == "method_not_allowed"
    assert client.post("/").status_code == 405
    assert client.head("/models/gpt-4o", headers=shop.BROWSER).status_code == 200


@pytest.mark.parametrize("name", ["openai/gpt-4o:free", "a b", "100%", "what?", "x#y", "模型", "a&b=c+d", "@cf/meta"])
def test_the_list_links_to_a_page_for_any_id(client: Client, name: str) -> None:
    world.model(name)
    page = shop.get(client, "/")
    link = page.split("<tbody>")[1].split('<a href="')[1].split('"')[0].replace("&amp;", "&")

    assert f'id="id">{name.replace("&", "&amp;")}</' in shop.get(client, link)


def test_an_alias_shows_the_page_of_its_model(client: Client) -> None:
    ModelAlias.objects.create(name="latest", model=world.model("gpt-4o"))

    page = shop.get(client, "/models/latest")
    assert '<link rel="canonical" href="http://testserver/models/gpt-4o?lang=en">' in page


def test_a_model_of_another_public_group_has_a_page_with_its_prices(client: Client) -> None:
    world.token_group("default")
    world.token_group("vip", is_public=True)
    world.price(world.model("exclusive", on=world.channel("upper", group="vip")), input="3")

    assert "exclusive" not in shop.get(client, "/")
    assert "$3.00" in shop.get(client, "/models/exclusive")


def test_robots_may_read_all_pages_except_the_admin(client: Client) -> None:
    answer = client.get("/robots.txt")

    assert answer.content.decode() == (
        "User-agent: *\nAllow: /\nDisallow: /admin/\n\nSitemap: http://testserver/sitemap.xml\n"
    )
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
