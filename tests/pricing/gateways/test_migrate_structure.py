"""import_gateway: channels, groups, models and prices are imported exactly, and no secret is."""

import io
import json
import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command

from catalog.models import AIModel, Channel, Offer
from pricing.models import GroupRate, PriceSheet
from tests.pricing.gateways.databases import channel, key, option, sqlite_gateway, token, user
from tokens.models import TokenGroup

pytestmark = pytest.mark.django_db

SECRETS = ("sk-upstream-first", "sk-upstream-second", "hunter2", "api-version-secret")


def migrate(folder: Path, dialect: str = "new-api", **rows: Any) -> Any:
    """Migrates a gateway with these rows; returns the report."""
    out = io.StringIO()
    file = sqlite_gateway(folder, dialect, **rows)
    call_command("import_gateway", sqlite=str(file), apply=True, format="json", stdout=out)
    return json.loads(out.getvalue())


def amounts(model: str) -> dict[str, Decimal | None]:
    sheet = PriceSheet.objects.get(model__name=model)
    assert sheet.role == "sell"
    return {line.meter: line.amount for line in sheet.lines.all()}


@pytest.mark.parametrize(("dialect", "number"), [("one-api", 36), ("new-api", 43)])
def test_a_type_number_has_the_meaning_of_its_gateway(tmp_path: Path, dialect: str, number: int) -> None:
    migrate(tmp_path, dialect, channels=[channel(7, "deepseek-chat", name="深度", type=number)], tokens=[])

    moved = Channel.objects.get()
    assert moved.slug == "channel-7"
    assert moved.note.startswith(f"Channel 7 of {dialect}, type DeepSeek, 1 upstream key (not imported).")


def test_no_secret_is_anywhere(tmp_path: Path) -> None:
    keys = "\n".join(SECRETS[:2])
    url = "https://admin:hunter2@relay.example.com/v1?token=api-version-secret"
    report = migrate(
        tmp_path, channels=[channel(1, "gpt-4o", key=keys, base_url=url)], tokens=[token(1)], users=[user(1)]
    )

    everything = json.dumps(report, default=str) + "".join(
        repr(list(model._default_manager.values_list())) for model in apps.get_models()
    )
    assert not [secret for secret in (*SECRETS, key(1)) if secret in everything]
    assert Channel.objects.get().base_url == "https://relay.example.com/v1"
    assert report["counts"]["upstream_keys_left_out"] == 2
    assert any("user, password and query" in finding for finding in report["findings"])


def test_names_are_trimmed_and_unique_and_mappings_are_followed(tmp_path: Path) -> None:
    mapping = '{"gpt-4o": "alias", "alias": "gpt-4o-2024-08-06", "loop": "pool", "pool": "loop"}'
    report = migrate(tmp_path, channels=[channel(1, " gpt-4o,gpt-4o ,,", model_mapping=mapping)], tokens=[])

    offer = Offer.objects.get()
    assert (offer.model.name, offer.upstream_name) == ("gpt-4o", "gpt-4o-2024-08-06")
    assert "channel 1: an empty or duplicate name in its list of models was left out" in report["findings"]


def test_groups_have_labels_rates_and_visibility(tmp_path: Path) -> None:
    migrate(
        tmp_path,
        channels=[channel(1, "gpt-4o", group="default,内部"), channel(2, "gpt-4o", group="vip")],
        tokens=[],
        options=[
            option("GroupRatio", {"default": 1, "vip": 0.8, "内部": 0.1}),
            option("UserUsableGroups", {"default": "Everybody", "vip": "Very important"}),
            option("AutoGroups", ["vip", "gone", "内部"]),
        ],
    )

    groups = {group.label: group for group in TokenGroup.objects.all()}
    assert {label: (group.is_public, group.auto_position) for label, group in groups.items()} == {
        "Everybody": (True, None),
        "Very important": (True, 1),
        "内部": (False, 3),
    }
    assert GroupRate.objects.get(group=groups["内部"]).ratio == Decimal("0.1")
    assert [channel_row.slug for channel_row in groups["内部"].channels.all()] == ["channel-1-1"]
    assert groups["内部"].slug == "内部"


def test_prices_come_from_the_options(tmp_path: Path) -> None:
    report = migrate(
        tmp_path,
        channels=[channel(1, "claude-opus-4-8,gpt-image-2,gpt-5.4,unknown,half")],
        tokens=[],
        options=[
            option("ModelRatio", {"claude-opus-4-8": 2.5, "gpt-5.4": 37.5, "half": 1, "not-offered": 3}),
            option("CompletionRatio", {"claude-opus-4-8": 5}),
            option("CacheRatio", {"claude-opus-4-8": 0.1}),
            option("CreateCacheRatio", {"claude-opus-4-8": 1.25}),
            option("ModelPrice", {"gpt-image-2": 0.04}),
            option("billing_setting.billing_mode", {"gpt-5.4": "tiered_expr"}),
            option("billing_setting.billing_expr", {"gpt-5.4": "odd(p) * 2.5 + c * 15"}),
        ],
    )

    assert amounts("claude-opus-4-8") == {
        "input": 5,
        "output": 25,
        "input.cache_read": Decimal("0.5"),
        "input.cache_write": Decimal("6.25"),
    }
    assert amounts("gpt-image-2") == {"request": Decimal("0.04")}
    assert None in amounts("gpt-5.4").values()
    assert not PriceSheet.objects.filter(model__name="unknown").exists()
    assert [kind["names"] for kind in report["left_out"] if kind["subject"] == "prices"] == [["not-offered"]]
    assert amounts("half") == {"input": 2, "output": 2}
    assert report["prices"]["rules"]["half"]["completion_ratio"] == {
        "value": "1",
        "rule": "by new-api's default for names without a rule",
    }
    assert "refuses its calls" in report["prices"]["refused"]["unknown"]


