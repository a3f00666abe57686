"""What a plan says about a gateway's prices."""

from decimal import Decimal

from pricing.gateways.prices.new_api import price
from pricing.gateways.prices.price import Difference, Price
from pricing.gateways.prices.summary import PriceSummary
from tests.pricing.gateways.prices.gateways import gateway


def test_each_kind_of_rule_is_one_line_with_its_models() -> None:
    ratios = {"gpt-5-a": 1, "gpt-5-b": 1, "o3-a": 1, "gpt-4-gizmo-*": 1, "acme": 1}
    stored = gateway(
        ModelPrice={},
        ModelRatio=ratios,
        CompletionRatio={"gpt-5-a": 5, "acme": 2},
        CreateCacheRatio=dict.fromkeys(ratios, 1),
    )
    names = ("gpt-5-a", "gpt-5-b", "o3-a", "gpt-4-gizmo-x", "acme", "unset")

    lines = list(PriceSummary({name: price(name, stored) for name in names}).lines())

    assert "completion_ratio by new-api's fixed rule (3 models): gpt-5-a 8, gpt-5-b 8, o3-a 4" in lines
    assert "model_ratio stored for a pattern (1 model): gpt-4-gizmo-x 1" in lines
    assert any(
        line.startswith("no price (1 model), because new-api has neither") and line.endswith(": unset")
        for line in lines
    )


def test_every_difference_from_the_list_of_the_gateway_is_shown() -> None:
    different = Price({"quota_type": 0}, differences=(Difference("model_ratio", 1, Decimal("2.50")),))
    summary = PriceSummary({"m": different, "n": Price({})}, listed=1)

    assert list(summary.lines())[-1] == "  m: model_ratio 1 -> 2.5"
    assert summary.report()["differences"] == [
        {"model": "m", "figure": "model_ratio", "by_rules": 1, "listed": Decimal("2.50")}
    ]


def test_a_summary_without_rules_has_no_lines() -> None:
    assert list(PriceSummary({"m": Price({"quota_type": 1, "model_price": 1})}).lines()) == []
