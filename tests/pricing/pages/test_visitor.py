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

    html = shop.get(client, "/models/changing?currency=CNY")
    # What the head says to programs stays as published.
    page = shop.text_of(html[html.index("<main") :])

    assert "$" not in page.partition("Code examples")[0]
    for text in ("¥7.20", "¥14.40", "¥21.60", "≈\xa0¥72.00 per million tokens"):
        assert text in page.replace("≈ ", "≈\xa0")


def test_columns_are_added_and_kept_by_every_link(client: Client) -> None:
    model = world.model("known", max_output_tokens=16_384, knowledge_cutoff="2025-06", open_weights=True)
    world.price(model, input="2", output="4", input__cache_read="0.5")

    # As the boxes of the form send them, and as links have them.
    for query in ("cols=weights&cols=cached&cols=nonsense", "cols=cached.weights", "cols=weights.cached"):
        page = shop.get(client, f"/?{query}&q=known")
        assert shop.row(page, "known").endswith("$2.00 $4.00 $0.50 yes")
        assert '<a href="/?q=known&amp;sort=cached&amp;cols=cached.weights">Cached input</a>' in page
        assert 'href="/models/known?cols=cached.weights"' in page
        assert 'name="cols" value="cached" checked' in page
        assert 'name="cols" value="released">' in page
        # The boxes say it in the form of the search.
        assert page.count('type="hidden" name="cols"') == 1
    assert "data-label" not in shop.get(client, "/?cols=nonsense")
    assert '<a href="/?cols=cached">' in shop.get(client, "/models/known?cols=cached")


def test_the_list_is_sorted_by_added_columns(client: Client) -> None:
    for name, cutoff, is_open, longest in (("a", "2024", False, 9), ("b", "2025-06", True, 5), ("c", "", None, None)):
        world.model(name, knowledge_cutoff=cutoff, open_weights=is_open, max_output_tokens=longest)

    def order(sort: str) -> list[str]:
        return [name for name in shop.listed(shop.get(client, f"/?sort={sort}")) if len(name) == 1]

    assert order("knowledge") == ["b", "a", "c"]
    assert order("-knowledge") == ["a", "b", "c"]
    assert order("weights") == ["b", "a", "c"]
    assert order("max_output") == ["a", "b", "c"]
    assert order("-max_output") == ["b", "a", "c"]


def test_the_vendor_of_a_row_leads_to_its_models(client: Client) -> None:
    page = shop.get(client, "/?lang=en")

    link = page.partition('<a href="/?vendor=openai&amp;lang=en">')[2].partition("</a>")[0]
    # Behind the icon, which screen readers skip.
    assert link.endswith("</span> Openai")
