"""new-api has ratios of its own for some names: of cached tokens, image tokens and audio tokens.

Its price sync adds what we state to these tables and removes nothing, so such a ratio would be charged where our price
has none, unless the price is a billing expression.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from catalog.exact import read_json
from pricing.gateways.rules.new_api import NewApi
from pricing.gateways.rules.programs import NEW_API_OF_APRIL, NEW_API_OF_AUGUST
from tests import world
from tests.cases.importing import quote
from tests.cases.test_go_readers import NOON
from tests.cases.test_synced_gateway import from_maps, from_rows
from tests.pricing.newapi.expression_language import charge

pytestmark = pytest.mark.django_db
# Model -> the meters that it has prices of beside input and output.
MODELS: Mapping[str, tuple[str, ...]] = {
    "gpt-4o": (),
    "grok-4.6": (),
    "gemini-3-pro-preview": (),
    "gpt-image-1": (),
    "gpt-4o-audio-preview": (),
    "gpt-4o-realtime": ("input.audio",),
    "tts-1": (),
    "gpt-4o-mini": ("input.cache_read",),
    "gpt-4o-realtime-preview": ("input.cache_read", "input.audio", "output.audio"),
    "acme-plain": (),
}
BY_RATIOS = {"gpt-4o-mini", "gpt-4o-realtime-preview", "acme-plain", "o1"}
PRICES = {"input.cache_read": "0.4", "input.audio": "30", "output.audio": "60"}
# Meter -> the variable of expressions, and the fields whose product with the input price is the price of its tokens.
TOKENS = {
    "input.cache_read": ("cr", ("cache_ratio",)),
    "input.image": ("img", ("image_ratio",)),
    "input.audio": ("ai", ("audio_ratio",)),
    "output.audio": ("ao", ("audio_ratio", "audio_completion_ratio")),
}


@pytest.fixture
def lists() -> Mapping[str, Any]:
    for name, others in MODELS.items():
        sheet = world.price(world.model(name), input="2", output="9")
        for meter in others:
            world.line(sheet, meter, PRICES[meter])
    world.price(world.model("o1"), input="0", output="0")
    return {path: read_json(Client().get(f"/api/{path}").content)["data"] for path in ("pricing", "ratio_config")}


def per_million(program: NewApi, name: str, copied: Mapping[str, Mapping[str, Any]], meter: str) -> Decimal:
    """Dollars that a site charges for a million tokens, after it added the copied options to its built-in tables."""
    variable, fields = TOKENS[meter]
    if copied["billing_setting.billing_mode"].get(name) == "tiered_expr":
        return charge(copied["billing_setting.billing_expr"][name], {variable: 1_000_000}, facts={}, at=NOON)
    options = {option: {**program.built_in(option), **entries} for option, entries in copied.items()}
    # The settings page removes the price of a call where ratios are copied.
    options["ModelPrice"] = {}
    price = program.price_of(name, options)
    ratios = {field: figure.value for field, figure in (*price.figures.items(), *price.unlisted.items())}
    if meter == "output.audio" and not ratios.keys() & fields:
        fields = ("completion_ratio",)
    charged = ratios["model_ratio"] * 2
    for field in fields:
        charged *= ratios.get(field, 1)
    return charged


@pytest.mark.parametrize("program", [NEW_API_OF_APRIL, NEW_API_OF_AUGUST], ids=lambda program: program.version)
@pytest.mark.parametrize("meter", TOKENS)
def test_a_site_charges_tokens_without_a_price_of_their_own_as_we_do(
    lists: Mapping[str, Any], program: NewApi, meter: str
) -> None:
    for options in (from_rows(lists["pricing"]), from_maps(lists["ratio_config"])):
        for name in MODELS:
            (line,) = quote(name, {meter: 1_000_000})["lines"]
            assert per_million(program, name, options, meter) == Decimal(line["amount"]), name


def test_only_names_with_such_ratios_have_expressions(lists: Mapping[str, Any]) -> None:
    assert {row["model_name"] for row in lists["pricing"] if "billing_expr" not in row} == BY_RATIOS
    assert lists["ratio_config"]["model_ratio"].keys() == BY_RATIOS
    assert lists["ratio_config"]["billing_expr"].keys() == MODELS.keys() - BY_RATIOS
