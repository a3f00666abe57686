"""Problems of prices."""

import datetime as dt

import pytest
from django.utils import timezone

from tests import world as cast
from tests.pricing.curation.checks.found import correct_model, run_all

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _correct() -> None:
    correct_model()
    cast.token()


def test_a_model_without_a_price() -> None:
    cast.model("bare")

    assert run_all() == {"no-price": ["bare: it has no current list or sell price"]}


def test_a_chat_model_without_an_output_price() -> None:
    cast.price(cast.model("half"), input="2.5")
    cast.price(cast.model("other-half"), output="10")
    cast.price(cast.model("given-away"), input="2.5", output="0")
    cast.line(cast.price(cast.model("speaking"), input="2.5"), "output.audio", "80")
    for name, types in (
        ("vectors", ["embeddings"]),
        ("ranks", ["jina-rerank"]),
        ("listener", ["audio-transcription"]),
        ("clips", ["openai-video"]),
        ("omni-moderation-latest", ["openai"]),
        ("titan-embed", ["openai"]),
    ):
        cast.price(cast.model(name, supported_endpoint_types=types), input="0.1")
    cast.line(cast.price(cast.model("painter", output_modalities=["image"]), input="5"), "output.image", "40")
    cast.line(cast.price(cast.model("caller")), "request", "0.04", per=1, unit="request")
    cast.line(cast.price(cast.model("auto")), "", None, kind="dynamic", unit="")

    assert run_all() == {
        "no-output-price": [
            "given-away: its input is paid, and its output costs 0",
            "half: its input has a price, and its output has none",
            "other-half: its output has a price, and its input has none",
            "speaking: its input has a price, and its output has none",
        ]
    }


def test_the_placeholder_of_other_gateways() -> None:
    cast.price(cast.model("unset"), input="75", output="75")

    assert run_all()["placeholder-price"] == ["unset: input and output cost $75 per million tokens"]


def test_a_price_of_0_unless_the_model_is_marked_as_free() -> None:
    for name, tags in (("gift", []), ("gift:free", []), ("tagged", ["Free"])):
        cast.price(cast.model(name, tags=tags), input="0", output="0")

    assert run_all() == {"costs-nothing": ["gift: all of its prices are 0"]}


def test_a_price_far_from_the_same_model_under_another_id() -> None:
    cast.price(cast.model("far-one"), input="2.5", output="10")
    cast.price(cast.model("azure/far-one"), input="50", output="40")

    assert run_all() == {
        "far-from-same-model": [
            "azure/far-one: Input ($50.00 per million tokens) is 20 times higher than far-one ($2.50)",
            "far-one: Input ($2.50 per million tokens) is 20 times lower than azure/far-one ($50.00)",
        ]
    }


def test_unusual_prices_and_limits() -> None:
    model = cast.model("odd", context_length=1000, max_output_tokens=2000)
    cast.price(model, input="1", output="2", input__cache_read="3")

    assert {name: len(sentences) for name, sentences in run_all().items()} == {"odd-price": 1, "odd-limits": 1}


def test_a_currency_without_a_rate() -> None:
    cast.price(cast.model("yuan"), input="1", output="2", currency="CNY")

    assert run_all() == {"no-currency-rate": ["yuan: its price is in CNY"]}


def test_price_lines_without_a_unit() -> None:
    sheet = cast.price(cast.model("early"), input="1", output="2")
    cast.line(sheet, "x.litellm.fedramp_uplift_multiplier", "1.1", unit="", per=1)
    cast.line(sheet, "x.litellm.input_dbu_cost_per_token", "1", facts={"currency": "DBU"})

    named = "x.litellm.fedramp_uplift_multiplier, x.litellm.input_dbu_cost_per_token"
    assert run_all() == {"no-unit": [f"{sheet}: {named}"]}


def test_a_price_below_cost() -> None:
    model = correct_model("loss")
    cast.price(model, role="cost", input="3", output="9")

    assert run_all() == {"below-cost": ["loss: Input: sold at $2.50, costs $3.00 per million tokens"]}


def test_a_price_in_another_unit_than_the_list_price() -> None:
    model = correct_model("slip")
    cast.price(model, role="list", input="0.0025", output="10")

    assert run_all() == {"far-from-list": ["slip: Input: sold at $2.50, listed at $0.0025 per million tokens"]}


def test_a_model_that_starts_later_needs_a_price_at_its_start() -> None:
    start = timezone.now() + dt.timedelta(days=2)
    cast.model("bare", starts_at=start)
    cast.price(cast.model("ready", starts_at=start), input="1", output="2", starts_at=start - dt.timedelta(days=1))

    (finding,) = run_all()["start-without-price"]
    assert finding.startswith("bare: it starts on ")
    assert "no-price" not in run_all()


def test_a_price_for_a_group_that_does_not_exist() -> None:
    cast.token_group("vip")
    sheet = cast.price(cast.model("odd"), input="2.5", output="10")
    cast.line(sheet, "input", "2", conditions=[{"dim": "group", "op": "in", "value": ["vip", "VIP", "官转"]}])

    assert run_all() == {"unknown-group": [f"{sheet}: VIP, 官转"]}
