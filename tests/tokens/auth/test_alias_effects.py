"""An alias that matches patterns of keys where its model does not is reported where it is created."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from catalog.models import AIModel, ModelAlias
from tests import world
from tests.admin_world import filled_in
from tests.pricing.imports.running import run
from tokens.auth.alias_effects import alias_effects

pytestmark = pytest.mark.django_db

CATALOG = """format: modelbook/1
models:
- {name: gpt-5.5}
aliases:
- {name: claude-default, model: gpt-5.5}
"""


def effects(alias: str, model: str = "gpt-5.5") -> list[str]:
    return [sentence for effect in alias_effects({alias: model}, at=timezone.now()) for sentence in effect.sentences]


@pytest.mark.parametrize("patterns", [{"allow": ["claude-*"]}, {"allow": ["claude-default"]}, {"allow": ["*-default"]}])
def test_an_alias_that_shows_a_model_to_a_key_is_reported(patterns: dict[str, Any]) -> None:
    world.model("gpt-5.5")
    world.key(name="Acme", **patterns)

    (sentence,) = effects("claude-default")
    assert sentence.startswith("shows gpt-5.5 to 1 key (Acme)")


@pytest.mark.parametrize(
    "patterns",
    [
        {},
        {"allow": ["*"]},
        {"allow": ["gpt-*", "claude-*"]},
        {"allow": ["claude-*"], "deny": ["gpt-*"]},
        {"allow": ["claude-*"], "enabled": False},
        {"allow": ["vendor:openai"]},
    ],
)
def test_an_alias_that_changes_nothing_is_not_reported(patterns: dict[str, Any]) -> None:
    world.model("gpt-5.5")
    world.key(**patterns)

    assert effects("claude-default") == []


def test_a_key_that_does_not_reach_the_model_is_not_counted() -> None:
    world.model("gpt-5.5")
    world.key("vip", allow=["claude-*"])

    assert effects("claude-default") == []


def test_an_alias_that_hides_its_model_is_reported() -> None:
    world.model("gpt-5.5")
    for name in ("a", "b", "c", "d"):
        world.key(name=name, deny=["claude-*"])

    (sentence,) = effects("claude-default")
    assert sentence.startswith("hides gpt-5.5 from 4 keys (a, b, c, …)")


def test_aliases_that_match_the_same_pattern_are_all_reported() -> None:
    model = world.model("gpt-5.5")
    world.key(name="Acme", allow=["claude-*"])
    world.key(name="neither", allow=["claude-*"], deny=["cheap/*"])
    for name in ("claude-a", "claude-b"):
        ModelAlias.objects.create(name=name, model=model)

    found = alias_effects({"claude-a": "gpt-5.5", "claude-b": "gpt-5.5"}, at=timezone.now())
    assert [(effect.alias, effect.shown_to) for effect in found] == [
        ("claude-a", ["Acme", "neither"]), ("claude-b", ["Acme", "neither"]),
    ]  # fmt: skip

    hiding = {"claude-a": "gpt-5.5", "claude-b": "gpt-5.5", "cheap/gpt": "gpt-5.5"}
    assert [effect.shown_to for effect in alias_effects(hiding, at=timezone.now())] == [["Acme"], ["Acme"]]


def test_an_import_reports_it_in_its_plan(tmp_path: Path) -> None:
    world.key(name="Acme", allow=["claude-*"])

    findings = run("yaml", CATALOG, tmp_path, "--apply").findings()
    assert "the alias shows gpt-5.5 to 1 key (Acme)" in findings
    assert "the alias" not in run("yaml", CATALOG, tmp_path).findings()


def test_the_health_checks_list_it(capsys: pytest.CaptureFixture[str]) -> None:
    ModelAlias.objects.create(name="claude-default", model=world.model("gpt-5.5"))
    world.key(name="Acme", allow=["claude-*"])

    with pytest.raises(SystemExit):
        call_command("check_catalog")
    assert "alias claude-default shows gpt-5.5 to 1 key (Acme)" in capsys.readouterr().out


def test_the_admin_warns_where_it_is_created(admin_client: Client) -> None:
    model = world.model("gpt-5.5")
    world.key(name="Acme", allow=["claude-*"])
    address = f"/admin/catalog/aimodel/{model.pk}/change/"
    form = filled_in(admin_client, address, **{"aliases-TOTAL_FORMS": "1", "aliases-0-name": "claude-default"})

    answer = admin_client.post(address, form, follow=True)

    assert ModelAlias.objects.get().model == model
    assert "The alias claude-default shows gpt-5.5 to 1 key (Acme)" in answer.content.decode()


def test_the_admin_shows_what_is_scheduled_and_what_is_not_listed(admin_client: Client) -> None:
    world.model("ahead", starts_at=timezone.now() + dt.timedelta(days=1))
    world.model("unlisted", listed=False)
    world.model("usual")

    page = admin_client.get("/admin/catalog/aimodel/").content.decode()
    assert page.count("Scheduled") == 1
    assert "Not listed" in page
    scheduled = admin_client.get("/admin/catalog/aimodel/?start=scheduled").content.decode()
    assert "ahead" in scheduled
    assert "usual" not in scheduled
    assert AIModel.objects.filter(listed=True).count() == 2
