"""Prices of migrated gateways: rates of groups, default settings, hidden models, and lists of running gateways."""

import io
import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from catalog.imports.fetching import Fetched
from catalog.models import AIModel, ImportRun
from pricing.gateways.rules.program import Figure
from pricing.gateways.rules.programs import NEW_API_OF_APRIL
from pricing.models import PriceLine, PriceSheet
from tests.cases.importing import quote
from tests.pricing.gateways.databases import channel, key, option, sqlite_gateway, token, user
from tests.pricing.pages import shop

pytestmark = pytest.mark.django_db

TABLES = (
    "ModelRatio", "ModelPrice", "CompletionRatio", "CacheRatio", "CreateCacheRatio", "ImageRatio", "AudioRatio",
    "AudioCompletionRatio",
)  # fmt: skip


def migrate(
    folder: Path, *options: dict[str, Any], models: str, program: str = "new-api", **more: Any
) -> dict[str, Any]:
    """Migrates a gateway with one channel and a key for each of its groups."""
    groups = ["default", "vip", "free"]
    file = sqlite_gateway(
        folder,
        program,
        channels=[channel(1, models, group=",".join(groups))],
        tokens=[token(number, user_id=number) for number, _ in enumerate(groups, start=1)],
        users=[user(number, group) for number, group in enumerate(groups, start=1)],
        options=list(options),
    )
    out = io.StringIO()
    call_command("import_gateway", sqlite=str(file), apply=True, format="json", stdout=out, **more)
    report: dict[str, Any] = json.loads(out.getvalue())
    return report


def charge(number: int, model: str, **usage: int) -> Decimal:
    """The amount of a quote for the key with this number."""
    return Decimal(quote(model, usage, key=f"sk-{key(number)}")["amount"])


def test_a_rate_of_a_model_in_a_group_replaces_the_rate_of_the_group(tmp_path: Path) -> None:
    report = migrate(
        tmp_path,
        option("ModelRatio", {"m": 1.5, "n": 1.5}),
        option("GroupRatio", {"default": 1, "vip": 0.7, "free": 0}),
        option("UserUsableGroups", {"default": "", "vip": "", "free": ""}),
        option("GroupModelRatio", {"vip": {"m": 0.3}, "default": {"m": 0}, "free": {"m": 0.3333333333333333}}),
        models="m,n",
    )

    rates = {"default": "0", "vip": "0.3", "free": "0.3333333333333333"}
    for number, rate in enumerate(rates.values(), start=1):
        assert charge(number, "m", input=1_000_000) == 3 * Decimal(rate)
    assert [charge(number, "n", input=1_000_000) for number in (1, 2, 3)] == [3, Decimal("2.1"), 0]
    answer = Client().get("/api/pricing", headers={"authorization": f"Bearer sk-{key(2)}"}).json()
    assert (answer["group_ratio"], answer["group_model_ratio"]) == ({"vip": 0.7}, {"vip": {"m": 0.3}})
    assert [row["model_ratio"] for row in answer["data"]] == [1.5, 1.5]
    assert [row["discount"] for row in answer["data"]] == [1, 1]
    everybody = Client().get("/api/pricing?discount=folded").json()
    assert [row["model_ratio"] for row in everybody["data"]] == [1.5, 1.5]
    assert everybody["group_model_ratio"].keys() == rates.keys()
    assert Client().get("/api/ratio_config").json()["data"]["model_ratio"] == {"m": 1.5, "n": 1.5}
    assert report["prices"]["group_rates"] == {"m": {"vip": 0.3, "default": 0, "free": 0.3333333333333333}}


def test_pages_and_exports_show_a_group_its_own_rate_for_a_model(tmp_path: Path) -> None:
    migrate(
        tmp_path,
        option("ModelRatio", {"m": 1.5}),
        option("GroupRatio", {"default": 1, "vip": 0.7}),
        option("UserUsableGroups", {"default": "", "vip": ""}),
        option("GroupModelRatio", {"vip": {"m": 0.5}, "default": {"m": 2}}),
        models="m",
    )

    assert shop.row(shop.get(Client(), "/?group=vip"), "m").endswith("$1.50 $1.50")
    assert shop.row(shop.get(Client(), "/"), "m").endswith("$6.00 $6.00")
    history = Client().get("/api/pricing/history/m", headers={"authorization": f"Bearer sk-{key(2)}"}).json()
    assert [price["discount"] for price in history["data"]["history"]] == [1]
    exported = Client().get("/api/export/openrouter.json").json()
    assert [Decimal(model["pricing"]["prompt"]) for model in exported["data"]] == [Decimal("0.000006")]


def test_saved_tables_give_the_same_prices_as_none(tmp_path: Path) -> None:
    models = "gpt-4o,gpt-5,gpt-4o-mini-tts,claude-sonnet-4-20250514,gemini-2.5-flash,o1,mj_imagine,gpt-4o-audio-preview"
    migrate(tmp_path, models=models)
    unsaved = prices()
    PriceSheet.objects.all().delete()
    tables = {name: {key: float(value) for key, value in NEW_API_OF_APRIL.built_in(name).items()} for name in TABLES}

    migrate(tmp_path, *(option(name, table) for name, table in tables.items()), models=models)

    assert unsaved["gpt-4o"] == {"input": Decimal("2.5"), "output": 10, "input.cache_read": Decimal("1.25")}
    assert unsaved["gpt-5"]["output"] == 8 * unsaved["gpt-5"]["input"]
    assert unsaved.keys() == set(models.split(","))
    assert prices() == unsaved
    assert not any("price_rule" in line.facts for line in PriceLine.objects.filter(meter="input"))


