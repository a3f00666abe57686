"""Whoever issues a key learns how many models it sees, and what in its terms has no effect."""

import datetime as dt
import html
import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from catalog.models import Channel, ModelAlias
from tests import admin_world, world
from tokens.access.prices import with_prices
from tokens.access.visibility import Listing
from tokens.auth.authentication import row_of, scope_of
from tokens.auth.sight import sight_of_token
from tokens.models import Token

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def catalog() -> None:
    for name in ("gpt-4o", "gpt-4o-mini", "claude-5", "gizmo-*"):
        vendor = world.vendor("anthropic" if name.startswith("claude") else "openai")
        world.price(world.model(name, vendor=vendor, tags=["tools"]), input="3", output="9")
    world.model("far", on=world.channel("far", group="vip"))
    world.model("draft", status="draft")


def sight(*groups: str, **fields: Any) -> str:
    token, _ = world.token(*groups, **fields)
    now = timezone.now()
    found = sight_of_token(token, at=now)
    assert found.visible == len(Listing(with_prices(scope_of(row_of(token)), at=now), now).models())
    return str(found)


def test_a_key_without_patterns_sees_what_its_group_reaches() -> None:
    assert sight() == "sees 4 of 5 models"


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("zeta-1-pri", "`zeta-1-pri` matches nothing"),
        ("zeta-*", "`zeta-*` matches nothing"),
        ("id:zeta", "`id:zeta` matches nothing"),
        ("vendor:nosuch", "`vendor:nosuch` matches nothing"),
        ("tag:nosuch*", "`tag:nosuch*` matches nothing"),
        ("context>=200000", "`context>=200000` matches nothing"),
        ("price:input<=1", "`price:input<=1` matches nothing"),
        ("free", "`free` matches nothing"),
        ("GPT-4o", "`GPT-4o` matches nothing"),
        ("draft", "`draft` matches no model that its groups reach"),
        ("far", "`far` matches no model that its groups reach"),
    ],
)
def test_an_allow_pattern_that_allows_nothing_is_named(pattern: str, problem: str) -> None:
    assert sight(allow=["gpt-*", pattern]) == f"sees 2 of 5 models; {problem}"


def test_an_unknown_selector_is_named() -> None:
    assert sight(allow=["foo:bar"]).startswith(
        "sees 0 of 5 models; `foo:bar` matches nothing: no model has this id, and foo: is none of vendor:, series:,"
    )


def test_patterns_of_wildcard_models_and_aliases_are_no_mistake() -> None:
    ModelAlias.objects.create(name="best", model=world.model("best-1"))
    assert sight(allow=["gizmo-7", "best", "vendor:OpenAI"]) == "sees 4 of 6 models"


@pytest.mark.parametrize(
    ("deny", "shown"),
    [
        (["zeta-1-pri"], "sees 4 of 5 models; `zeta-1-pri` matches nothing"),
        (["vendor:nosuch"], "sees 4 of 5 models; `vendor:nosuch` matches nothing"),
        (["*"], "sees 0 of 5 models; `*` denies every model that its groups reach"),
        (
            ["vendor:openai", "vendor:anthropic"],
            "sees 0 of 5 models; its deny patterns together deny every model that its groups reach",
        ),
        (["far"], "sees 4 of 5 models"),
    ],
)
def test_a_deny_list_that_does_nothing_or_too_much_is_named(deny: list[str], shown: str) -> None:
    assert sight(deny=deny) == shown


def test_an_allow_pattern_whose_models_are_all_denied_is_named() -> None:
    shown = sight(allow=["gpt-*", "claude-5"], deny=["gpt-4o*"])
    assert shown == "sees 1 of 5 models; `gpt-*` matches only models that are denied"


def test_an_empty_allow_list_is_named() -> None:
    assert sight(allow=[]) == "sees 0 of 5 models; its allow list is empty, so it sees no model"


def test_a_key_that_nobody_can_use_is_named() -> None:
    now = timezone.now()
    assert "it expired at" in sight(expires_at=now - DAY)
    assert "no caller has an address in 0.0.0.0/32, so it is always refused" in sight(networks=["0.0.0.0/32"])
    assert sight(networks=["10.0.0.0/8", "ff00::/8"]).endswith("; no caller has an address in ff00::/8")
    assert sight(networks=["0.0.0.0/0", "::/0", "::1", "127.0.0.1"]) == "sees 4 of 5 models"


def test_groups_that_reach_nothing_are_named() -> None:
    world.token_group("empty")
    assert sight("default", "empty") == "sees 4 of 5 models; group empty reaches no channel"
    Channel.objects.update(enabled=False)
    assert sight("vip") == "sees 0 of 5 models; group vip reaches no enabled channel"
    world.channel("bare", group="bare")
    assert sight("bare") == "sees 0 of 5 models; group bare reaches no model"


def test_a_long_list_of_problems_ends_with_their_number() -> None:
    assert sight(allow=[f"no-{number}" for number in range(30)]).endswith("; and 20 more problems")


def test_the_commands_say_it_before_and_after() -> None:
    def run(*arguments: str) -> tuple[str, str]:
        out, errors = io.StringIO(), io.StringIO()
        call_command(*arguments, stdout=out, stderr=errors)
        return out.getvalue(), errors.getvalue()

    terms = ("--allow", "gpt-*,zeta-1-pri")
    shown = "sees 2 of 5 models; `zeta-1-pri` matches nothing."
    assert f"The token {shown}" in run("issue_token", "Acme", *terms, "--dry-run")[1]
    printed, said = run("issue_token", "Acme", *terms, "--format", "json")
    assert f"It {shown}" in said
    sees = {"visible": 2, "published": 5, "problems": ["`zeta-1-pri` matches nothing"]}
    assert json.loads(printed)["sees"] == sees
    key_id = Token.objects.get().key_id
    denied = run("update_token", key_id, "--allow-all", "--deny", "*", "--accept-loss", "--dry-run")[0]
    assert "It would see 0 of 5 models; `*` denies every model" in denied
    assert f"It {shown}" in run("update_token", key_id, "--note", "x")[0]
    assert json.loads(run("update_token", key_id, "--note", "y", "--format", "json")[0])["sees"] == sees


@pytest.mark.parametrize("pattern", ["price:<=5", "vendors:openai", "vendor:", "Free"])
def test_a_text_that_looks_like_a_pattern_and_is_none_is_refused(pattern: str) -> None:
    with pytest.raises(CommandError, match="allow: "):
        call_command("issue_token", "Acme", "--allow", pattern)


def test_the_form_says_it_after_a_save(admin_client: Client) -> None:
    add = "/admin/tokens/token/add/"
    patterns = {"allow_0": "listed", "allow_1": "gpt-*, zeta-1-pri"}
    page = admin_client.post(add, admin_world.filled_in(admin_client, add, name="Acme", **patterns), follow=True)
    assert "sees 2 of 5 models; `zeta-1-pri` matches nothing." in html.unescape(page.content.decode())
    change = f"/admin/tokens/token/{Token.objects.get().pk}/change/"
    asked = admin_client.post(change, admin_world.filled_in(admin_client, change, deny="*"))
    assert "`*` denies every model that its groups reach" in html.unescape(asked.content.decode())
    page = admin_world.confirm(admin_client, change, asked, follow=True)
    assert "`*` denies every model that its groups reach" in html.unescape(page.content.decode())
