"""import_gateway on a database of done-hub: groups, keys, patterns, prices of groups and of long prompts."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from catalog.models import AIModel, Offer
from pricing.models import GroupRate
from tests import world
from tests.pricing.gateways.databases import channel, group, key, price, sqlite_gateway, token, user
from tokens.models import Token, TokenGroup

pytestmark = pytest.mark.django_db

SIGNED = "kQKMTKyEQA7X6eZ_8eKZ6PRLhSU-aC2L-jcozusWiMRPpZRMbhd2sOVuSeo"
CONTENT: dict[str, Any] = {
    "channels": [
        channel(1, "house-chat,wild-*", group="default,vip", priority=5),
        channel(2, "house-chat,vip-only", group="vip", model_mapping='{"house-chat": "house-cheap"}', priority=9),
        channel(3, "house-call", group="default"),
        channel(4, "house-call", group="vip", model_mapping='{"house-call": "by-call"}'),
    ],
    "prices": [
        price("house-chat", 1, 4, long_context={"threshold": 1000, "input_ratio": 2, "output_ratio": 1.5}),
        price("house-cheap", 0.5, 2),
        price("wild-*", 3, 6),
        price("house-call", 1, 2),
        price("by-call", 10, 0, type="times"),
        price("vip-only", 1, 1, channel_type=1001),
    ],
    "user_groups": [
        group(1, "default", description="For everybody"),
        group(2, "vip", ratio=0.8),
        group(3, "closed", enable=0),
        group(4, "promo", public=0, promotion=1),
    ],
    "model_owned_by": [{"id": 1001, "name": "Acme Labs", "icon": ""}],
    "users": [user(1, quota=10), user(2, "closed", quota=10)],
    "tokens": [
        token(1, key=SIGNED),
        token(2, group="vip", backup_group="default"),
        token(3, user_id=2),
        token(4, group="promo"),
        token(5, backup_group="vip"),
    ],
}


@pytest.fixture
def migrated(tmp_path: Path) -> str:
    file = str(sqlite_gateway(tmp_path, "done-hub", **CONTENT))
    call_command("import_gateway", sqlite=file, apply=True)
    return file


def authorized(client: Client, sent: str, model: str) -> bool:
    headers = {"authorization": f"Bearer {sent}"}
    return client.get("/api/authorize", {"model": model}, headers=headers).status_code == 204


def quote(client: Client, number: int, model: str, **usage: int) -> Decimal:
    answer = client.post(
        "/api/pricing/quote",
        json.dumps({"model": model, "usage": usage}),
        content_type="application/json",
        headers={"authorization": f"Bearer {SIGNED if number == 1 else key(number)}"},
    )
    return Decimal(answer.json()["amount"])


@pytest.mark.usefixtures("migrated")
def test_groups_come_from_their_table() -> None:
    groups = {each.slug: each for each in TokenGroup.objects.all()}

    assert {slug: (each.label, each.is_public) for slug, each in groups.items()} == {
        "default": ("Default", True),
        "vip": ("Vip", True),
        "closed": ("Closed", False),
        "promo": ("Promo", False),
    }
    assert groups["default"].description == "For everybody"
    assert GroupRate.objects.get(group=groups["vip"]).ratio == Decimal("0.8")


@pytest.mark.usefixtures("migrated")
def test_tokens_reach_their_group_and_its_backup() -> None:
    groups = {each.name: sorted(each.groups.values_list("slug", flat=True)) for each in Token.objects.all()}

    assert groups == {
        "token 1": ["default"],
        "token 2": ["default", "vip"],
        # Its user's group is disabled, and the program refuses a group that is not public.
        "token 3": [],
        "token 4": [],
        "token 5": ["vip"],
    }


@pytest.mark.usefixtures("migrated")
def test_keys_work_in_every_form_of_the_program(client: Client) -> None:
    for sent in (SIGNED, f"sk-{SIGNED}", f"sk-{SIGNED}#12", f"sk-{key(2)}#!7"):
        assert authorized(client, sent, "house-chat")
        assert authorized(client, sent, "wild-anything")
    assert not authorized(client, f"sk-{SIGNED}", "vip-only")


@pytest.mark.usefixtures("migrated")
def test_a_call_costs_what_the_first_channel_of_its_group_costs(client: Client) -> None:
    assert quote(client, 1, "house-chat", input=1000, output=100) == Decimal("0.0028")
    assert quote(client, 1, "house-chat", input=1001, output=100) == Decimal("0.005204")
    # Its group and its backup reach the model: the group decides.
    assert quote(client, 2, "house-chat", input=1000, output=100) == Decimal("0.00112")
    # Mapped on the channel of vip, without a second price, times 0.8.
    assert quote(client, 5, "house-chat", input=1001, output=100) == Decimal("0.0011208")
    assert quote(client, 1, "wild-anything", input=1000) == Decimal("0.006")
    assert quote(client, 1, "house-call", input=1000) == Decimal("0.002")
    assert quote(client, 5, "house-call", input=1000) == Decimal("0.016")


def test_a_second_migration_changes_nothing(migrated: str, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()

    call_command("import_gateway", sqlite=migrated, apply=True)

    assert "Nothing to do." in capsys.readouterr().out
    assert AIModel.objects.get(name="vip-only").vendor.name == "Acme Labs"
    assert Offer.objects.get(model__name="house-chat", channel__name="Channel 2").upstream_name == "house-cheap"


def test_the_plan_names_the_program_and_what_it_leaves_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        call_command("import_gateway", sqlite=str(sqlite_gateway(tmp_path, "done-hub", **CONTENT)), format="json")
    plan = json.loads(capsys.readouterr().out)

    assert plan["gateway"] == "done-hub"
    subjects = {kind["subject"]: kind["names"] for kind in plan["left_out"]}
    assert subjects["user_groups.promotion"] == ["promo"]
    assert "user_groups.api_rate" in subjects


def test_a_model_here_that_only_a_pattern_would_serve_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world.model("wild-1")
    call_command("import_gateway", sqlite=str(sqlite_gateway(tmp_path, "done-hub", **CONTENT)), apply=True)

    assert "1 model here that no channel of the gateway lists fits a pattern" in capsys.readouterr().out
