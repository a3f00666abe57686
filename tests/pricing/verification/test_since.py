"""Since when a book and our price differ: the oldest document of an unbroken series, or the start of our price."""

import datetime as dt

import pytest
import time_machine

from catalog.models import AIModel
from pricing.verification.since import since_of
from tests import world
from tests.pricing.verification import books

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)


def day(number: int) -> dt.datetime:
    return books.START + number * DAY


def hold(number: int, reader: str, content: bytes) -> None:
    with time_machine.travel(day(number), tick=False):
        books.hold(reader, content)


def since(reader: str = "models_dev") -> dt.datetime:
    row = books.row_of(books.compare(), "gpt-5")
    return since_of([row])[row.model, row.key.token, reader]


@pytest.fixture(autouse=True)
def ours() -> None:
    """We have charged 2.5 since long ago."""
    world.price(world.model("gpt-5"), role="list", input="2.5", output="10")


def test_a_difference_lasts_since_the_oldest_document_of_the_series() -> None:
    for number, amount in enumerate([2.5, 3, 3, 3]):
        hold(number, "models_dev", books.models_dev(gpt_5={"input": amount, "output": 10 + number}))

    assert since() == day(1)


def test_a_break_in_the_series_starts_it_again() -> None:
    for number, amount in enumerate([3, 2.5, 3, 3]):
        hold(number, "models_dev", books.models_dev(gpt_5={"input": amount, "output": 10 + number}))

    assert since() == day(2)


def test_a_document_without_the_model_breaks_the_series() -> None:
    hold(0, "models_dev", books.models_dev(gpt_5={"input": 3}))
    hold(1, "models_dev", books.models_dev(gpt_4={"input": 3}))
    hold(2, "models_dev", books.models_dev(gpt_5={"input": 3, "output": 11}))

    assert since() == day(2)


def test_a_book_with_dates_says_it_itself() -> None:
    prices = [
        {"prices": {"input_mtok": 2.5, "output_mtok": 10}},
        {"constraint": {"start_date": "2026-10-01"}, "prices": {"input_mtok": 3, "output_mtok": 10}},
    ]
    hold(3, "genai_prices", books.genai_prices(gpt_5=prices))

    assert since("genai_prices") == dt.datetime(2026, 10, 1, tzinfo=dt.UTC)


def test_it_is_never_before_the_start_of_our_price() -> None:
    hold(0, "models_dev", books.models_dev(gpt_5={"input": 3}))
    model = AIModel.objects.get(name="gpt-5")
    world.price(model, role="list", input="2", starts_at=day(2))
    # A new sheet with the same figure does not start it again.
    world.price(model, role="list", input="2", output="11", starts_at=day(4))

    assert since() == day(2)
