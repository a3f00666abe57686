"""`--prune` removes what a file no longer contains, and a rollback restores the same bytes."""

import datetime as dt
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.utils import timezone

from catalog.error_messages import NotPermittedError
from catalog.models import (
    AIModel,
    Channel,
    CodexProfile,
    EndpointType,
    FieldPin,
    ImportRun,
    ModelAlias,
    Offer,
    Vendor,
)
from catalog.sources import SOURCES
from pricing.imports.options import Options
from pricing.imports.review import apply_run, save_plan
from pricing.imports.rollback import roll_back
from pricing.models import DiscountRule, PopularModel, UsageCount
from pricing.published.group_rates import ratios_in_force
from tests import world
from tests.pricing.imports.running import run
from tokens.models import KeyHolder, ModelRelease, OperatorGroups, Token, TokenGroup
from tokens.operators.admin_keys import act_as, importing
from tokens.operators.roles import create_roles

pytestmark = pytest.mark.django_db

CONFIRMED = ("--allow-removals", "--accept-loss", "--accept-jumps")


def export(folder: Path, *sections: str) -> bytes:
    file = folder / "exported.yaml"
    call_command("export_catalog", "yaml", output=str(file), extra=list(sections))
    return file.read_bytes()


def small_catalog() -> None:
    world.price(world.model("gpt-4o"), role="list", input="2.5")
    for number in range(40):
        world.model(f"model-{number:02}")


def later_additions() -> None:
    """One row in every table, and one value in every kind of field, that the file does not have."""
    acme = Vendor.objects.create(slug="acme", name="Acme")
    EndpointType.objects.create(name="holo", path="/v1/holo", method="POST")
    west = world.channel("west", group="vip", base_url="https://west.example.com")
    world.rate(world.token_group("vip"), "0.5")
    new = world.model("new", on=west, vendor=acme, supported_endpoint_types=["holo"], tags=["x"])
    world.price(new, role="sell", input="3", output="0.000000000000000000012")
    world.price(new, role="list", input="2", starts_at=timezone.now() + dt.timedelta(days=9))
    old = AIModel.objects.get(name="gpt-4o")
    old.description, old.context_length, old.successor = "added", 128_000, new
    old.save()
    world.price(old, role="cost", input="1")
    world.price(old, role="sell", input="4")
    world.price(old, role="sell", input="5", starts_at=world.LONG_AGO + dt.timedelta(days=3))
    for name, model in (("newest", new), ("gpt-latest", old)):
        ModelAlias.objects.create(name=name, model=model)
    for model in (new, old):
        CodexProfile.objects.create(model=model, instructions="Write code.")
        PopularModel.objects.create(model=model, position=3)
        ModelRelease.objects.create(model=model, group=TokenGroup.objects.get(slug="vip"))
        DiscountRule.objects.create(model=model, multiplier=Decimal("0.9"))
        FieldPin.objects.create(model=model, field="icon", reason="ours")
    Offer.objects.create(channel=west, model=old, upstream_name="other")
    world.token_group().channels.add(west)


@pytest.mark.parametrize("mode", [(), ("delete",)])
def test_what_is_not_in_the_file_is_removed_and_comes_back_with_a_rollback(tmp_path: Path, mode: Any) -> None:
    small_catalog()
    wanted = export(tmp_path)
    later_additions()
    before, rows = export(tmp_path), everything()

    planned = run("yaml", wanted, tmp_path, "--prune", *mode)
    assert (planned.code, everything()) == (2, rows)
    outcome = run("yaml", wanted, tmp_path, "--prune", *mode, "--apply")

    assert outcome.code == 0, outcome.out + outcome.err
    assert export(tmp_path) == wanted
    assert run("yaml", wanted, tmp_path, "--prune", *mode).report["outcome"] == "done"
    structure = outcome.report["structure"]
    assert structure["models"]["removed"] == ["new"]
    assert structure["aliases"]["removed"] == ["gpt-latest", "newest"]
    assert structure["groups"]["removed"] == ["vip"]
    assert "leaves" not in structure  # The channel itself is removed.

    call_command("rollback_import", str(ImportRun.objects.latest("pk").pk))

    assert export(tmp_path) == before
    assert everything() == rows


