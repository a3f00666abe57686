"""Veloera charges the name that a channel maps a model to, and the name without the channel's prefix."""

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from tests.cases.importing import quote
from tests.pricing.gateways.databases import channel, key, option, sqlite_gateway, token, user

pytestmark = pytest.mark.django_db

CHANNELS: list[Mapping[str, Any]] = [
    channel(1, "a,gpt-4o-x", priority=10, model_prefix="cheap/", model_mapping='{"a": "b"}', group="default,vip"),
    channel(2, "a", priority=5, model_mapping='{"a": "c"}', group="vip,svip"),
]
RATIOS = {"a": 9, "b": 1, "c": 2, "gpt-4o-x": 1}


def migrate(folder: Path, **more: Any) -> None:
    groups = ["default", "svip"]
    file = sqlite_gateway(
        folder,
        "Veloera",
        channels=CHANNELS,
        tokens=[token(number, user_id=number) for number, _ in enumerate(groups, start=1)],
        users=[user(number, group) for number, group in enumerate(groups, start=1)],
        options=[option("ModelRatio", RATIOS), option("CompletionRatio", {"b": 3, "gpt-4o-x": 2})],
    )
    call_command("import_gateway", sqlite=str(file), apply=True, **more)


def charge(number: int, model: str, **usage: int) -> Decimal:
    by_meter = {name.replace("__", "."): quantity for name, quantity in usage.items()}
    return Decimal(quote(model, by_meter, key=f"sk-{key(number)}")["amount"])


def test_calls_cost_what_the_target_costs(tmp_path: Path) -> None:
    migrate(tmp_path)

    million = 1_000_000
    assert charge(1, "a", input=million, output=million) == 2 + 6
    # The first channel of this group maps the model to another name.
    assert charge(2, "a", input=million, output=million) == 4 + 4
    # The mapping is looked up by the name with the prefix, which it does not have.
    assert charge(1, "cheap/a", input=million) == 18
    # Fixed in Veloera: the stored ratio of 2 has no effect.
    assert charge(1, "gpt-4o-x", output=million) == charge(1, "cheap/gpt-4o-x", output=million) == 8
    assert charge(1, "a", input__cache_write=million) == Decimal("2.5")


def test_the_list_of_the_running_gateway_is_read_for_the_name_that_is_charged(tmp_path: Path) -> None:
    listing = tmp_path / "pricing.json"
    row = {"quota_type": 0, "completion_ratio": 1, "model_price": 0}
    rows = [{"model_name": "a", "model_ratio": 9, **row}, {"model_name": "b", "model_ratio": 1.5, **row}]
    listing.write_text(json.dumps({"success": True, "data": rows}))

    migrate(tmp_path, pricing=str(listing))

    assert charge(1, "a", input=1_000_000, output=1_000_000) == 3 + 3
