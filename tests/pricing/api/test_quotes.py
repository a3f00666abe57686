"""POST /api/pricing/quote: the exact price of a usage, with the rule of every line."""

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from pricing.models import DiscountRule
from tests import world

pytestmark = pytest.mark.django_db


def post(client: Client, body: Any, **headers: str) -> Any:
    document = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post("/api/pricing/quote", document, content_type="application/json", headers=headers)


def test_a_quote_names_every_line_and_what_set_it(client: Client) -> None:
    model = world.model("gpt-4o")
    sheet = world.price(model, role="list", input="2.5", output="10")
    world.line(sheet, "input", "5", conditions=[{"dim": "prompt_tokens", "op": "gt", "value": 1000}])
    DiscountRule.objects.create(all_models=True, multiplier=Decimal("0.5"), starts_at=world.LONG_AGO)
    world.rate(world.token_group(), "0.9")
    answer = post(client, {"model": "gpt-4o", "usage": {"input": 1001, "output": 10, "input.cache_read": 1}})
    assert answer.status_code == 200, answer.content
    document = answer.json()
    assert (document["amount"], document["currency"], document["group"]) == ("0.0022995", "USD", "default")
    assert document["lines"][0] == {
        "meter": "input",
        "quantity": "1001",
        "state": "priced",
        "amount": "0.00225225",
        "price": "5",
        "per": 1000000,
        "unit": "token",
        "rule": {
            "meter": "input",
            "conditions": [{"dim": "prompt_tokens", "op": "gt", "value": 1000}],
            "multipliers": [
                {"multiplier": "0.5", "rule": "discount for all models"},
                {"multiplier": "0.9", "rule": "group default"},
            ],
        },
    }
    assert document["lines"][2]["rule"]["meter"] == "input"
    assert answer["cache-control"] == "no-store"


def test_a_quote_is_for_the_price_of_its_moment(client: Client) -> None:
    model = world.model("gpt-4o")
    world.price(model, input="2")
    world.price(model, input="1", starts_at=dt.datetime(2030, 1, 1, tzinfo=dt.UTC))
    usage = {"input": 1_000_000}
    assert post(client, {"model": "gpt-4o", "usage": usage}).json()["amount"] == "2"
    later = post(client, {"model": "gpt-4o", "usage": usage, "at": "2030-01-01T08:00:00+08:00"}).json()
    assert (later["amount"], later["at"]) == ("1", "2030-01-01T00:00:00Z")


def test_the_facts_of_the_request_select_the_price(client: Client) -> None:
    sheet = world.price(world.model("gpt-4o"), input="2")
    world.line(sheet, "input", "1", conditions=[{"dim": "service_tier", "op": "eq", "value": "flex"}])
    body = {"model": "gpt-4o", "usage": {"input": 1_000_000}, "request": {"service_tier": "flex"}}
    assert post(client, body).json()["amount"] == "1"


def test_a_key_is_quoted_its_own_groups_rate(client: Client) -> None:
    channel = world.channel("main")
    world.price(world.model("gpt-4o", on=channel), input="2")
    vip = world.token_group("vip")
    vip.channels.add(channel)
    world.rate(vip, "0.5")
    body = {"model": "gpt-4o", "usage": {"input": 1_000_000}}
    assert post(client, body | {"group": "vip"}).status_code == 400
    key = {"authorization": f"Bearer {world.key('vip')}"}
    assert post(client, body, **key).json()["amount"] == "1"
    assert (
        post(client, body | {"group": "nobody"}).json()["error"]["message"].replace("nobody", "vip")
        == (post(client, body | {"group": "vip"}).json()["error"]["message"])
    )


def test_hidden_and_missing_models_get_the_same_response(client: Client) -> None:
    world.price(world.model("hidden", on=None), input="2")
    answers = [post(client, {"model": name, "usage": {"input": 1}}) for name in ("hidden", "absent")]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content.replace(b"hidden", b"absent")[:80] == answers[1].content[:80]


def test_a_dynamic_price_has_no_amount(client: Client) -> None:
    sheet = world.price(world.model("auto"))
    world.line(sheet, "input", None, kind="dynamic")
    document = post(client, {"model": "auto", "usage": {"input": 5}}).json()
    assert (document["amount"], document["lines"][0]["state"]) == (None, "dynamic")


def test_a_model_without_a_price_has_no_amount_either(client: Client) -> None:
    world.price(world.model("later"), input="2", starts_at=dt.datetime(2030, 1, 1, tzinfo=dt.UTC))
    answer = post(client, {"model": "later", "usage": {"input": 5, "output": 1}})
    assert answer.status_code == 200
    document = answer.json()
    assert (document["amount"], document["currency"]) == (None, "USD")
    assert [(line["state"], line["amount"]) for line in document["lines"]] == [("unpriced", None)] * 2


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[1]",
        b'{"model": "gpt-4o", "usage": {"input": NaN}}',
        b'{"model": "gpt-4o", "model": "gpt-4o", "usage": {"input": 1}}',
        b'{"model": "gpt-4o", "usage": {"input": 1e999999999}}',
        b"\xff",
        b"[" * 100_000,
        {"model": 5, "usage": {"input": 1}},
        {"usage": {"input": 1}},
        {"model": "gpt-4o"},
        {"model": "gpt-4o", "usage": {}},
        {"model": "gpt-4o", "usage": {"input": -1}},
        {"model": "gpt-4o", "usage": {"input": True}},
        {"model": "gpt-4o", "usage": {"input": "1"}},
        {"model": "gpt-4o", "usage": {"input": 0.0000001}},
        {"model": "gpt-4o", "usage": {"input": 10**16}},
        {"model": "gpt-4o", "usage": {"tokens": 1}},
        {"model": "gpt-4o", "usage": {"input": {"quantity": 1, "unit": "stone"}}},
        {"model": "gpt-4o", "usage": {"input": 1}, "at": "yesterday"},
        {"model": "gpt-4o", "usage": {"input": 1}, "at": 5},
        {"model": "gpt-4o", "usage": {"input": 1}, "request": []},
        {"model": "gpt-4o", "usage": {"input": 1}, "request": {"service_tier": ["flex"]}},
        {"model": "gpt-4o", "usage": {"input": 1}, "request": {"body": {"a": {"b": "c"}}, "prompt_tokens": None}},
        {"model": "gpt-4o", "usage": {"input": 1}, "request": {"headers": "speed: fast"}},
        {"model": "gpt-4o", "usage": {"input": 1}, "request": {"body": True}},
        {"model": "gpt-4o", "usage": {"input": {"quantity": 1, "units": "second"}}},
        {"model": "gpt-4o", "usage": {"input": 1}, "tokens": 5},
        b" " * (1024 * 1024 + 1),
    ],
)
def test_an_invalid_question_is_refused_with_one_message(client: Client, body: Any) -> None:
    world.price(world.model("gpt-4o"), input="2")
    answer = post(client, body)
    assert answer.status_code == 400, answer.content
    message = answer.json()["error"]["message"]
    assert message.endswith(".")
    assert answer.json()["message"] == message


def test_only_post_is_allowed(client: Client) -> None:
    assert client.get("/api/pricing/quote").status_code == 405
