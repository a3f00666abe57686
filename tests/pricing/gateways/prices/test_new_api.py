from pricing.gateways.prices.new_api import price


def test_a_price_per_call_takes_precedence_over_ratios() -> None:
    options = {"ModelPrice": {"m": 0}, "ModelRatio": {"m": 1}}

    assert price("m", options) == {"quota_type": 1, "model_price": 0}


def test_an_expression_takes_precedence_over_all_numbers() -> None:
    options = {
        "billing_setting.billing_mode": {"m": "tiered_expr"},
        "billing_setting.billing_expr": {"m": "p * 2"},
        "ModelPrice": {"m": 0.5},
    }

    assert price("m", options) == {"billing_mode": "tiered_expr", "billing_expr": "p * 2"}


def test_ratios_are_converted_from_the_units_that_the_gateway_counts_in() -> None:
    assert price("m", {"ModelRatio": {"m": 1}, "QuotaPerUnit": 1_000_000})["model_ratio"] == 0.5