def everything() -> dict[str, Any]:
    """The rows with their keys, without what every write changes, and the current prices."""
    tables = (AIModel, ModelAlias, Offer, Channel, Vendor, EndpointType, TokenGroup, CodexProfile, PopularModel)
    rows: dict[str, Any] = {
        table.__name__: [
            {name: value for name, value in row.items() if name != "updated_at"}
            for row in table._default_manager.order_by("pk").values()
        ]
        for table in (*tables, ModelRelease, DiscountRule, FieldPin)
    }
    return rows


def test_a_file_owns_only_the_sections_that_it_has(tmp_path: Path) -> None:
    small_catalog()
    later_additions()
    world.token("vip")
    Group.objects.create(name="Curators")
    before = export(tmp_path, "tokens", "roles")
    text = "format: modelbook/1\naliases:\n- {name: newest, model: new, listed: false}\n"

    outcome = run("yaml", text, tmp_path, "--prune", "--apply")

    assert outcome.code == 0, outcome.err
    assert list(ModelAlias.objects.values_list("name", flat=True)) == ["newest"]
    after = export(tmp_path, "tokens", "roles")
    assert after == before.replace(b"- name: gpt-latest\n  model: gpt-4o\n  listed: false\n", b"")


def test_offers_are_owned_by_the_channels_that_list_theirs(tmp_path: Path) -> None:
    small_catalog()
    later_additions()
    text = "format: modelbook/1\nchannels:\n- {slug: main, name: Main}\n- {slug: west, name: West, offers: []}\n"

    assert run("yaml", text, tmp_path, "--prune", "--apply", *CONFIRMED).code == 0

    assert {*Offer.objects.values_list("channel__slug", flat=True)} == {"main"}
    assert Offer.objects.count() == 41


def test_models_become_drafts_on_request_and_keep_what_belongs_to_them(tmp_path: Path) -> None:
    small_catalog()
    wanted = export(tmp_path)
    later_additions()
    before = export(tmp_path)

    outcome = run("yaml", wanted, tmp_path, "--prune", "draft", "--apply")

    assert outcome.code == 0
    new = AIModel.objects.get(name="new")
    assert (new.status, new.aliases.count(), new.sheets.count(), new.offers.count()) == ("draft", 1, 2, 0)
    assert outcome.report["structure"]["models"]["changed"]["new"] == {"status": ["published", "draft"]}
    assert run("yaml", wanted, tmp_path, "--prune", "draft").report["outcome"] == "done"
    call_command("rollback_import", str(ImportRun.objects.latest("pk").pk))
    assert export(tmp_path) == before


def test_a_model_with_reported_usage_becomes_a_draft(tmp_path: Path) -> None:
    small_catalog()
    wanted = export(tmp_path)
    used = world.model("used")
    UsageCount.objects.create(model=used, name="used", day=timezone.now().date(), reporter="r", requests=1)

    outcome = run("yaml", wanted, tmp_path, "--prune", "--apply")

    assert (outcome.code, AIModel.objects.get(name="used").status) == (0, "draft")
    assert "used: becomes a draft and is not removed, because its usage was reported" in outcome.findings()
    assert run("yaml", wanted, tmp_path, "--prune").code == 0


def test_many_removed_models_need_a_confirmation(tmp_path: Path) -> None:
    small_catalog()
    wanted = export(tmp_path)
    for number in range(4):
        world.model(f"more-{number}", on=None)

    outcome = run("yaml", wanted, tmp_path, "--prune", "--apply")

    assert outcome.code == 3
    sentence = "4 of 45 models are not in the file and are removed."
    assert outcome.report["guards"] == [f"{sentence} If this is correct, repeat with --allow-removals."]
    draft = run("yaml", wanted, tmp_path, "--prune", "draft", "--apply").report["guards"]
    assert draft[0].startswith("4 of 45 models are not in the file and become drafts.")
    assert AIModel.objects.count() == 45
    assert run("yaml", wanted, tmp_path, "--prune", "--apply", "--allow-removals").code == 0
    assert AIModel.objects.count() == 41