def test_another_number_of_units_per_dollar_is_converted(tmp_path: Path) -> None:
    options = [option("ModelRatio", {"m": 1}), option("CompletionRatio", {"m": 2}), option("QuotaPerUnit", "1000000")]
    migrate(tmp_path, channels=[channel(1, "m")], tokens=[], options=options)

    assert amounts("m") == {"input": 1, "output": 2}


def test_a_gateway_without_saved_prices_has_those_of_its_program(tmp_path: Path) -> None:
    report = migrate(tmp_path, channels=[channel(1, "gpt-4o")], tokens=[])

    assert amounts("gpt-4o") == {"input": Decimal("2.5"), "output": 10, "input.cache_read": Decimal("1.25")}
    assert report["prices"]["rules"]["gpt-4o"]["model_ratio"]["rule"] == "by new-api's built-in table"


def test_entries_for_models_apply_by_name_prefix_and_suffix(tmp_path: Path) -> None:
    entry = {"status": 1, "name_rule": 0}
    migrate(
        tmp_path,
        channels=[channel(1, "claude-opus-4-8,gpt-5.4,old-model", type=14)],
        tokens=[],
        vendors=[{"id": 1, "name": "Anthropic", "icon": "Claude.Color"}, {"id": 2, "name": "OpenAI"}],
        models=[
            {**entry, "id": 1, "model_name": "claude-", "name_rule": 1, "vendor_id": 1, "tags": "Tools,Vision"},
            {**entry, "id": 2, "model_name": "gpt-5.4", "vendor_id": 2, "endpoints": '{"openai-response": "/v1/x"}'},
            {**entry, "id": 3, "model_name": "old-model", "status": 0},
        ],
    )

    claude, gpt, old = (AIModel.objects.get(name=name) for name in ("claude-opus-4-8", "gpt-5.4", "old-model"))
    assert (claude.vendor.name, claude.tags, claude.status) == ("Anthropic", ["Tools", "Vision"], "published")
    assert claude.supported_endpoint_types == ["anthropic", "openai"]
    assert gpt.supported_endpoint_types == ["openai-response"]
    assert (old.status, old.in_price_list, gpt.in_price_list) == ("published", False, True)


def test_without_apply_nothing_is_written(tmp_path: Path) -> None:
    file = sqlite_gateway(tmp_path, "one-api", channels=[channel(1, "gpt-4o")], tokens=[token(1)], users=[user(1)])
    before = file.read_bytes()

    with pytest.raises(SystemExit) as waiting:
        call_command("import_gateway", sqlite=str(file))

    assert waiting.value.code == 2
    assert not Channel.objects.exists()
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("CREATE TABLE other (id)", "no tables named channels and tokens"),
        ("CREATE TABLE channels (id); CREATE TABLE tokens (id, key)", "neither one-api's"),
        ("CREATE VIEW channels AS SELECT 1 AS id; CREATE VIEW tokens AS SELECT 1 AS subnet", "no tables named"),
    ],
)
def test_another_database_is_refused_in_a_sentence(tmp_path: Path, statement: str, message: str) -> None:
    file = tmp_path / "other.db"
    with sqlite3.connect(file) as connection:
        connection.executescript(statement)
    connection.close()

    with pytest.raises(CommandError, match=message) as refused:
        call_command("import_gateway", sqlite=str(file))

    assert refused.value.returncode == 4


@pytest.mark.parametrize(
    "dsn",
    [
        "postgres://someone:hunter2@127.0.0.1:1/oneapi",
        "host=127.0.0.1 port=1 dbname=oneapi user=someone password=hunter2",
        "mysql://someone:hunter2@127.0.0.1:1/oneapi",
        "someone:hunter2@tcp(127.0.0.1:1)/oneapi?charset=utf8mb4",
        "oracle://someone:hunter2@127.0.0.1/oneapi",
        "postgres://someone:hunter2@[broken/oneapi",
    ],
)
def test_an_unreadable_server_is_reported_without_its_password(dsn: str) -> None:
    with pytest.raises(CommandError) as refused:
        call_command("import_gateway", dsn=dsn)

    assert refused.value.returncode == 4
    assert "hunter2" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_a_database_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("this is a text" * 100)

    for name in ("text.db", "missing.db"):
        with pytest.raises(CommandError) as refused:
            call_command("import_gateway", sqlite=str(tmp_path / name))
        assert refused.value.returncode == 4


def test_a_plan_counts_the_offers_of_new_models(tmp_path: Path) -> None:
    report = migrate(tmp_path, channels=[channel(1, "gpt-4o,gpt-new")], tokens=[])

    assert report["counts"]["offers"] == Offer.objects.count() == 2
    assert not [finding for finding in report["findings"] if "left out" in finding]


def test_channels_of_another_gateway_with_the_same_name_and_id_are_named(tmp_path: Path) -> None:
    common: dict[str, Any] = {
        "channels": [channel(1, "m")],
        "users": [user(1)],
        "options": [option("ModelRatio", {"m": 1})],
    }
    first = migrate(tmp_path, tokens=[token(1)], **common)
    again = migrate(tmp_path, tokens=[token(1), token(2)], **common)

    other = migrate(tmp_path, tokens=[token(3)], **common)

    assert not [
        finding for report in (first, again) for finding in report["findings"] if "no token of this gateway" in finding
    ]
    found = [finding for finding in other["findings"] if "no token of this gateway" in finding]
    assert len(found) == 1
    assert found[0].startswith("channels of the same name and id are here, but no token of this gateway")
    assert found[0].endswith(": channel-1-1")
