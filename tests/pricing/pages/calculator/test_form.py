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
    """The texts of the result box: the total, then the rows."""
    query = urlencode({key.replace("__", "."): value for key, value in answers.items()})
    page = shop.get(client, f"/models/{name}?{query}" if query else f"/models/{name}")
    return shop.text_of(page.split('id="result"')[1].split("</section>")[0].partition(">")[2])


def test_an_empty_form_shows_an_example(client: Client) -> None:
    shop.tiered()

    assert result(client, "tiered-pro").startswith(
        "$0.0225 Item Quantity Unit price Amount Input 10,000 $1.25 per million"
    )


def test_the_whole_prompt_determines_the_tier(client: Client) -> None:
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


def test_a_meter_that_is_sold_in_two_units_has_a_field_for_each(client: Client) -> None:
    sheet = world.price(world.model("painter"), input="2", output="12", output__image="120")
    world.line(sheet, "output.image", "0.134", unit="image", per=1)
    world.line(sheet, "input.image", "0.0011", unit="image", per=1)

    fields = shop.get(client, "/models/painter").split('id="calculator"')[1]
    for label in ("Image output (tokens)", "Image output (images)", "Image input (images)"):
        assert label in shop.text_of(fields), label
    assert result(client, "painter", **{"u__output.image": "1290"}).startswith("$0.1548 ")
    assert result(client, "painter", **{"u__output.image:image": "1"}).startswith("$0.134 ")
    both = {"u__output.image": "1290", "u__output.image:image": "1", "u__input.image:image": "2"}
    assert result(client, "painter", **both).startswith("$0.291 ")


def test_conditions_of_multipliers_have_fields_too(client: Client) -> None:
    sheet = world.price(world.model("near"), input="2")
    europe = [{"dim": "region", "op": "eq", "value": "eu"}]
    world.line(sheet, "", "1.1", kind="multiplier", unit="", conditions=europe)

    assert result(client, "near", u__input="1000000").startswith("$2.00 ")
    assert result(client, "near", u__input="1000000", f__region="eu").startswith("$2.20 ")


def test_the_number_of_requests_multiplies_the_cost(client: Client) -> None:
    shop.tiered()

    assert result(client, "tiered-pro", u__input="1000", n="1,000").startswith("$1.25 for 1,000 requests; for each")


def test_usage_without_a_price_does_not_cost_zero(client: Client) -> None:
    shop.image_rules()

    answer = result(client, "picture-one", **{"u__output.image": "1", "f__resolution": ""})

    assert answer.startswith("no price for this ")
    assert "$" not in answer


@pytest.mark.parametrize("nonsense", ["-1", "1e99", "NaN", "much", "9" * 20, "1,5"])
def test_an_invalid_number_is_named_and_gives_no_cost(client: Client, nonsense: str) -> None:
    shop.tiered()

    answer = result(client, "tiered-pro", u__input=nonsense, u__output="1000")

    assert answer == f"Input: '{nonsense}' is not a number from 0 to 1,000,000,000,000,000."


def test_the_field_with_an_invalid_number_is_marked(client: Client) -> None:
    shop.tiered()

    page = shop.get(client, "/models/tiered-pro?u.input=1&n=twice&lang=zh")

    assert page.count('aria-invalid="true"') == 1
    assert "“twice”不是 0 到 1,000,000,000,000,000 之间的数字" in page


def test_a_form_without_usage_asks_for_it(client: Client) -> None:
    shop.tiered()

    assert result(client, "tiered-pro", u__input="") == "Enter your usage."


def test_zero_requests_cost_zero(client: Client) -> None:
    shop.tiered()

    assert result(client, "tiered-pro", u__input="1000", n="0").startswith("$0.00 for 0 requests")


def test_models_without_prices_have_no_calculator(client: Client) -> None:
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


def test_input_is_asked_first_where_a_group_has_its_own_price_of_it(client: Client) -> None:
    sheet = world.price(world.model("ours"), input="2", output="8")
    world.line(sheet, "input", "1", position=2, conditions=[{"dim": "group", "op": "eq", "value": "default"}])

    page = shop.get(client, "/models/ours")

    assert 0 < page.index('name="u.input"') < page.index('name="u.output"')
