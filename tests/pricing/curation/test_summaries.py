"""A stored sheet in a line of text, as the admin's lists show it."""

import pytest

from pricing.curation.summaries import in_and_out, summary
from tests import world

pytestmark = pytest.mark.django_db
LONG_PROMPT = [{"dim": "prompt_tokens", "op": "gt", "value": 200_000}]


def test_a_summary_shows_input_and_output_before_all_other_prices() -> None:
    sheet = world.price(world.model(), input__audio="40", input__cache_read="1.25")
    world.line(sheet, "input", "5", conditions=LONG_PROMPT)
    world.line(sheet, "web_search", "0.01", per=1, unit="query")
    world.line(sheet, "output", "10")
    world.line(sheet, "input", "2.5")

    assert summary(sheet) == (
        "Input $2.50 per million tokens · Output $10.00 per million tokens · "
        "Cached input $1.25 per million tokens · 3 more"
    )
    assert in_and_out(sheet) == "$2.50 / $10.00"


def test_free_tokens_beside_a_fee_are_not_free_in_the_admin() -> None:
    sheet = world.price(world.model("rerank-1"), input="0", output="0")
    world.line(sheet, "request", "0.001", per=1, unit="query")

    assert in_and_out(sheet) == "$0.001 per query"


@pytest.mark.parametrize(
    ("side", "amount", "text"),
    [
        ("input", "1", "$1.00 / unknown"),
        ("output", "2", "unknown / $2.00"),
        ("input", "0", "no price yet"),
        ("output", "0", "no price yet"),
    ],
)
def test_half_a_price_is_shown_as_half_a_price(side: str, amount: str, text: str) -> None:
    sheet = world.price(world.model())
    world.line(sheet, side, amount)

    assert in_and_out(sheet) == text


def test_input_alone_is_the_price_of_a_model_whose_output_is_not_charged() -> None:
    sheet = world.price(world.model(supported_endpoint_types=["embeddings"]), input="0.13")

    assert in_and_out(sheet) == "$0.13 per million tokens"


def test_the_admin_shows_every_digit() -> None:
    sheet = world.price(world.model(), input="0.18000000000000002", output="1")

    assert in_and_out(sheet) == "$0.18000000000000002 / $1.00"
