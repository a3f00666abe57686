"""import_gateway: groups have the names here that they have in the gateway."""

import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from catalog.names.groups import earlier_group_name
from pricing.models import GroupRate
from tests import world
from tests.pricing.gateways.databases import channel, group, key, option, price, sqlite_gateway, token, user
from tokens.models import Token, TokenGroup

pytestmark = pytest.mark.django_db

OFFICIAL, PROMOTION = "官转", "限时特价"


def migrate(folder: Path, dialect: str, **rows: Any) -> Any:
    """Migrates a gateway with these rows; returns the report."""
    out = io.StringIO()
    file = sqlite_gateway(folder, dialect, **rows)
    call_command("import_gateway", sqlite=str(file), apply=True, format="json", stdout=out)
    return json.loads(out.getvalue())


def chinese_gateway(dialect: str) -> dict[str, Any]:
    """Two Chinese groups, each with a channel, a rate and a user whose key has no group of its own."""
    rows: dict[str, Any] = {
        "channels": [channel(1, "gpt-4o", group=OFFICIAL), channel(2, "o3", group=f"{OFFICIAL},{PROMOTION}")],
        "users": [user(1, OFFICIAL, quota=5), user(2, PROMOTION, quota=5)],
        "tokens": [token(1, user_id=1), token(2, user_id=2)],
    }
    rates = {OFFICIAL: 1.5, PROMOTION: 0.25}
    if dialect in ("one-hub", "done-hub"):
        groups = [group(n, name, rate, name=f"{name}分组") for n, (name, rate) in enumerate(rates.items(), 1)]
        return rows | {"user_groups": groups, "prices": [price("gpt-4o", 1, 2), price("o3", 1, 2)]}
    options = [option("GroupRatio", rates), option("ModelRatio", {"gpt-4o": 1, "o3": 1})]
    labels = option("UserUsableGroups", {name: f"{name}分组" for name in rates})
    return rows | {"options": options if dialect == "one-api" else [*options, labels]}


@pytest.mark.parametrize("dialect", ["one-api", "new-api", "new-api of August", "Veloera", "one-hub", "done-hub"])
def test_chinese_groups_keep_their_names_labels_rates_and_keys(tmp_path: Path, dialect: str, client: Client) -> None:
    report = migrate(tmp_path, dialect, **chinese_gateway(dialect))

    groups = {row.slug: row for row in TokenGroup.objects.filter(slug__in=[OFFICIAL, PROMOTION])}
    labels = {"one-api": [OFFICIAL, PROMOTION]}.get(dialect, [f"{OFFICIAL}分组", f"{PROMOTION}分组"])
    assert [groups[name].label for name in (OFFICIAL, PROMOTION)] == labels
    assert not TokenGroup.objects.filter(slug__startswith="group-").exists()
    assert [GroupRate.objects.get(group=groups[name]).ratio for name in groups] == [Decimal("1.5"), Decimal("0.25")]
    assert report["keys"]["counts"]["different"] == 0
    for number, models in ((1, ["gpt-4o", "o3"]), (2, ["o3"])):
        name = (OFFICIAL, PROMOTION)[number - 1]
        listed = client.get("/v1/models", headers={"Authorization": f"Bearer sk-{key(number)}"}).json()
        assert sorted(row["id"] for row in listed["data"]) == models
        prices = client.get("/api/pricing", headers={"Authorization": f"Bearer sk-{key(number)}"}).json()
        assert prices["group_ratio"] == {name: {OFFICIAL: 1.5, PROMOTION: 0.25}[name]}
        assert {group for row in prices["data"] for group in row["enable_groups"]} == {name}


def test_a_rate_and_a_price_of_one_model_for_a_chinese_group_apply_to_it(tmp_path: Path, client: Client) -> None:
    rows = chinese_gateway("new-api")
    rows["options"].append(option("GroupModelRatio", {PROMOTION: {"o3": 0.1}}))
    rows["options"].append(option("CompletionRatio", {"o3": 1}))
    migrate(tmp_path, "new-api", **rows)

    for number, amount in ((1, "3"), (2, "0.2")):
        question = {"model": "o3", "usage": {"input": 1_000_000}}
        headers = {"Authorization": f"Bearer sk-{key(number)}"}
        answer = client.post("/api/pricing/quote", question, "application/json", headers=headers).json()
        assert (answer["amount"], answer["group"]) == (amount, (OFFICIAL, PROMOTION)[number - 1])


