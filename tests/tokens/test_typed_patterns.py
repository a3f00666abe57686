"""A list of patterns that is typed with Chinese signs works: in commands, in the admin, and if it is stored already."""

import io
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from pricing.curation.health_checks import RULES, run_checks
from tests import admin_world, world
from tokens.models import Token

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _models() -> None:
    for name in ("gpt-4o", "claude-opus-5", "qwen-3"):
        world.model(name)


def listed(client: Client, key: str) -> list[str]:
    response = client.get("/v1/models", headers={"authorization": f"Bearer {key}"})
    return sorted(row["id"] for row in response.json()["data"])


def issue(*options: str) -> str:
    call_command("issue_token", "a customer", *options, stdout=(out := io.StringIO()))
    return out.getvalue().strip()


@pytest.mark.parametrize(
    "typed",
    [["gpt-*,claude-*"], ["gpt-*，claude-*"], ["ｇｐｔ－＊；claude－＊"], ["gpt-*", "claude-*"], ["gpt-*、claude-*"]],
)
def test_a_deny_list_of_a_command_hides_what_it_names(client: Client, typed: list[str]) -> None:
    key = issue(*(part for text in typed for part in ("--deny", text)))

    assert Token.objects.get().deny == ["gpt-*", "claude-*"]
    assert listed(client, key) == ["qwen-3"]


def test_other_lists_of_commands_are_split_too(client: Client) -> None:
    for name in ("官转", "限时，特价"):
        world.token_group(name)
    key = issue(
        "--allow", "gpt-*，qwen-3", "--group", "default，官转", "--group", "限时，特价", "--ip", "127.0.0.1，10.0.0.0/8"
    )

    token = Token.objects.get()
    assert (token.allow, token.networks) == (["gpt-*", "qwen-3"], ["127.0.0.1", "10.0.0.0/8"])
    assert sorted(group.slug for group in token.groups.all()) == ["default", "官转", "限时，特价"]
    assert listed(client, key) == ["gpt-4o", "qwen-3"]

    call_command("update_token", token.key_id, "--deny", "gpt-*；claude-*", "--accept-loss", stdout=io.StringIO())
    assert listed(client, key) == ["qwen-3"]


def test_an_unknown_group_in_a_list_is_refused() -> None:
    with pytest.raises(CommandError, match="There is no group '官转'"):
        issue("--group", "default，官转")


def form_of(admin_client: Client, token: Token, **values: Any) -> dict[str, Any]:
    page = admin_client.get(reverse("admin:tokens_token_change", args=[token.pk]))
    form = page.context["adminform"].form
    data = {name: form[name].value() for name in form.fields}
    allow_choice, allow = data.pop("allow")[:2] if isinstance(data["allow"], list | tuple) else ("absent", "")
    data |= {"allow_0": allow_choice, "allow_1": allow, "_continue": "1"} | values
    return {name: "" if value is None else value for name, value in data.items() if value is not False}


@pytest.mark.parametrize("typed", ["gpt-*，claude-*", "ｇｐｔ－＊\nclaude-*", "gpt-*; claude-*"])
def test_a_deny_list_of_the_admin_hides_what_it_names(admin_client: Client, client: Client, typed: str) -> None:
    token, key = world.token()

    url = reverse("admin:tokens_token_change", args=[token.pk])
    response = admin_world.post_confirmed(admin_client, url, form_of(admin_client, token, deny=typed))

    assert response.status_code == 302, response.context["adminform"].form.errors
    token.refresh_from_db()
    assert token.deny == ["gpt-*", "claude-*"]
    assert listed(client, key) == ["qwen-3"]


def test_ids_with_separators_survive_an_edit_of_another_field(admin_client: Client) -> None:
    token, _ = world.token(allow=["id:a;b", "id:ＧＰＴ，x", "gpt-*"], deny=["id:c、d"])

    url = reverse("admin:tokens_token_change", args=[token.pk])
    response = admin_client.post(url, form_of(admin_client, token, note="Edited."))

    assert response.status_code == 302, response.context["adminform"].form.errors
    token.refresh_from_db()
    assert token.note == "Edited."
    assert (token.allow, token.deny) == (["id:a;b", "id:ＧＰＴ，x", "gpt-*"], ["id:c、d"])


def test_stored_deny_lists_are_split_and_allow_lists_are_reported(client: Client) -> None:
    world.model("a;b")
    deny = ["gpt-*，claude-*", "ｑｗｅｎ－＊", "vendor：acme", "a;b", "id:x;y", "o3"]
    token, key = world.token(deny=deny, allow=["gpt-*，claude-*", "a;b"])
    world.token(name="Deny", deny=["gpt-*,claude-*"])

    import_module("tokens.migrations.0010_split_deny_patterns").split(apps, None)

    token.refresh_from_db()
    assert token.deny == ["gpt-*", "claude-*", "qwen-*", "vendor:acme", "id:a;b", "id:x;y", "o3"]
    assert token.allow == ["gpt-*，claude-*", "id:a;b"]
    assert Token.objects.get(name="Deny").deny == ["gpt-*", "claude-*"]
    assert listed(client, key) == []
    rules = [rule for rule in RULES if rule.name == "dead-pattern"]
    problems = [finding.problem for _, findings in run_checks(rules, at=timezone.now()) for finding in findings]
    assert any("gpt-*，claude-*" in problem for problem in problems)
