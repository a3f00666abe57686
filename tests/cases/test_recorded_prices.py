"""A migrated gateway lists and charges what the running program did, by recorded databases."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from catalog.exact import read_json
from pricing.models import PriceLine
from tests.cases.importing import quote
from tests.cases.recorded import answers, database, migrate

pytestmark = pytest.mark.django_db

CLASSIC = ("model_ratio", "completion_ratio", "model_price")
# Field of the program's list -> meter.
DETAILS = {
    "cache_ratio": "input.cache_read",
    "create_cache_ratio": "input.cache_write",
    "image_ratio": "input.image",
    "audio_ratio": "input.audio",
}


def our_rows(client: Client) -> dict[str, dict[str, Any]]:
    """Our price list: model -> row, with exact numbers."""
    return {row["model_name"]: row for row in read_json(client.get("/api/pricing?unpriced=rows").content)["data"]}


def amounts(name: str) -> dict[str, Any]:
    return dict(PriceLine.objects.filter(sheet__model__name=name).values_list("meter", "amount"))


def test_new_api_lists_and_charges_the_same(client: Client, tmp_path: Path) -> None:
    recorded = answers("new_api")
    report = migrate(database("new_api", tmp_path))
    listed = {row["model_name"]: row for row in recorded["/api/pricing"]["data"]}
    rows = our_rows(client)

    assert listed.keys() <= rows.keys()
    assert rows["acme-unpriced"]["pricing_status"] == "unpriced"
    by_ratios = {name: row for name, row in listed.items() if "billing_expr" not in row and name != "acme-unpriced"}
    assert len(by_ratios) == 37
    assert {name: classic(rows[name]) for name in by_ratios} == {name: classic(row) for name, row in by_ratios.items()}
    # Ratios beside an expression have no effect; p * 2 + c * 8 is written as ratios.
    by_expression = {name for name, row in listed.items() if "billing_expr" in row}
    assert {name for name in by_expression if "billing_expr" not in rows[name]} == {"acme-tier-neg"}
    assert classic(rows["acme-tier-neg"]) == (1, 4, 0)
    for field, meter in DETAILS.items():
        assert_details(meter, {name: row[field] for name, row in by_ratios.items() if field in row})

    rule = "by new-api's fixed rule for names that begin with gpt-5, in place of the stored 5"
    assert report["prices"]["rules"]["gpt-5-acme"]["completion_ratio"] == {"value": "8", "rule": rule}
    assert PriceLine.objects.get(sheet__model__name="gpt-5-acme", meter="output").facts == {"price_rule": rule}
    explained = client.get("/api/pricing?explain=1").json()["data"]
    figures = {
        figure["meter"]: figure for row in explained if row["model_name"] == "gpt-5-acme" for figure in row["explain"]
    }
    assert ("rule" in figures["input"], figures["output"]["rule"]) == (False, rule)


def assert_details(meter: str, ratios: dict[str, float]) -> None:
    """The lines of a meter are those that the program lists, as multiples of the input price."""
    lines: Any = PriceLine.objects.filter(meter=meter).exclude(sheet__model__name__startswith="acme-tier")
    ours = {name: amount / amounts(name)["input"] for name, amount in lines.values_list("sheet__model__name", "amount")}
    assert {name: float(ratio) for name, ratio in ours.items()} == ratios


def classic(row: dict[str, Any]) -> tuple[float, float, float]:
    """What the classic fields charge: the completion ratio of a free model has no effect."""
    ratio, completion, call = (float(row.get(name) or 0) for name in CLASSIC)
    return ratio, completion if ratio else 0, call


def test_quotes_for_a_key_are_what_the_program_charges(tmp_path: Path) -> None:
    recorded = answers("new_api")
    maps = {name: recorded["/api/ratio_config"]["data"][name] for name in ("cache_ratio", "create_cache_ratio")}
    migrate(database("new_api", tmp_path))
    key = recorded["keys"]["a-vip"]["key"]
    by_ratios = [row for row in recorded["/api/pricing"]["data"] if "billing_expr" not in row]
    charged = {}
    for row in by_ratios:
        name = row["model_name"]
        if name in recorded["keys"]["a-vip"]["models"] and row["quota_type"] == 0 and name != "acme-unpriced":
            cached, written = maps["cache_ratio"].get(name, 1), maps["create_cache_ratio"].get(name, 1.25)
            tokens = 1000 + 400 * cached + 300 * written + 200 * 1.6 * written + 500 * row["completion_ratio"]
            quota = tokens * row["model_ratio"] * 0.8
            usage = {
                "input": 1000, "input.cache_read": 400, "input.cache_write": 300, "input.cache_write[1h]": 200,
                "output": 500,
            }  # fmt: skip
            charged[name] = (float(charge(key, name, usage)), pytest.approx(quota / 500_000))

    assert len(charged) > 25
    assert {name: ours for name, (ours, _) in charged.items()} == {
        name: theirs for name, (_, theirs) in charged.items()
    }
    assert charge(key, "acme-call", {"request": 1}) == Decimal("0.032")
    assert charge(key, "acme-freecall", {"input": 9}) == charge(key, "acme-free", {"output": 9}) == 0


def test_one_api_charges_every_model(client: Client, tmp_path: Path) -> None:
    report = migrate(database("one_api", tmp_path))

    rows = our_rows(client)
    ratios = {name: (float(row["model_ratio"]), float(row["completion_ratio"])) for name, row in rows.items()}
    assert ratios == {
        "acme-375": (37.5, 1),
        "acme-cache": (1.5, 1),
        "acme-free": (0, 1),
        "acme-plain": (1.25, 4),
        "acme-spaced": (30, 1),
        "acme-unpriced": (30, 1),
        "claude-3-5-sonnet-20241022": (1.5, 5),
        "deepseek-chat": (0.07, 2),
        "ds-model": (30, 1),
        "gpt-3.5-turbo": (0.25, 3),
        "gpt-4o": (2.5, 4),
        "gpt-4o-mini": (0.075, 4),
        # The program charges the name that a channel maps the model to.
        "mapped-a": (2.5, 4),
        "o1": (7.5, 4),
        "rmb-model": (0.71428, 1),
        "two-a": (30, 1),
    }
    assert report["prices"]["rules"]["ds-model"]["model_ratio"] == {
        "value": "30",
        "rule": "by one-api's default for names without a ratio",
    }


def charge(key: str, model: str, usage: dict[str, int]) -> Decimal:
    """The amount of a quote for a key, in dollars."""
    return Decimal(quote(model, usage, key=f"sk-{key}")["amount"])
