"""A migration is one import run: a rollback removes what it created, its tokens too, and restores what it changed."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from catalog.exact import read_json
from catalog.imports.run_reports import sections
from catalog.models import AIModel, Channel, EndpointType, ImportRun, Offer, Vendor
from pricing.models import GroupRate, PriceSheet
from pricing.usage.events import Event, record_events
from pricing.usage.quantities import read_usage
from tests import world
from tests.events import subscribe, take_events
from tests.pricing.gateways.databases import channel, key, option, sqlite_gateway, token, user
from tokens.models import Token, TokenGroup

pytestmark = pytest.mark.django_db

TABLES = (AIModel, Channel, EndpointType, Offer, Vendor, TokenGroup, Token)
CONTENT: dict[str, Any] = {
    "channels": [channel(1, "acme-1,gpt-4o", group="default,vip"), channel(2, "acme-1", group="vip")],
    "tokens": [token(1), token(2, group="vip"), token(3, status=2)],
    "users": [user(1)],
    "options": [
        option("ModelRatio", {"acme-1": 1, "gpt-4o": 1.25}),
        option("CompletionRatio", {"acme-1": 3}),
        option("GroupRatio", {"default": 1, "vip": 0.8}),
        option("UserUsableGroups", {"default": "Everybody", "vip": "Very important"}),
    ],
    "models": [
        {
            "id": 1,
            "model_name": "acme-1",
            "status": 1,
            "name_rule": 0,
            "vendor_id": 1,
            "endpoints": '{"own": "/v9/own"}',
        }
    ],
    "vendors": [{"id": 1, "name": "Acme"}],
}


def migrate(folder: Path, **rows: Any) -> Any:
    out = io.StringIO()
    file = sqlite_gateway(folder, "new-api", **CONTENT | rows)
    call_command("import_gateway", sqlite=str(file), apply=True, format="json", stdout=out)
    return read_json(out.getvalue().encode())


def test_events_name_the_vendors_and_groups_of_what_a_migration_created(tmp_path: Path) -> None:
    subscribe()

    run = migrate(tmp_path)["run"]
    issued = {data["name"]: data["groups"] for name, data in take_events() if name == "token.issued"}
    roll_back(run)
    revoked, vendors = {}, {}
    for name, data in take_events():
        if name == "token.revoked":
            revoked[data["name"]] = data["groups"]
        else:
            vendors[data["model"]] = data["vendor"]

    assert issued == revoked == {"token 1": ["default"], "token 2": ["vip"], "token 3": ["default"]}
    assert vendors == {"acme-1": "acme", "gpt-4o": "openai"}


def roll_back(run: int) -> Any:
    out = io.StringIO()
    call_command("rollback_import", str(run), accept_loss=True, format="json", stdout=out)
    return read_json(out.getvalue().encode())


def rows() -> dict[str, Any]:
    """All that readers can see. Prices and rates that have taken effect stay in the history."""
    now = timezone.now()
    rates = GroupRate.objects.in_force(at=now).values_list("group__slug", "ratio")
    return {
        **{
            table.__name__: list(table._default_manager.order_by("pk").values_list("pk", flat=True)) for table in TABLES
        },
        "models": list(AIModel.objects.values_list("name", "status", "tags")),
        "groups": list(TokenGroup.objects.values_list("slug", "label", "is_public", "auto_position")),
        "reach": list(TokenGroup.channels.through.objects.values_list("tokengroup__slug", "channel__slug")),
        "sheets": list(PriceSheet.objects.in_force(at=now).values_list("model__name", "role")),
        "rates": [(group, ratio) for group, ratio in rates if ratio != 1],
    }


@pytest.mark.parametrize("with_catalog", [False, True])
def test_a_rollback_leaves_the_catalog_as_it_was(tmp_path: Path, with_catalog: bool) -> None:
    if with_catalog:
        world.token_group("default", label="Ours", is_public=False)
        world.model("gpt-4o", on="main", status="draft")
        world.rate(TokenGroup.objects.get(slug="default"), "1")
    before = rows()
    report = migrate(tmp_path)
    assert rows() != before

    undone = roll_back(report["run"])

    assert undone["stays"] == []
    assert rows() == before
    assert undone["removed"]["tokens"] == 3


def test_a_key_is_refused_after_the_rollback_and_works_after_the_next_migration(client: Client, tmp_path: Path) -> None:
    def status() -> int:
        return client.get("/v1/models", headers={"authorization": f"Bearer sk-{key(1)}"}).status_code

    run = migrate(tmp_path)["run"]
    assert status() == 200
    roll_back(run)
    assert status() == 401
    migrate(tmp_path)
    assert status() == 200


def test_a_token_that_has_reported_usage_stays(tmp_path: Path) -> None:
    run = migrate(tmp_path)["run"]
    reporter = Token.objects.get(name="token 1")
    now = timezone.now()
    event = Event("1", "nobody", "nothing", now, read_usage({"input": 1}))
    record_events([event], reporter=reporter.pk, reporter_name=reporter.key_id, at=now)

    undone = roll_back(run)

    assert undone["removed"]["tokens"] == 2
    assert f"token {reporter}" in undone["stays"]
    connection.check_constraints()


def test_a_migration_of_new_tokens_alone_is_a_run_as_well(tmp_path: Path) -> None:
    first = migrate(tmp_path)["run"]
    second = migrate(tmp_path, tokens=[*CONTENT["tokens"], token(4)])["run"]

    assert second != first
    assert roll_back(second)["removed"] == {"tokens": 1}
    assert Token.objects.count() == 3
    assert ImportRun.objects.get(pk=second).status == "rolled_back"


def test_a_token_that_somebody_changed_stays_and_is_reported(tmp_path: Path) -> None:
    run = migrate(tmp_path)["run"]
    changed = Token.objects.get(name="token 2")
    changed.note = "Ours now."
    changed.save()

    undone = roll_back(run)

    assert undone["removed"]["tokens"] == 2
    assert undone["stays"] == [f"token {changed}", "group vip"]


def test_a_plan_and_an_empty_migration_have_no_run(tmp_path: Path) -> None:
    migrate(tmp_path)
    assert migrate(tmp_path)["run"] is None
    assert ImportRun.objects.count() == 1


def test_the_report_of_the_run_has_the_tokens_and_what_stayed_behind(tmp_path: Path) -> None:
    run = ImportRun.objects.get(pk=migrate(tmp_path)["run"])

    assert run.report["counts"]["tokens"] == 3
    assert "accounts, with their roles, logins and addresses (1): user 1" in run.report["left_out"]
    titles = {title: lines for title, _, lines in sections(run.report)}
    assert {"Not carried over", "New models", "Channels", "Groups"} <= titles.keys()
    rule = "completion_ratio by new-api's rule (1 model): gpt-4o 4"
    assert rule in titles["Prices by rules of the gateway's program"]
