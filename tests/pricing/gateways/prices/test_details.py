"""Details of a gateway's price that rows of new-api's price lists have no field for."""

import datetime as dt
from decimal import Decimal
from typing import Any

from catalog.prices import Line, Sheet
from pricing.engine.quoting import Use, quote
from pricing.gateways.prices.details import with_details

AT = dt.datetime(2026, 11, 29, tzinfo=dt.UTC)
TOKENS = Sheet(
    "USD",
    (
        Line("input", Decimal(2), 1_000_000, "token"),
        Line("output", Decimal(8), 1_000_000, "token"),
        Line("input.cache_read", Decimal("0.2"), 1_000_000, "token"),
    ),
)
CALL = Sheet("USD", (Line("request", Decimal("0.5"), 1, "request"),))


def charge(sheet: Sheet, group: str, **usage: int) -> Decimal | None:
    uses = {name.replace("__", "."): Use(Decimal(number)) for name, number in usage.items()}
    return quote(sheet.seen_by({group}), uses, {"group": group}, at=AT).amount


def in_vip(sheet: Sheet, **row: Any) -> Sheet:
    return with_details(sheet, {"group_prices": {"vip": row}})


def test_the_price_of_a_group_replaces_all_common_ones() -> None:
    sheet = in_vip(TOKENS, quota_type=0, model_ratio=3, completion_ratio=2)
    million = {"input": 1_000_000, "output": 1_000_000, "input__cache_read": 1_000_000}
    assert charge(sheet, "default", **million) == Decimal("10.2")
    assert charge(sheet, "vip", **million) == 6 + 12 + 6


def test_a_group_may_pay_by_the_call_where_others_pay_by_the_token() -> None:
    calls = in_vip(TOKENS, quota_type=1, model_price=Decimal("0.5"))
    tokens = in_vip(CALL, quota_type=0, model_ratio=3, completion_ratio=2)
    assert charge(calls, "vip", input=1_000_000, output=5) == Decimal("0.5")
    assert charge(calls, "default", input=1_000_000) == 2
    assert charge(tokens, "vip", input=1_000_000) == 6
    assert charge(tokens, "default", input=1_000_000) == Decimal("0.5")


def test_a_rule_is_a_fact_of_the_line_that_it_is_about() -> None:
    sheet = with_details(TOKENS, {"rules": {"completion_ratio": "by a rule", "input.cache_write": "by default"}})
    assert {line.meter: dict(line.facts) for line in sheet.lines} == {
        "input": {},
        "output": {"price_rule": "by a rule"},
        "input.cache_read": {},
    }


def test_audio_in_dollars_is_a_line_and_factors_of_uses_are_facts() -> None:
    factors = {"input.cache_write": Decimal("1.25"), "input.cache_write[1h]": Decimal(2)}
    sheet = with_details(TOKENS, {"audio_input": 3, "use_factors": factors})
    assert charge(sheet, "default", input__audio=1_000_000) == 3
    uses = {
        name: Use(Decimal(1_000_000))
        for name in ("input.cache_write", "input.cache_write[1h]", "input.cache_write[5m]")
    }
    assert [charge.amount for charge in quote(sheet, uses, {}, at=AT).charges] == [Decimal("2.5"), 4, Decimal("2.5")]
