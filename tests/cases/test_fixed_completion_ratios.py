"""new-api has a fixed completion ratio for some names, and one entry for all variants of others.

It ignores ratios that its price sync stores for such a name, and charges by a billing expression.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from catalog.exact import read_json
from catalog.sources.completion_ratios import NEW_API_OF_APRIL, NEW_API_OF_AUGUST, Rule, new_api_name, rule_of
from pricing.models import PriceSheet
from tests import world
from tests.cases.test_go_readers import GoPrice, read_maps, read_row

pytestmark = pytest.mark.django_db
VERSIONS = {"April": NEW_API_OF_APRIL, "August": NEW_API_OF_AUGUST}
# Model -> its prices of input and output.
PRICES = {
    "mistral-medium-2604": ("1.5", "7.5"),
    "mistral-large": ("2", "6"),
    "gpt-5.6-terra": ("2.5", "15"),
    "gpt-5.6-new": ("2.5", "20"),
    "gpt-5-acme": ("1.25", "6.25"),
    "gpt-5-agrees": ("1.25", "10"),
    "o3-acme": ("2", "6"),
    "claude-sonnet-4-acme": ("3", "9"),
    "command-r": ("0.5", "2"),
    "llama2-70b-4096": ("0.64", "0.8"),
    "acme/gpt-5": ("1.25", "6.25"),
    "acme/claude-opus-4": ("5", "20"),
    "gpt-4o-acme": ("2.5", "5"),
    "gemini-2.5-pro-thinking-128": ("1.25", "10"),
    "gpt-4-gizmo-abc": ("30", "60"),
    "gpt-5-gift": ("0", "0"),
    "gemini-2.5-flash-thinking-1": ("0", "0"),
}
BY_EXPRESSION = {
    "mistral-medium-2604",
    # 8 times the input in April, 6 times in August.
    "gpt-5.6-terra",
    "gpt-5.6-new",
    "gpt-5-acme",
    "o3-acme",
    "claude-sonnet-4-acme",
    "command-r",
    "gemini-2.5-pro-thinking-128",
    "gpt-4-gizmo-abc",
    "gemini-2.5-flash-thinking-1",
}


@pytest.fixture
def lists() -> Mapping[str, Any]:
    for name, (input_price, output_price) in PRICES.items():
        world.price(world.model(name), input=input_price, output=output_price)
    world.price(world.model("mistral-embed", supported_endpoint_types=["embeddings"]), input="0.1")
    return {path: read_json(Client().get(f"/api/{path}").content)["data"] for path in ("pricing", "ratio_config")}


def charge(name: str, price: GoPrice, rules: tuple[Rule, ...]) -> tuple[Decimal, Decimal]:
    """What the program charges for a million tokens in and out after it stored a synced price."""
    assert price.tokens is not None
    base, output = price.tokens
    if price.is_complete:
        return base, output
    assert new_api_name(name) == name, f"ratios of {name} are never looked up"
    rule = rule_of(rules, name)
    return base, base * rule.value if rule.fixed and "/" not in name else output


@pytest.mark.parametrize("version", VERSIONS)
def test_a_gateway_charges_our_price_from_both_addresses(lists: Mapping[str, Any], version: str) -> None:
    from_rows = {row["model_name"]: read_row(row, knows_expressions=True) for row in lists["pricing"]}
    from_maps = read_maps(lists["ratio_config"])

    for read in (from_rows, from_maps):
        charges = {name: charge(name, read[name], VERSIONS[version]) for name in PRICES}
        assert charges == {
            name: pytest.approx(tuple(map(Decimal, price)), rel=Decimal("1e-14")) for name, price in PRICES.items()
        }


def test_only_names_whose_ratios_are_ignored_have_an_expression(lists: Mapping[str, Any]) -> None:
    modes = {row["model_name"]: row.get("billing_mode") for row in lists["pricing"]}

    assert {name for name, mode in modes.items() if mode == "tiered_expr"} == BY_EXPRESSION
    assert lists["ratio_config"]["billing_expr"].keys() == BY_EXPRESSION
    assert "mistral-embed" in lists["ratio_config"]["model_ratio"]


def test_cache_writes_cost_the_same_by_an_expression_as_by_ratios() -> None:
    """new-api charges cache writes at 1.25 times the input, which a migrated price states as a factor."""
    factors = {"input.cache_write": Decimal("1.25"), "input.cache_write[1h]": Decimal(2)}
    for name in ("claude-sonnet-4-acme", "acme-x"):
        sheet = world.price(world.model(name), input="4", output="16")
        PriceSheet.objects.filter(pk=sheet.pk).update(facts={"use_factors": factors})

    rows = {row["model_name"]: row for row in read_json(Client().get("/api/pricing").content)["data"]}

    assert rows["claude-sonnet-4-acme"]["billing_expr"] == 'tier("base", p * 4 + c * 16 + cc * 5 + cc1h * 8)'
    assert "prices" not in rows["claude-sonnet-4-acme"]
    assert not {"billing_expr", "prices"} & rows["acme-x"].keys()
