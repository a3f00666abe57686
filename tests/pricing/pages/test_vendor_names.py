"""Chinese pages have the Chinese names of vendors; the API has the same names in all languages."""

import pytest
from django.test import Client

from tests import world
from tests.pricing.pages import shop

pytestmark = pytest.mark.django_db

PLACES = ["/", "/models/qwen3-max", "/compare?m=qwen3-max&m=acme-1"]


@pytest.fixture(autouse=True)
def _models() -> None:
    alibaba, acme = (
        world.vendor("alibaba", name="Alibaba"),
        world.vendor("acme", name="Acme Labs", chinese_name="顶点智能"),
    )
    for name, vendor in (("qwen3-max", alibaba), ("acme-1", acme)):
        world.price(world.model(name, vendor=vendor), input="1", output="2")


@pytest.mark.parametrize("place", PLACES)
def test_a_page_has_the_names_of_its_language(client: Client, place: str) -> None:
    separator = "&" if "?" in place else "?"
    chinese, english = (shop.get(client, f"{place}{separator}lang={code}") for code in ("zh", "en"))

    assert "阿里巴巴（通义千问）" in chinese
    assert "Alibaba" not in chinese
    assert "Alibaba" in english
    assert "阿里巴巴" not in english
    if "acme-1" in place or place == "/":
        assert "顶点智能" in chinese
        assert "Acme Labs" in english


def test_the_api_keeps_its_names(client: Client) -> None:
    listed = client.get("/api/pricing", headers={"accept-language": "zh"}).json()

    assert {vendor["name"] for vendor in listed["vendors"]} == {"Alibaba", "Acme Labs"}
