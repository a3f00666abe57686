"""The calculator on a model's page: the form's answers go to the same rule as POST /api/pricing/quote."""

from decimal import Decimal
from urllib.parse import urlencode

import pytest
from django.test import Client

from catalog.exact import read_json, write_json
from pricing.engine.formatting.amounts import short_money
from tests import world
from tests.pricing.pages import shop

pytestmark = pytest.mark.django_db


def result(client: Client, name: str, **answers: str) -> str:
    """What stands in the box: the total, then the rows."""
    query = urlencode({key.replace("__", "."): value for key, value in answers.items()})
    page = shop.get(client, f"/models/{name}?{query}" if query else f"/models/{name}")
    return shop.text_of(page.split('id="result"')[1].split("</section>")[0].partition(">")[2])


def test_an_example_stands_there_before_anybody_asks(client: Client) -> None:
    shop.tiered()

    assert result(client, "tiered-pro").startswith(
        "$0.0225 Item Quantity Unit price Amount Input 10,000 $1.25 per million"
    )


def test_the_tier_follows_from_the_whole_prompt(client: Client) -> None:
    shop.tiered()
    at_the_boundary = {"u__input": "150000", "u__input.cache_read": "50000", "u__output": "1000"}

    below = result(client, "tiered-pro", **at_the_boundary)
    above = result(client, "tiered-pro", **(at_the_boundary | {"u__input.cache_read": "50001"}))

    assert below.startswith("$0.20375 ")
    assert "Input 150,000 $2.50 per million tokens, prompt above 200,000 tokens $0.375" in above
    assert above.startswith("$0.396250125 ")


def test_choices_are_conditions(client: Client) -> None:
    shop.tiered()
    shop.image_rules()

    assert result(client, "tiered-pro", u__input="1000000", f__service_tier="batch").startswith("$0.625 ")
    assert result(client, "picture-one").startswith("$0.04 ")
    assert result(
        client, "picture-one", **{"u__output.image": "3", "f__capability_bucket": "t2i", "f__resolution": "4K"}
    ).startswith("$0.48 ")


def test_what_a_multiplier_hangs_on_is_asked_too(client: Client) -> None:
    sheet = world.price(world.model("near"), input="2")
    europe = [{"dim": "region", "op": "eq", "value": "eu"}]
    world.line(sheet, "", "1.1", kind="multiplier", unit="", conditions=europe)

    assert result(client, "near", u__input="1000000").startswith("$2.00 ")
    assert result(client, "near", u__input="1000000", f__region="eu").startswith("$2.20 ")


def test_many_requests_cost_as_many_times(client: Client) -> None:
    shop.tiered()

    assert result(client, "tiered-pro", u__input="1000", n="1,000").startswith("$1.25 for 1,000 requests; for each")


def test_what_has_no_price_is_not_shown_as_nothing(client: Client) -> None:
    shop.image_rules()

    answer = result(client, "picture-one", **{"u__output.image": "1", "f__resolution": "9K"})

    assert answer.startswith("no price for this ")
    assert "$" not in answer


@pytest.mark.parametrize("nonsense", ["-1", "1e99", "NaN", "much", "9" * 20, "1,5"])
def test_nonsense_is_named_and_comes_to_no_price(client: Client, nonsense: str) -> None:
    shop.tiered()

    answer = result(client, "tiered-pro", u__input=nonsense, u__output="1000")

    assert answer == f"Input: '{nonsense}' is not a number from 0 to 1,000,000,000,000,000."


def test_the_field_with_nonsense_is_marked(client: Client) -> None:
    shop.tiered()

    page = shop.get(client, "/models/tiered-pro?u.input=1&n=twice&lang=zh")

    assert page.count('aria-invalid="true"') == 1
    assert "“twice”不是 0 到 1,000,000,000,000,000 之间的数字" in page


def test_an_empty_form_is_asked_for(client: Client) -> None:
    shop.tiered()

    assert result(client, "tiered-pro", u__input="") == "Enter your usage."


def test_no_request_costs_nothing(client: Client) -> None:
    shop.tiered()

    assert result(client, "tiered-pro", u__input="1000", n="0").startswith("$0.00 for 0 requests")


def test_models_without_figures_have_no_calculator(client: Client) -> None:
    world.model("unpriced")
    world.line(world.price(world.model("dynamic")), "", None, kind="dynamic")

    for name in ("unpriced", "dynamic"):
        assert 'id="calculator"' not in shop.get(client, f"/models/{name}")


def test_the_page_and_the_api_agree(client: Client) -> None:
    shop.tiered()
    usage = {"input": 250_000, "output": 77, "input.cache_read": 12_345}

    answer = client.post(
        "/api/pricing/quote", write_json({"model": "tiered-pro", "usage": usage}), content_type="application/json"
    )
    page = result(client, "tiered-pro", **{f"u__{meter}": str(number) for meter, number in usage.items()})

    assert answer.status_code == 200, answer.content
    assert page.startswith(short_money(Decimal(read_json(answer.content)["amount"])) + " ")