def test_a_space_around_the_name_of_a_group_breaks_no_key(tmp_path: Path, client: Client) -> None:
    spaced = f"{OFFICIAL} "
    options = [
        option("GroupRatio", {spaced: 1.5, "default": 1}),
        option("UserUsableGroups", {spaced: "官方转发", "auto": "自动"}),
        option("AutoGroups", [spaced]),
        option("ModelRatio", {"gpt-4o": 1}),
        option("group_ratio_setting.group_special_usable_group", {spaced: {f"-:{spaced}": ""}}),
    ]
    report = migrate(
        tmp_path,
        "new-api of August",
        channels=[channel(1, "gpt-4o", group=spaced)],
        users=[user(1, "default", quota=5), user(2, spaced, quota=5)],
        tokens=[token(1, user_id=1, group=spaced), token(2, user_id=1, group="auto"), token(3, user_id=2)],
        options=options,
    )

    assert report["keys"]["counts"]["equal"] == 3
    stored = TokenGroup.objects.get(slug=OFFICIAL)
    assert (stored.label, stored.auto_position, GroupRate.objects.get(group=stored).ratio) == ("官方转发", 1, 1.5)
    for number in (1, 2, 3):
        listed = client.get("/v1/models", headers={"Authorization": f"Bearer sk-{key(number)}"}).json()
        assert [row["id"] for row in listed["data"]] == ["gpt-4o"]


def test_a_name_that_no_group_may_have_gets_a_readable_one_with_a_finding(tmp_path: Path) -> None:
    rates = {"官转\u200b": 2, "a,b": 3, "\u00e9": 4, "e\u0301": 5}
    report = migrate(tmp_path, "new-api", channels=[], tokens=[], options=[option("GroupRatio", rates)])

    names = sorted(TokenGroup.objects.values_list("slug", flat=True))
    assert [name.partition("-")[0] for name in names] == ["ab", "default", "vip", "\u00e9", "官转"]
    findings = [finding for finding in report["findings"] if "group" in finding]
    assert any("which nobody sees" in finding and "官转-" in finding for finding in findings)
    assert any(finding.endswith("commas separate groups in gateways. Remove the comma") for finding in findings)
    assert "2 groups of the gateway are the same here: \u00e9" in findings


def test_groups_of_an_earlier_import_continue_under_their_names_until_they_are_renamed(tmp_path: Path) -> None:
    earlier = earlier_group_name(OFFICIAL)
    world.token_group(earlier, label=OFFICIAL)
    rows = chinese_gateway("new-api")

    report = migrate(tmp_path, "new-api", **rows)

    stored = TokenGroup.objects.get(slug=earlier)
    assert not TokenGroup.objects.filter(slug=OFFICIAL).exists()
    assert Token.objects.get(groups=stored).name == "token 1"
    assert any(f"group {OFFICIAL} has the name {earlier} here" in finding for finding in report["findings"])

    stored.slug = OFFICIAL
    stored.save()
    again = migrate(tmp_path, "new-api", **rows)

    assert again["counts"]["groups"] == again["counts"]["groups_changed"] == 0
    assert GroupRate.objects.filter(group=stored).count() == 1
    assert not any(earlier in finding for finding in again["findings"])


def test_labels_of_other_operators_stay_with_a_finding(tmp_path: Path) -> None:
    world.token_group("vip", label="Our best customers")
    labels = {"default": "默认分组", "vip": "会员", PROMOTION: "特" * 200}
    report = migrate(tmp_path, "new-api", channels=[], tokens=[], options=[option("UserUsableGroups", labels)])

    stored = dict(TokenGroup.objects.values_list("slug", "label"))
    assert (stored["default"], stored["vip"], stored[PROMOTION]) == ("默认分组", "Our best customers", "特" * 128)
    assert "group vip keeps its label Our best customers; in the gateway it is 会员" in report["findings"]
    assert f"the label of group {PROMOTION} was cut to 128 characters" in report["findings"]


def test_options_of_groups_that_are_not_imported_are_reported(tmp_path: Path) -> None:
    report = migrate(
        tmp_path,
        "new-api",
        channels=[],
        tokens=[],
        options=[
            option("GroupRatio", {OFFICIAL: "1.5x", PROMOTION: 0.5}),
            option("AutoGroups", [PROMOTION, "不存在"]),
            option("TopupGroupRatio", {OFFICIAL: 1, PROMOTION: 0.9}),
        ],
    )

    assert "rates of groups that are not numbers of 0 or more were left out: 官转" in report["findings"]
    assert any("AutoGroups" in finding and "不存在" in finding for finding in report["findings"])
    assert {"subject": "options.TopupGroupRatio", "names": [OFFICIAL, PROMOTION]}.items() <= next(
        kind for kind in report["left_out"] if kind["subject"] == "options.TopupGroupRatio"
    ).items()
