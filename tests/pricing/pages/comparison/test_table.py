"""GET /compare: models side by side, only those that visitors can see."""

import pytest
from django.test import Client

from pricing.models import CurrencyRate
from tests import world
from tests.pricing.pages import shop

pytestmark = pytest.mark.django_db


def test_models_are_columns_and_prices_come_first(client: Client) -> None:
    shop.tiered("tiered-pro", context_length=1_048_576)
    world.price(world.model("plain", capabilities=["tools"]), input="3", output="15")
    world.model("unpriced")

    text = shop.text_of(shop.get(client, "/compare?m=tiered-pro&m=plain&m=unpriced")).replace("\N{EN DASH}", "-")

    assert (
        "Input, per million tokens $1.25 cheapest $3.00 - Output, per million tokens $10.00 cheapest $15.00 -" in text
    )
    assert "Web search, per 1,000 requests $14.00 - -" in text
    assert "Price - - no price yet" in text
    assert "Context 1M tokens - -" in text
    assert "Capabilities - tools -" in text


def test_input_limits_are_compared_if_any_is_below_the_context_window(client: Client) -> None:
    world.model("gpt-5", context_length=400_000, max_input_tokens=272_000)
    world.model("plain", context_length=200_000)

    text = shop.text_of(shop.get(client, "/compare?m=gpt-5&m=plain"))

    assert "Context 400K tokens 200K tokens Maximum input 272K tokens 200K tokens" in text
    assert "Maximum input" not in shop.text_of(shop.get(client, "/compare?m=plain"))


def test_each_condition_is_a_row_with_its_prices(client: Client) -> None:
    model = shop.tiered("tiered-pro")
    sheet = model.sheets.get()
    world.line(sheet, "input.cache_read", "0.25", conditions=shop.ABOVE_200K)
    world.line(sheet, "web_search", "12", per=1000, unit="request", conditions=shop.BATCH)
    world.line(sheet, "", "1.1", kind="multiplier", conditions=[{"dim": "region", "op": "eq", "value": "eu"}])
    world.price(world.model("plain"), input="3")

    text = shop.text_of(shop.get(client, "/compare?m=plain&m=tiered-pro")).replace("\N{EN DASH}", "-")

    assert "Cached input, per million tokens - $0.125 Web search, per 1,000 requests - $14.00" in text
    assert "Prompt above 200,000 tokens - Input $2.50 Output $15.00 Cached input $0.25" in text
    assert "Service tier batch - Input $0.625 Output $5.00 Web search $12.00 per 1,000 requests" in text
    assert "Other charges - All prices times 1.1, region EU" in text


def test_a_table_of_rules_is_listed_below_its_headline(client: Client) -> None:
    world.price(world.model("plain"), input="3")
    shop.image_rules("picture")

    text = shop.text_of(shop.get(client, "/compare?m=plain&m=picture")).replace("\N{EN DASH}", "-")

    assert "Price - e.g. $0.04 per image" in text
    assert (
        "All prices - Task text to image, resolution 4K: $0.16 per image Task text to image, resolution 1K: $0.04"
        in text
    )


def test_the_cheapest_of_comparable_prices_is_marked(client: Client) -> None:
    CurrencyRate.objects.create(currency="CNY", per_usd=8, as_of=world.LONG_AGO.date())
    world.price(world.model("a"), input="2", output="9")
    world.price(world.model("b"), input="2", output="8")
    world.price(world.model("yuan"), currency="CNY", input="20", output="56")
    world.price(world.model("krona"), currency="SEK", input="1", output="1")
    world.line(world.price(world.model("image")), "output", "0.01", per=1, unit="image")

    text = shop.text_of(shop.get(client, "/compare?m=a&m=b&m=yuan&m=krona&m=image")).replace("\N{EN DASH}", "-")

    assert "Input, per million tokens $2.00 cheapest $2.00 cheapest \u00a520.00 1.00 SEK -" in text
    assert "Output, per million tokens $9.00 $8.00 \u00a556.00 cheapest 1.00 SEK -" in text
    assert "cheapest" not in shop.text_of(shop.get(client, "/compare?m=a")) + shop.text_of(
        shop.get(client, "/compare?m=a&m=krona")
    )
    equal = shop.text_of(shop.get(client, "/compare?m=a&m=b"))
    assert "Input, per million tokens $2.00 $2.00 Output, per million tokens $9.00 $8.00 cheapest" in equal
    # No other price is for an image.
    assert "- - - - $0.01 Price" in text or "- - - - $0.01 Vendor" in text


def test_free_models_are_the_cheapest_and_unknown_prices_are_not(client: Client) -> None:
    world.price(world.model("paid"), input="2", output="8")
    world.price(world.model("free"), input="0", output="0")
    world.model("unpriced")

    text = shop.text_of(shop.get(client, "/compare?m=paid&m=free&m=unpriced")).replace("\N{EN DASH}", "-")

    assert "Input, per million tokens $2.00 free cheapest -" in text


def test_rows_without_a_difference_are_marked(client: Client) -> None:
    for name, output in (("a", "8"), ("b", "9")):
        world.price(world.model(name, context_length=200_000), input="2", output=output)

    html = shop.get(client, "/compare?m=a&m=b")

    rows = {shop.text_of(row).split(",")[0]: row for row in html.split("<tr")[2:]}
    assert 'class="same"' in rows["Input"]
    assert 'class="same"' not in rows["Output"]


def test_hidden_models_are_ignored(client: Client) -> None:
    world.model("seen")
    world.model("secret", status="draft")

    html = shop.get(client, "/compare?m=secret&m=seen&m=missing&m=seen")

    assert html.count('<th scope="col">') == 1
    assert "secret" not in html.replace("m=secret", "")


def test_at_most_six_are_compared(client: Client) -> None:
    for number in range(8):
        world.model(f"model-{number}")

    html = shop.get(client, "/compare?" + "&".join(f"m=model-{number}" for number in range(8)))

    assert html.count('<th scope="col">') == 6


def test_each_model_has_a_link_to_remove_it(client: Client) -> None:
    for name in ("a", "b", "c"):
        world.model(name)

    assert 'href="/compare?m=a&amp;m=c" aria-label="Remove b"' in shop.get(client, "/compare?m=a&m=b&m=c")


def test_an_empty_comparison_links_to_the_list(client: Client) -> None:
    assert "Nothing to compare yet." in shop.get(client, "/compare")


@pytest.mark.parametrize(("query", "unit"), [("", "per million tokens"), ("&per=1K", "per 1,000 tokens")])
def test_prices_under_conditions_have_a_unit(client: Client, query: str, unit: str) -> None:
    shop.tiered("tiered-pro")
    world.price(world.model("plain"), input="3", output="15")

    sentence = f"Prices are {unit} unless a row says otherwise."
    assert sentence in shop.text_of(shop.get(client, f"/compare?m=tiered-pro&m=plain{query}"))
    assert sentence not in shop.text_of(shop.get(client, f"/compare?m=plain{query}"))