def test_keys_that_lose_many_models_need_another_confirmation(tmp_path: Path) -> None:
    small_catalog()
    wanted = export(tmp_path)
    world.model("only", on=world.channel("west", group="vip"))
    world.token("vip", name="Acme")

    outcome = run("yaml", wanted, tmp_path, "--prune", "--apply")

    assert outcome.code == 3
    assert "Acme" in outcome.report["guards"][0]
    assert "--accept-loss" in outcome.report["guards"][0]
    assert run("yaml", wanted, tmp_path, "--prune", "--apply", "--accept-loss").code == 0
    assert not AIModel.objects.filter(name="only").exists()
    call_command("rollback_import", str(ImportRun.objects.latest("pk").pk))
    assert [group.slug for group in Token.objects.get().groups.all()] == ["vip"]


def test_what_must_stay_is_named_in_a_sentence(tmp_path: Path) -> None:
    small_catalog()
    vip = world.token_group("vip")
    OperatorGroups.objects.create(operator=User.objects.create_user("ada")).groups.add(vip)
    held = Group.objects.create(name="Held")
    User.objects.get().groups.add(held)
    DiscountRule.objects.create(vendor=Vendor.objects.create(slug="ruled", name="Ruled"), multiplier=Decimal("0.5"))
    text = "format: modelbook/1\nvendors: []\nendpoint_types: []\ngroups: []\nroles: []\n"

    found = run("yaml", text, tmp_path, "--prune", "--apply").findings()

    stays = "stays, although the file does not contain it: "
    assert f"vendor openai {stays}41 models are of it" in found
    assert f"vendor ruled {stays}a discount rule is for it" in found
    assert f"endpoint type openai {stays}models have it" in found
    assert f"group default {stays}new tokens and imports need it" in found
    assert f"group vip {stays}operators are limited to it" in found
    assert f"role Held {stays}operators have it" in found
    assert [group.slug for group in TokenGroup.objects.order_by("slug")] == ["default", "vip"]


def test_a_rate_that_took_effect_is_followed_by_1(tmp_path: Path) -> None:
    small_catalog()
    vip = world.token_group("vip")
    wanted = export(tmp_path)
    world.rate(vip, "0.5")

    assert run("yaml", wanted, tmp_path, "--prune", "--apply").code == 0
    assert ratios_in_force(at=timezone.now()) == {vip.pk: Decimal(1)}
    assert export(tmp_path) == wanted
    assert run("yaml", wanted, tmp_path, "--prune").code == 0
    call_command("rollback_import", str(ImportRun.objects.latest("pk").pk))
    assert ratios_in_force(at=timezone.now()) == {vip.pk: Decimal("0.5")}


def test_a_pinned_field_stays(tmp_path: Path) -> None:
    small_catalog()
    wanted = export(tmp_path)
    model = AIModel.objects.get(name="gpt-4o")
    model.description, model.series = "ours", "gpt"
    model.save()
    FieldPin.objects.create(model=model, field="description", reason="ours")

    assert run("yaml", wanted, tmp_path, "--prune", "--apply").code == 0

    model.refresh_from_db()
    assert (model.description, model.series) == ("ours", "")


def apply_and_compare(text: str, folder: Path) -> None:
    """Applies a file with --prune; the catalog is that of the file afterwards, and the earlier one after a rollback."""
    before = export(folder, "tokens", "roles")
    outcome = run("yaml", text, folder, "--prune", "--apply", *CONFIRMED)
    assert (outcome.code, outcome.findings()) == (0, "")
    assert export(folder, "tokens", "roles").decode() == text
    call_command("rollback_import", str(ImportRun.objects.latest("pk").pk), accept_loss=True)
    assert export(folder, "tokens", "roles") == before


