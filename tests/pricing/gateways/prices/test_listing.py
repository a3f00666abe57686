"""The price list of the running gateway beside the database and the rules."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

from pricing.gateways.prices.listing import read_listing
from pricing.gateways.prices.new_api import price
from pricing.gateways.prices.price import Price
from pricing.gateways.reading.gateway import Gateway
from tests.pricing.gateways.prices.gateways import channel, gateway

RATIOS = {"quota_type": 0, "model_ratio": 1, "completion_ratio": 1, "model_price": 0}


def listed(gateway: Gateway, **rows: dict[str, Any]) -> Gateway:
    """The gateway with a price list of these rows, by model."""
    data = [{"model_name": name, "enable_groups": ["all"], **row} for name, row in rows.items()]
    return replace(gateway, listing=read_listing(json.dumps({"success": True, "data": data}).encode()))


def differences(price: Price) -> list[str]:
    return list(map(str, price.differences))


def test_the_list_wins_and_the_difference_is_named() -> None:
    stored = gateway(ModelRatio={"m": 1}, CompletionRatio={"m": 4})

    charged = price("m", listed(stored, m={**RATIOS, "completion_ratio": 6}))

    assert charged.row == {"quota_type": 0, "model_ratio": 1, "completion_ratio": 6}
    assert differences(charged) == ["completion_ratio 4 -> 6"]
    assert charged.rules["completion_ratio"] == "listed by the running gateway"


def test_a_model_that_is_not_listed_keeps_the_price_of_the_database() -> None:
    stored = gateway(ModelRatio={"m": 1})
    assert price("m", listed(stored, other=RATIOS)) == price("m", stored)


def test_the_last_digits_of_a_double_are_no_difference() -> None:
    stored = gateway(ModelRatio={"gemini-2.5-flash": Decimal("0.15")})
    charged = price(
        "gemini-2.5-flash",
        listed(stored, **{"gemini-2.5-flash": {**RATIOS, "model_ratio": 0.15, "completion_ratio": 2.5 / 0.3}}),
    )
    assert charged.differences == ()


def test_a_placeholder_is_no_price_unless_the_database_has_it() -> None:
    placeholder = {**RATIOS, "model_ratio": 37.5}
    unset = price("m", listed(gateway(ModelRatio={}), m=placeholder))
    assert (unset.row, unset.differences) == ({}, ())
    assert price("m", listed(gateway(ModelRatio={"m": Decimal("37.5")}), m=placeholder)).row["model_ratio"] == Decimal(
        "37.5"
    )
    removed = price("m", listed(gateway(ModelRatio={"m": 1}), m=placeholder))
    assert (removed.row, differences(removed)) == ({}, ["model_ratio 1 -> none", "completion_ratio 1 -> none"])
    assert removed.refusal == "the running gateway lists no price for it"
    assert price("m", listed(gateway(ModelRatio={}, SelfUseModeEnabled=True), m=placeholder)).row[
        "model_ratio"
    ] == Decimal("37.5")


def test_a_list_of_an_older_version_leaves_the_ratios_that_it_does_not_have() -> None:
    stored = gateway(ModelRatio={"m": 1, "n": 1}, CacheRatio={"m": Decimal("0.1")})
    older = price("m", listed(stored, m=RATIOS))
    newer = price("m", listed(stored, m=RATIOS, n={**RATIOS, "cache_ratio": 0.5}))
    assert (older.row["cache_ratio"], older.differences) == (Decimal("0.1"), ())
    assert ("cache_ratio" in newer.row, differences(newer)) == (False, ["cache_ratio 0.1 -> none"])


def test_a_free_call_a_free_model_and_an_expression_are_read() -> None:
    stored = gateway(ModelRatio={"m": 1})
    assert price("m", listed(stored, m={**RATIOS, "quota_type": 1})).row == {"quota_type": 1, "model_price": 0}
    assert price("m", listed(stored, m={**RATIOS, "model_ratio": 0})).row["model_ratio"] == 0
    by_expression = {**RATIOS, "billing_mode": "tiered_expr", "billing_expr": "p * 2"}
    charged = price("m", listed(stored, m=by_expression))
    assert charged.row == {"billing_mode": "tiered_expr", "billing_expr": "p * 2"}
    assert differences(charged)[-1] == "billing_expr none -> p * 2"
    assert charged.use_factors == {}


def test_an_expression_stays_if_the_list_has_no_expressions() -> None:
    options: dict[str, Any] = {
        "billing_setting.billing_mode": {"m": "tiered_expr"},
        "billing_setting.billing_expr": {"m": "p * 2"},
    }
    assert price("m", listed(gateway(**options), m=RATIOS)).row["billing_expr"] == "p * 2"


def test_cache_writes_follow_the_listed_price() -> None:
    stored = gateway(ModelRatio={"m": 1}, ModelPrice={"call": 1})
    rows = {"m": {**RATIOS, "create_cache_ratio": 3}, "call": RATIOS}
    assert price("m", listed(stored, **rows)).use_factors == {"input.cache_write[1h]": Decimal("1.6")}
    assert price("call", listed(stored, **rows)).use_factors["input.cache_write"] == Decimal("1.25")


def test_listed_ratios_are_in_the_units_of_the_gateway() -> None:
    stored = gateway(ModelRatio={"m": 1}, QuotaPerUnit=1_000_000)
    charged = price("m", listed(stored, m={**RATIOS, "model_ratio": 3}))
    assert (charged.row["model_ratio"], differences(charged)) == (Decimal("1.5"), ["model_ratio 1 -> 3"])


def test_veloera_lists_the_price_of_a_name_and_charges_that_of_its_target() -> None:
    stored = gateway(channel(1, "a", upstream_names={"a": "b"}), program="Veloera", ModelRatio={"a": 2, "b": 3})
    charged = price("a", listed(stored, a={**RATIOS, "model_ratio": 2}))
    assert (charged.row["model_ratio"], charged.differences) == (3, ())
