"""The choices of visitors: the currency and the number of tokens of prices, on every page and in every link."""

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from pricing.models import CurrencyRate
from tests import world
from tests.pricing.pages import shop

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _models() -> None:
    world.price(world.model("dollar-model"), input="2.5", output="10")
    world.price(world.model("yuan-model"), currency="CNY", input="3.6", output="7.2")


def rate(currency: str = "CNY", per_usd: str = "7.2", *, days_ago: int = 3) -> CurrencyRate:
    as_of = timezone.now().date() - dt.timedelta(days=days_ago)
    return CurrencyRate.objects.create(currency=currency, per_usd=per_usd, as_of=as_of, source="ECB")


PAGES = ("/", "/models/{}", "/compare?m={}&m=other")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(
    ("choice", "dollars", "yuan"),
    [
        ("", "$2.50", "¥3.60"),
        ("currency=CNY", "≈\xa0¥18.00", "¥3.60"),
        ("currency=cny", "≈\xa0¥18.00", "¥3.60"),
        ("currency=USD", "$2.50", "≈\xa0$0.50"),
        ("currency=XXX", "$2.50", "¥3.60"),
        ("per=1K", "$0.0025", "¥0.0036"),
        ("per=2", "$2.50", "¥3.60"),
        ("currency=CNY&per=1k", "≈\xa0¥0.018", "¥0.0036"),
    ],
)
def test_every_page_shows_prices_as_chosen(client: Client, path: str, choice: str, dollars: str, yuan: str) -> None:
    rate()

    for name, price in (("dollar-model", dollars), ("yuan-model", yuan)):
        address = path.format(name)
        page = shop.get(client, f"{address}{'&' if '?' in address else '?'}{choice}")
        text = shop.row(page, name) if path == "/" else shop.text_of(page)
        assert f" {price} " in f"{text} ".replace("≈ ", "≈\xa0")


def test_without_a_rate_prices_stay_in_their_own_currency(client: Client) -> None:
    page = shop.get(client, "/?currency=CNY")

    assert "$2.50" in shop.row(page, "dollar-model")
    assert "currency=USD" not in page


def test_the_switches_keep_the_search_and_the_other_choices(client: Client) -> None:
    rate()
    rate("SEK", "10.8")

    page = shop.get(client, "/?q=model&lang=zh&currency=CNY&per=1K")

    assert '<a href="/?q=model&amp;lang=zh&amp;per=1K">原币种</a>' in page
    assert '<a href="/?q=model&amp;lang=zh&amp;currency=CNY&amp;per=1K" aria-current="true">CNY</a>' in page
    assert '<a href="/?q=model&amp;lang=zh&amp;currency=SEK&amp;per=1K">SEK</a>' in page
    assert '<a href="/?q=model&amp;lang=zh&amp;currency=CNY">1M tokens</a>' in page
    assert "/models/dollar-model?lang=zh&amp;currency=CNY&amp;per=1K" in page
    assert '<input type="hidden" name="currency" value="CNY">' in page
    assert "1 USD = 7.2 CNY" in page
    assert "10.8" not in page


def test_a_new_rate_applies_to_the_next_request(client: Client) -> None:
    rate(days_ago=3)
    assert "¥18.00" in shop.row(shop.get(client, "/?currency=CNY"), "dollar-model")

    rate(per_usd="7", days_ago=0)

    assert "¥17.50" in shop.row(shop.get(client, "/?currency=CNY"), "dollar-model")


def test_sorting_and_filters_compare_in_one_currency(client: Client) -> None:
    rate()

    for choice in ("", "&currency=CNY", "&currency=USD", "&per=1K"):
        assert shop.listed(shop.get(client, f"/?sort=price{choice}")) == ["yuan-model", "dollar-model"]
        assert shop.listed(shop.get(client, f"/?price=1{choice}")) == ["yuan-model"]
    assert "≤ ¥7.20" in shop.get(client, "/?currency=CNY")
    assert "≤ $0.001" in shop.get(client, "/?per=1K")


def test_the_history_and_the_calculator_follow_the_choice(client: Client) -> None:
    rate()
    model = world.model("changing")
    for days, amount in ((40, "1"), (20, "2"), (-20, "3")):
        world.price(model, starts_at=timezone.now() - dt.timedelta(days=days), input=amount, output="10")

    page = shop.text_of(shop.get(client, "/models/changing?currency=CNY"))

    assert "$" not in page.partition("Code examples")[0]
    for text in ("¥7.20", "¥14.40", "¥21.60", "≈\xa0¥72.00 per million tokens"):
        assert text in page.replace("≈ ", "≈\xa0")
