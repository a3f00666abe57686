"""The images of previews: their size, what they say, and who sees them."""

import io
import time
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from PIL import Image

from pricing.pages.sharing import image, previews
from pricing.pages.sharing.image import Card, drawable, png
from pricing.published.prices import published_sheets
from tests import world
from tests.pricing.pages import shop

pytestmark = pytest.mark.django_db

CARD = Card("GPT-4o", "OpenAI", (("Input", "$2.50"), ("Output", "$10.00")), "per million tokens", "Modelbook")


def opened(content: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture


@pytest.mark.parametrize("name", ["gpt-4o", "openai/gpt-4o:free", "模型", "a b", "x.png", "gpt-*", "x" * 255])
def test_every_model_has_an_image(client: Client, name: str) -> None:
    world.price(world.model(name), input="2.5", output="10")
    page = shop.get(client, f"/models/{name}")
    address = page.split('property="og:image" content="http://testserver')[1].split('"')[0]

    answer = client.get(address)

    picture = opened(answer.content)
    assert (answer.status_code, answer["content-type"]) == (200, "image/png")
    assert (picture.format, picture.size) == ("PNG", (1200, 630))
    assert len(answer.content) < 60_000
    assert "public" in answer["cache-control"]
    assert client.get(address, headers={"if-none-match": answer["etag"]}).status_code == 304
    head = client.head(address)
    assert (head.status_code, head.content, head["etag"]) == (200, b"", answer["etag"])


def test_a_model_that_visitors_do_not_see_has_none(client: Client) -> None:
    world.model("draft", status="draft")
    world.model("secret", on=world.channel("vip", group="vip"))
    world.model("unlisted", in_price_list=False)

    for name in ("draft", "secret", "unlisted", "nothing"):
        answer = client.get(f"/images/models/{name}.png")
        assert (answer.status_code, answer["cache-control"]) == (404, "no-store")


def test_an_image_follows_the_price(client: Client) -> None:
    model = world.model("gpt-4o")
    before = client.get("/images/models/gpt-4o.png").content
    world.price(model, input="2.5", output="10")
    after = client.get("/images/models/gpt-4o.png").content

    assert before != after
    assert client.get("/images/site.png").content not in (before, after)


def test_what_a_card_says() -> None:
    def card(name: str, title: str = "", **prices: Any) -> Card:
        model = world.model(name, display_name=title)
        if prices:
            world.price(model, **prices)
        sheet = published_sheets([model], at=timezone.now(), groups={"default"}).get(model.pk)
        return previews.model_card(model, sheet, is_retired=False)

    figures = (("Input", "$2.50"), ("Output", "$10.00"))
    assert card("gpt-4o", input="2.5", output="10") == Card(
        "gpt-4o", "Openai", figures, "per million tokens", "Modelbook"
    )
    # A text that the font cannot draw is replaced by the id, and the id by the vendor.
    assert card("qwen", "通义千问").title == "qwen"
    assert card("模型").title == "Openai"
    assert card("mistral", "Modèle").title == "Modele"
    # An unknown price is no number.
    assert (card("unpriced").figures, card("unpriced-2").note) == ((), "no price yet")
    free = card("free", input="0", output="0")
    assert (free.figures, free.note) == ((), "free")


def test_the_font_has_every_letter_that_is_drawn() -> None:
    font = image._font(40)
    missing = bytes(font.getmask("\uffff"))

    for letter in (*map(chr, range(0x21, 0x7F)), *image.DRAWN_BESIDE_ASCII, image.ELLIPSIS):
        assert bytes(font.getmask(letter)) != missing, letter


def test_texts_that_can_be_drawn() -> None:
    assert drawable("Qwen \N{EN DASH} \N{LEFT DOUBLE QUOTATION MARK}Médium” ¥46") == 'Qwen - "Medium" CNY 46'
    assert drawable("模型", "model") == "model"
    assert drawable("模型", "") == ""


@pytest.mark.parametrize("title", ["x" * 255, "a-b/" * 60, "word " * 50, "I", ""])
def test_long_names_are_wrapped_inside_of_the_card(title: str) -> None:
    picture = opened(png(Card(title, title, (), title, "Modelbook"))).convert("L")

    for box in ((0, 20, 70, 630), (1135, 20, 1200, 630), (0, 605, 1200, 630)):
        assert picture.crop(box).getextrema() == (255, 255)


def test_drawing_takes_less_than_a_tenth_of_a_second() -> None:
    png(CARD)
    times = []
    for number in range(5):
        start = time.process_time()
        png(replace(CARD, title=f"GPT-{number}"))
        times.append(time.process_time() - start)

    assert min(times) < 0.1


def test_visitors_have_their_limit(client: Client, settings: Any) -> None:
    settings.VISITORS_PER_MINUTE = 2

    assert [client.get("/images/site.png").status_code for _ in range(3)] == [200, 200, 429]


@pytest.mark.parametrize(
    ("path", "kind", "size"),
    [("/favicon.ico", "image/vnd.microsoft.icon", 48), ("/apple-touch-icon.png", "image/png", 180)],
)
def test_browsers_and_phones_find_an_icon(client: Client, path: str, kind: str, size: int) -> None:
    answer = client.get(path)

    assert (answer.status_code, answer["content-type"]) == (200, kind)
    assert opened(answer.content).size == (size, size)
    assert client.get(path, headers={"if-none-match": answer["etag"]}).status_code == 304