def test_a_gateway_that_saved_nothing_has_every_price_of_its_program(tmp_path: Path) -> None:
    """The program lists 37.5 for the one model of its tables without a ratio."""
    rules = NEW_API_OF_APRIL
    names = [*dict.fromkeys([*rules.built_in("ModelRatio"), *rules.built_in("ModelPrice")])]
    expected = {name: {field: float(part.value) for field, part in listed.items()} for name, listed in figures(names)}

    migrate(tmp_path, models=",".join(names))

    rows = {row["model_name"]: row for row in Client().get("/api/pricing?unpriced=rows").json()["data"]}
    assert len(names) > 260
    assert {name: {field: rows[name].get(field) for field in expected[name]} for name in names} == expected
    unpriced = [name for name in names if rows[name]["pricing_status"] == "unpriced"]
    assert unpriced == ["gemini-2.5-flash-lite-preview-thinking-*"]


def figures(names: Iterable[str]) -> Iterator[tuple[str, Mapping[str, Figure]]]:
    """What the program lists for each name; the completion ratio of a free model has no effect."""
    for name in names:
        listed = dict(NEW_API_OF_APRIL.price_of(name, {}).figures)
        if "model_ratio" in listed and not listed["model_ratio"].value:
            del listed["completion_ratio"]
        yield name, listed


def prices() -> dict[str, dict[str, Any]]:
    lines = PriceLine.objects.values_list("sheet__model__name", "meter", "amount")
    by_model: dict[str, dict[str, Any]] = {}
    for name, meter, amount in lines:
        by_model.setdefault(name, {})[meter] = amount
    return by_model


def test_models_hidden_from_the_price_list_stay_with_their_keys(tmp_path: Path) -> None:
    migrate(
        tmp_path,
        option("ModelRatio", {"Acme-Internal": 1, "gpt-a": 1, "open": 1}),
        option("pricing_visibility_setting.hidden_models", "*-INTERNAL, gpt-*\nother"),
        models="Acme-Internal,gpt-a,open",
    )

    assert [row["model_name"] for row in Client().get("/api/pricing").json()["data"]] == ["open"]
    listed = Client().get("/v1/models", headers={"authorization": f"Bearer sk-{key(1)}"}).json()
    assert {model["id"] for model in listed["data"]} == {"Acme-Internal", "gpt-a", "open"}
    assert set(AIModel.objects.values_list("status", flat=True)) == {"published"}


def test_the_list_of_the_running_gateway_wins_and_its_differences_are_shown(tmp_path: Path) -> None:
    listing = tmp_path / "pricing.json"
    ratios = {
        "quota_type": 0,
        "model_ratio": 1,
        "completion_ratio": 9,
        "model_price": 0,
        "enable_groups": ["secret-group"],
    }
    listing.write_text(json.dumps({"success": True, "data": [{"model_name": "gpt-5-x", **ratios}]}))

    report = migrate(
        tmp_path, option("ModelRatio", {"gpt-5-x": 1, "other": 1}), models="gpt-5-x,other", pricing=str(listing)
    )

    assert prices()["gpt-5-x"] == {"input": 2, "output": 18}
    assert prices()["other"] == {"input": 2, "output": 2}
    assert report["prices"]["listed"] == 1
    assert report["prices"]["differences"] == [
        {"model": "gpt-5-x", "figure": "completion_ratio", "by_rules": 8, "listed": 9}
    ]
    line = PriceLine.objects.get(sheet__model__name="gpt-5-x", meter="output")
    assert line.facts == {"price_rule": "listed by the running gateway"}
    assert b"secret-group" not in ImportRun.objects.get().snapshot.content

    again = migrate(tmp_path, option("ModelRatio", {"gpt-5-x": 1, "other": 1}), models="gpt-5-x,other")
    assert any("give it with --pricing" in finding for finding in again["findings"])


@pytest.mark.parametrize("place", ["https://gateway.example/api/pricing", "https://gateway.example"])
def test_the_list_of_the_running_gateway_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    row = {"model_name": "m", "quota_type": 1, "model_ratio": 0, "completion_ratio": 0, "model_price": 0.5}
    fetched: list[str] = []

    def fetch(url: str) -> Fetched:
        fetched.append(url)
        return Fetched(json.dumps({"success": True, "data": [row]}).encode())

    monkeypatch.setattr("pricing.management.commands.import_gateway.fetch", fetch)
    migrate(tmp_path, option("ModelRatio", {"m": 1}), models="m", pricing=place)

    assert fetched == ["https://gateway.example/api/pricing"]
    assert prices() == {"m": {"request": Decimal("0.5")}}


def test_a_price_list_is_refused_where_there_is_none(tmp_path: Path) -> None:
    listing = tmp_path / "pricing.json"
    listing.write_text('{"data": []}')
    with pytest.raises(CommandError, match="one-api publishes no such list"):
        migrate(tmp_path, models="m", program="one-api", pricing=str(listing))
    with pytest.raises(CommandError, match="it has no rows with a model_name"):
        migrate(tmp_path, models="m", pricing=str(listing))
    with pytest.raises(CommandError, match=r"must start with https.*FETCH_OWN_HOSTS"):
        migrate(tmp_path, models="m", pricing="http://10.0.0.5:3000/api/pricing")
    assert not ImportRun.objects.exists()
