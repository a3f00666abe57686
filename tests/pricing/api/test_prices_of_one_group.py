"""A price for one group is shown to its readers as their price, without a condition."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from catalog.prices import Line, Sheet
from tests import world
from tests.pricing.pages import shop

pytestmark = pytest.mark.django_db


def own_price(op: str = "eq", value: Any = "default") -> None:
    sheet = world.price(world.model("acme-chat"), input="2", output="4")
    world.line(sheet, "input", "1", conditions=({"dim": "group", "op": op, "value": value},))


@pytest.mark.parametrize(("op", "value"), [("eq", "default"), ("in", ["vip", "default"]), ("ne", "vip")])
def test_the_list_the_page_and_a_quote_say_the_same(client: Client, op: str, value: Any) -> None:
    own_price(op, value)
    row = client.get("/api/pricing").json()["data"][0]
    body = {"model": "acme-chat", "usage": {"input": 1_000_000}}
    quoted = client.post("/api/pricing/quote", body, content_type="application/json").json()
    page = shop.get(client, "/models/acme-chat?u.input=1000000")

    assert (row["model_ratio"], row["completion_ratio"]) == (0.5, 4)
    assert not row.keys() & {"billing_expr", "prices"}
    assert quoted["amount"] == "1"
    assert shop.text_of(page.split('id="result"')[1].partition(">")[2]).startswith("$1.00 ")
    assert "$2.00" not in page


def test_a_price_for_all_other_groups_does_not_apply(client: Client) -> None:
    own_price("ne", "default")

    row = client.get("/api/pricing").json()["data"][0]

    assert (row["model_ratio"], "prices" in row) == (1, False)


def test_a_discount_of_the_group_is_its_discount(client: Client) -> None:
    sheet = world.price(world.model("gpt-4o"), input="2", output="8")
    world.line(sheet, "", "0.5", kind="multiplier", conditions=[{"dim": "group", "op": "eq", "value": "default"}])

    assert client.get("/api/pricing").json()["data"][0]["discount"] == 0.5


def test_readers_of_several_groups_see_whose_price_it_is() -> None:
    condition = {"dim": "group", "op": "eq", "value": "vip"}
    lines = (Line("input", Decimal(2)), Line("input", Decimal(1), conditions=(condition,)))

    assert Sheet("USD", lines).seen_by({"vip", "default"}).lines == lines
    assert Sheet("USD", lines).seen_by({"vip"}).lines == (Line("input", Decimal(1)),)


@pytest.mark.parametrize(("op", "value"), [("eq", ["vip"]), ("in", "vip"), ("gt", "vip")])
def test_an_invalid_group_condition_applies_to_no_group(op: str, value: Any) -> None:
    line = Line("input", Decimal(1), conditions=({"dim": "group", "op": op, "value": value},))

    assert Sheet("USD", (line,)).seen_by({"vip"}).lines == ()
