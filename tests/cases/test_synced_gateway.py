"""A new-api that copies the prices of a migrated one charges the same, from both addresses and in both versions."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from catalog.exact import read_json
from pricing.gateways.rules.new_api import NewApi
from pricing.gateways.rules.program import ProgramPrice
from pricing.gateways.rules.programs import NEW_API_OF_APRIL, NEW_API_OF_AUGUST
from tests.cases import recorded
from tests.cases.test_go_readers import by_expression

pytestmark = pytest.mark.django_db
# Map of ratio_config, and field of the price list -> the option that the price sync writes.
OPTIONS = {
    "model_ratio": "ModelRatio",
    "completion_ratio": "CompletionRatio",
    "cache_ratio": "CacheRatio",
    "create_cache_ratio": "CreateCacheRatio",
    "image_ratio": "ImageRatio",
    "audio_ratio": "AudioRatio",
    "audio_completion_ratio": "AudioCompletionRatio",
    "model_price": "ModelPrice",
    "billing_mode": "billing_setting.billing_mode",
    "billing_expr": "billing_setting.billing_expr",
}
OF_RATIOS = ("model_ratio", "completion_ratio")
OTHERS = ("cache_ratio", "create_cache_ratio", "image_ratio", "audio_ratio", "audio_completion_ratio")


def from_maps(maps: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The options of a site after it copied the maps of ratio_config."""
    return {option: dict(maps[name]) for name, option in OPTIONS.items()}


def from_rows(rows: list[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The options of a site after it copied the rows of the price list; a missing number is 0."""
    options: dict[str, dict[str, Any]] = {option: {} for option in OPTIONS.values()}
    for row in rows:
        for field, value in copied(row):
            options[OPTIONS[field]][row["model_name"]] = value
    return options


def copied(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if row.get("billing_mode") == "tiered_expr" and row.get("billing_expr"):
        yield from ((field, row[field]) for field in ("billing_mode", "billing_expr"))
    yield from ((field, row.get(field, 0)) for field in (("model_price",) if row["quota_type"] == 1 else OF_RATIOS))
    yield from ((field, row[field]) for field in OTHERS if field in row)


def charge(program: NewApi, name: str, options: Mapping[str, Mapping[str, Any]]) -> tuple[Decimal, ...]:
    """What a site charges: dollars for a call, or for a million tokens in, out, and written to a cache."""
    if options["billing_setting.billing_mode"].get(name) == "tiered_expr":
        price = by_expression(options["billing_setting.billing_expr"][name])
        assert price.tokens is not None
        return price.tokens
    return of_program(program.price_of(name, options))


def of_program(price: ProgramPrice) -> tuple[Decimal, ...]:
    values = {field: figure.value for field, figure in price.figures.items()}
    if "model_price" in values:
        return (values["model_price"],)
    base = values["model_ratio"] * 2
    return base, base * values["completion_ratio"]


@pytest.mark.parametrize("gateway", ["new_api", "new_api_august", "new_api_default"])
def test_a_site_that_copies_our_prices_charges_what_the_first_one_charges(gateway: str, tmp_path: Path) -> None:
    recorded.migrate(recorded.database(gateway, tmp_path), accept_jumps=[])
    listed = recorded.answers(gateway, read=read_json)["/api/pricing"]["data"]
    charged = {
        row["model_name"]: (row["model_price"],)
        if row["model_price"] or row["quota_type"] == 1
        else (row["model_ratio"] * 2, row["model_ratio"] * 2 * row["completion_ratio"])
        for row in listed
        if "billing_expr" not in row
    }

    lists = {path: read_json(Client().get(f"/api/{path}").content)["data"] for path in ("pricing", "ratio_config")}

    for options in (from_rows(lists["pricing"]), from_maps(lists["ratio_config"])):
        names = {name for by_model in options.values() for name in by_model} & charged.keys()
        assert len(names) > len(charged) / 2
        for name in names:
            for program in (NEW_API_OF_APRIL, NEW_API_OF_AUGUST):
                expected = pytest.approx(charged[name], rel=Decimal("1e-12"))
                assert charge(program, name, options) == expected, (name, program.version)