def test_a_date_is_checked_against_the_dates_that_the_file_has(tmp_path: Path) -> None:
    small_catalog()
    world.model("old", deprecated_on=dt.date(2026, 5, 1), retires_on=dt.date(2026, 6, 1))
    text = export(tmp_path, "tokens", "roles").decode()

    apply_and_compare(
        text.replace("  deprecated_on: '2026-05-01'\n", "").replace("'2026-06-01'", "'2026-01-01'"), tmp_path
    )


def test_models_that_replace_each_other_change_places(tmp_path: Path) -> None:
    new = world.model("new")
    world.model("old", successor=new)
    text = export(tmp_path, "tokens", "roles").decode()
    successors = [line for line in text.split("\n") if "successor" in line]
    assert successors == ["  successor: new"]
    parts = text.replace("  successor: new\n", "").split("  vendor: openai\n")

    # Models are in the order of their names, and the successor comes after the endpoint types.
    first = parts[1].replace("  - openai\n", "  - openai\n  successor: old\n", 1)
    apply_and_compare("  vendor: openai\n".join([parts[0], first, parts[2]]), tmp_path)


def test_a_rollback_removes_a_group_that_tokens_got(tmp_path: Path) -> None:
    small_catalog()
    vip, plus = world.token_group("vip"), world.token_group("plus")
    token = world.token("plus", "vip", first_group=plus)[0]
    Group.objects.create(name="Curators")
    text = export(tmp_path, "tokens", "roles").decode()
    token.groups.set([vip])
    token.first_group = None
    token.save()
    plus.delete()
    Group.objects.all().delete()
    role = Group.objects.create(name="Support")

    apply_and_compare(text, tmp_path)

    assert [group.slug for group in token.groups.all()] == ["vip"]
    assert token.history.latest().groups.count() == 1
    assert Group.objects.get(built_in=None) == role


def test_rows_that_need_a_removed_one_are_left_out_of_the_plan(tmp_path: Path) -> None:
    small_catalog()
    world.token_group("vip")
    key_id = world.token("vip")[0].key_id
    ModelAlias.objects.create(name="alias", model=world.model("gone"))
    text = export(tmp_path, "tokens").decode()
    for start, end in (("- slug: vip", "channels:\n- slug"), ("- name: gone\n", "- name: gpt-4o\n")):
        text = text[: text.index(start)] + text[text.index(end) :]
    text = text.replace("  - model: gone\n    enabled: true\n    upstream_name: ''\n", "")

    found = run("yaml", text, tmp_path, "--prune").findings()

    assert "model of alias alias was left out: there is no model gone" in found
    assert f"token {key_id} was left out: groups: there is no group vip" in found


def test_an_alias_becomes_a_model_and_a_model_an_alias(tmp_path: Path) -> None:
    first, second = world.model("first"), world.model("second")
    ModelAlias.objects.create(name="swapped", model=first)
    before = export(tmp_path)
    wanted = before.replace(b"name: second\n", b"name: swapped\n").replace(b"model: second\n", b"model: swapped\n")
    wanted = wanted.replace(b"- name: swapped\n  model: first\n", b"- name: second\n  model: first\n")

    outcome = run("yaml", wanted, tmp_path, "--prune", "--apply", *CONFIRMED)

    assert outcome.code == 0, outcome.out
    assert export(tmp_path) == wanted
    call_command("rollback_import", str(ImportRun.objects.latest("pk").pk))
    assert export(tmp_path) == before
    assert AIModel.objects.get(name="second").pk == second.pk


@pytest.mark.parametrize("option", [("--only", "gpt-*"), ("--channel", "main"), ("--provider", "openai")])
def test_a_part_of_a_file_removes_nothing(tmp_path: Path, option: tuple[str, ...]) -> None:
    small_catalog()
    outcome = run("yaml", export(tmp_path), tmp_path, "--prune", "delete", *option)
    assert outcome.code == 4
    assert "--prune compares the whole file" in outcome.err
    other = run("litellm", "{}", tmp_path, "--prune")
    assert (other.code, other.err) == (
        4,
        "--prune needs a file that contains the whole catalog: it works with yaml only.",
    )


