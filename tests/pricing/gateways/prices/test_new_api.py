"""What a gateway of new-api's family charges: expressions, rules, channels and the rates of groups."""

from decimal import Decimal
from typing import Any

from pricing.gateways.prices.new_api import price
from tests.pricing.gateways.prices.gateways import channel, gateway


def test_a_price_per_call_takes_precedence_over_ratios() -> None:
    assert price("m", gateway(ModelPrice={"m": 0}, ModelRatio={"m": 1})).row == {"quota_type": 1, "model_price": 0}


def test_an_expression_takes_precedence_over_all_numbers() -> None:
    options: dict[str, Any] = {
        "billing_setting.billing_mode": {"m": "tiered_expr"},
        "billing_setting.billing_expr": {"m": "p * 2"},
        "ModelPrice": {"m": Decimal("0.5")},
    }

    assert price("m", gateway(**options)).row == {"billing_mode": "tiered_expr", "billing_expr": "p * 2"}


def test_a_model_that_is_billed_by_a_missing_expression_is_refused() -> None:
    options: dict[str, Any] = {"billing_setting.billing_mode": {"m": "tiered_expr", "n": "ratio"}}
    refused = price("m", gateway(**options, ModelRatio={"m": 1, "n": 1}))
    assert (refused.row, "by an expression and has none" in refused.refusal) == ({}, True)
    assert price("n", gateway(**options, ModelRatio={"m": 1, "n": 1})).row["model_ratio"] == 1


def test_ratios_are_converted_from_the_units_that_the_gateway_counts_in() -> None:
    own_units = price("m", gateway(ModelRatio={"m": 1}, QuotaPerUnit=1_000_000))
    assert own_units.row["model_ratio"] == Decimal("0.5")
    built_in = price("gpt-4o", gateway(QuotaPerUnit=250_000))
    assert (built_in.row["model_ratio"], built_in.row["completion_ratio"]) == (Decimal("2.5"), 4)


def test_an_output_price_comes_from_the_rule_of_the_program() -> None:
    charged = price(
        "gpt-5-acme", gateway(ModelRatio={"gpt-5-acme": Decimal("0.625")}, CompletionRatio={"gpt-5-acme": 5})
    )

    assert charged.row["completion_ratio"] == 8
    assert charged.rules["completion_ratio"] == (
        "by new-api's fixed rule for names that begin with gpt-5, in place of the stored 5"
    )
    assert "model_ratio" not in charged.rules


def test_a_refused_model_has_no_price_and_a_reason() -> None:
    refused = price("acme-x", gateway(ModelRatio={}))
    assert (refused.row, refused.use_factors) == ({}, {})
    assert "refuses its calls" in refused.refusal


def test_cache_writes_without_a_ratio_cost_more_than_input() -> None:
    plain = price("m", gateway(ModelRatio={"m": 1}))
    stored = price("m", gateway(ModelRatio={"m": 1}, CreateCacheRatio={"m": 2}))
    free = price("m", gateway(ModelRatio={"m": 0}))
    assert plain.use_factors == {"input.cache_write": Decimal("1.25"), "input.cache_write[1h]": Decimal(2)}
    assert stored.use_factors == {"input.cache_write[1h]": Decimal("1.6")}
    assert free.use_factors == {}


def test_audio_output_without_a_ratio_costs_what_audio_input_costs() -> None:
    charged = price("m", gateway(ModelRatio={"m": 1}, CompletionRatio={"m": 4}, AudioRatio={"m": 16}))
    assert (charged.row["audio_ratio"], charged.row["audio_completion_ratio"]) == (16, 1)
    assert charged.rules["audio_completion_ratio"] == "by new-api's default for audio"


def test_some_models_have_a_built_in_price_of_audio_in_dollars() -> None:
    assert price("gemini-2.5-flash", gateway()).audio_input == 1
    assert price("gemini-2.5-flash", gateway(ModelPrice={"gemini-2.5-flash": 1})).audio_input is None


def test_a_mapped_model_of_new_api_costs_what_its_own_name_costs() -> None:
    mapped = channel(1, "a", upstream_names={"a": "b"})
    ratios = {"a": 2, "b": 3}
    assert price("a", gateway(mapped, ModelRatio=ratios)).row["model_ratio"] == 2
    assert price("a", gateway(mapped, program="Veloera", ModelRatio=ratios)).row["model_ratio"] == 3
    assert price("a", gateway(mapped, program="one-api", ModelRatio=ratios)).row["model_ratio"] == 3


def test_the_enabled_channel_with_the_highest_priority_sets_the_price() -> None:
    ratios = {"m": 1, "m(14)": 2, "m(33)": 3}
    channels = (
        channel(1, "m", type_number=1, priority=10),
        channel(2, "m", type_number=14, priority=20, enabled=False),
        channel(3, "m", type_number=33, priority=15),
        channel(4, "m", type_number=33, priority=5),
    )

    charged = price("m", gateway(*channels, program="one-api", ModelRatio=ratios))

    assert charged.row["model_ratio"] == 3
    assert charged.others == ("channel 1: model_ratio 1, completion_ratio 1",)


def test_a_group_pays_what_the_channel_that_serves_it_first_charges() -> None:
    channels = (
        channel(1, "m", priority=10, groups=("default", "vip"), upstream_names={"m": "a"}),
        channel(2, "m", groups=("vip", "svip"), upstream_names={"m": "b"}),
    )

    charged = price("m", gateway(*channels, program="Veloera", ModelRatio={"a": 2, "b": 3}))

    assert charged.row["model_ratio"] == 2
    assert charged.group_prices == {"svip": {"quota_type": 0, "model_ratio": 3, "completion_ratio": 1}}
    assert charged.others == ("channel 2: model_ratio 3, completion_ratio 1",)


def test_a_rate_of_a_model_in_a_group_is_looked_up_as_ratios_are() -> None:
    rates = {"vip": {"gpt-4-gizmo-*": Decimal("0.3")}, "free of charge": {"gpt-4-gizmo-*": 0}, "odd": {"m": "x"}}
    charged = price("gpt-4-gizmo-abc", gateway(ModelRatio={"gpt-4-gizmo-*": 15}, GroupModelRatio=rates))

    vip, free = charged.group_rates
    assert (vip, charged.group_rates[vip]) == ("vip", Decimal("0.3"))
    assert free == "free of charge"
    assert charged.group_rates[free] == 0