def test_the_text_names_what_is_removed(tmp_path: Path) -> None:
    small_catalog()
    file = tmp_path / "wanted.yaml"
    file.write_bytes(export(tmp_path))
    later_additions()
    out = io.StringIO()

    with pytest.raises(SystemExit):
        call_command("import_catalog", "yaml", file=str(file), prune="delete", stdout=out)

    text = out.getvalue()
    assert "Models: 0 new, 1 changed, 1 removed.\n  Removed: new\n" in text
    assert "Aliases: 0 new, 0 changed, 2 removed.\n  Removed: gpt-latest, newest\n" in text
    assert "Sell prices: 0 new, 0 changed, 1 ended." in text
    assert "gpt-4o: price since 2026-01-04 ends now" in text


def test_a_file_does_not_change_roles_of_the_software(tmp_path: Path) -> None:
    create_roles()
    viewer = Group.objects.get(name="Viewer")
    before = viewer.permissions.count()
    text = "format: modelbook/1\nroles:\n- {name: Viewer, permissions: []}\n- {name: Odd, permissions: [auth.fly]}\n"

    found = run("yaml", text, tmp_path, "--prune", "--apply").findings()

    assert "role Viewer was left out: this software defines the role of this name" in found
    assert "role Odd was left out: permissions: there is no permission auth.fly" in found
    assert (viewer.permissions.count(), Group.objects.filter(built_in=None).count()) == (before, 0)


def test_an_admin_key_for_imports_changes_no_roles_and_tokens(tmp_path: Path) -> None:
    text = "format: modelbook/1\nroles: [{name: Curators, permissions: []}]\n"
    key = world.admin_key("read", "catalog", "prices", "imports")[0]
    holder = importing(act_as(KeyHolder.objects.get(pk=key.operator_id), key))
    options = Options(source=SOURCES["yaml"], prune="delete")
    plan, waiting = save_plan(text.encode(), options, at=timezone.now(), actor=holder)
    assert waiting is not None
    with pytest.raises(NotPermittedError, match="permission to add roles"):
        apply_run(waiting, at=timezone.now(), seen=plan.fingerprint, actor=holder)
    assert run("yaml", text, tmp_path, "--prune", "--apply").code == 0
    applied = ImportRun.objects.get(status=ImportRun.Status.APPLIED)

    with pytest.raises(NotPermittedError, match="permission to change roles"):
        roll_back(applied, at=timezone.now(), actor=holder)

    world.token()
    plan, waiting = save_plan(b"format: modelbook/1\ntokens: []\n", options, at=timezone.now(), actor=holder)
    assert waiting is not None
    with pytest.raises(NotPermittedError, match="permission to change tokens"):
        apply_run(waiting, at=timezone.now(), seen=plan.fingerprint, actor=holder)


def test_a_rollback_leaves_a_name_that_is_taken_again(tmp_path: Path) -> None:
    small_catalog()
    wanted = export(tmp_path)
    later_additions()
    assert run("yaml", wanted, tmp_path, "--prune", "--apply").code == 0
    again = world.model("new", on=None)
    out = io.StringIO()

    call_command("rollback_import", str(ImportRun.objects.latest("pk").pk), stdout=out)

    assert "  stays: removed model new\n" in out.getvalue()
    assert out.getvalue().count("stays:") == 1
    assert AIModel.objects.get(name="new").pk == again.pk
    assert Channel.objects.filter(slug="west").exists()
    assert ModelAlias.objects.filter(name="gpt-latest").exists()


def test_a_group_has_the_same_name_however_its_letters_are_composed(tmp_path: Path) -> None:
    world.token_group("caf\u00e9")
    text = "format: modelbook/1\ngroups:\n- {slug: cafe\u0301, label: Caf\u00e9}\n- {slug: default, label: Default}\n"
    assert run("yaml", text, tmp_path, "--prune", "--apply").code in (0, 2)
    assert {*TokenGroup.objects.values_list("slug", flat=True)} == {"caf\u00e9", "default"}
