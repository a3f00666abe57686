"""The whole catalog as YAML: into an empty installation and out again gives the same bytes."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from catalog.db import revision
from catalog.models import AIModel, Channel, CodexProfile, EndpointType, ImportRun, ModelAlias, Offer, Vendor
from catalog.sources.yaml_catalog import SECTIONS
from pricing.export.yaml_catalog import HEAD
from pricing.models import GroupRate, PopularModel, PriceSheet
from pricing.usage.spending import Cost, record
from tests import world
from tests.admin_world import import_run
from tests.pricing.gateways.databases import key
from tests.samples import HERE, real, some_rows
from tokens.models import ModelRelease, Token, TokenGroup
from tokens.operators.roles import create_roles

pytestmark = pytest.mark.django_db


def export(folder: Path, *sections: str) -> bytes:
    file = folder / "catalog.yaml"
    call_command("export_catalog", "yaml", output=str(file), extra=list(sections))
    return file.read_bytes()


def bring(folder: Path, content: bytes) -> None:
    file = folder / "brought.yaml"
    file.write_bytes(content)
    call_command("import_catalog", "yaml", file=str(file), apply=True)


def empty() -> None:
    """As after the first migrate: group default and the registry are made by it and may stay."""
    for model in (
        Group,
        Token,
        PriceSheet,
        PopularModel,
        GroupRate,
        ModelAlias,
        Offer,
        Channel,
        AIModel,
        Vendor,
        EndpointType,
    ):
        model._default_manager.all().delete()
    TokenGroup.objects.exclude(slug="default").delete()
    create_roles()


def rich_catalog() -> None:
    """A catalog with something in every field that the file has."""
    other = Vendor.objects.create(
        slug="kuaishou-cn",
        name="快手",
        chinese_name="快手: 可灵",
        aliases=["kling"],
        icon="Kling.Color",
        description="no",
    )
    EndpointType.objects.create(name="holo", path="/v1/holo", label="Holograms: = yes")
    east = world.channel(
        "east", group="vip", base_url="https://east.example.com", priority=-3, weight=7, note="a\nb: #c"
    )
    east.enabled = False
    east.save()
    TokenGroup.objects.filter(slug="vip").update(
        is_public=True, auto_position=12, rate_limit="60/minute", description="- x"
    )
    vip = world.token_group("vip")
    vip.budget_amount, vip.budget_currency, vip.budget_period = Decimal("0.120000000000000000034"), "CNY", "month"
    vip.save()
    world.rate(vip, "0.123456789012345678")
    first = world.model(
        "gpt-4o",
        on="main",
        released_on=dt.date(2024, 5, 13),
        tags=["no", "128K"],
        context_length=128_000,
        max_input_tokens=96_000,
        max_output_tokens=2**63 - 1,
        version="001",
        default_parameters={"temperature": Decimal("0.70"), "top_k": 64},
        reasoning_levels=["none", "low", "high"],
        knowledge_cutoff="2025-06",
        open_weights=False,
    )
    second = world.model(
        "kling/v2:pro @ 'x'", on=east, vendor=other, status="draft", successor=first, public_endpoint_types=[],
        description='He said "1e-06"\u2028\ttab, null', series="1e6", retires_on=dt.date(2027, 1, 1),
        supported_endpoint_types=["holo"], input_modalities=["text"], capabilities=["tools"], display_name="~",
        in_price_list=False, listed=False, starts_at=dt.datetime(2026, 12, 1, 8, 0, 1, 5, tzinfo=dt.UTC),
        forwards_to_successor=True, open_weights=True,
    )  # fmt: skip
    ModelRelease.objects.create(model=second, group=vip, starts_at=dt.datetime(2026, 11, 30, 16, tzinfo=dt.UTC))
    ModelRelease.objects.create(model=first, group=vip)
    ModelAlias.objects.create(name="kling-latest", model=second, listed=True)
    Offer.objects.filter(model=second).update(upstream_name="0x10", enabled=False)
    ModelAlias.objects.create(name="gpt-latest", model=first)
    CodexProfile.objects.create(
        model=first,
        instructions='You are Codex: no `rm`.\n\n  # Do\r\n- "apply_patch"\t是 ',
        reasoning_levels=[{"effort": "low", "description": ""}, {"effort": "no", "description": "Off: 1e-06"}],
        default_reasoning_level="no",
        default_verbosity="low",
        parallel_tool_calls=False,
    )
    CodexProfile.objects.create(model=second, instructions="null", patch_tool="")
    PopularModel.objects.create(model=second, position=4)
    world.price(first, role="list", input="2.5", output="10")
    world.price(first, role="cost", input="1.000000000000000000000012")
    sheet = world.price(second, role="sell", currency="CNY", input="0.000000150000000000000012")
    world.line(
        sheet,
        "output.video",
        "0.5",
        per=1,
        unit="second",
        conditions=[{"dim": "has_audio", "op": "eq", "value": False}],
    )
    world.line(
        sheet, "input", "1", facts={"deep": [1, Decimal("1.50"), None, "true"]},
        conditions=[{"dim": "time", "op": "in", "value": {"tz": "UTC", "windows": [{"hours": ["00:30-08:30"]}]}}],
    )  # fmt: skip
    world.line(sheet, "", "0.9", kind="multiplier", unit="", per=1)
    world.line(sheet, "request", None, kind="included", per=1, unit="")
    PriceSheet.objects.filter(pk=sheet.pk).update(facts={"billing_mode": "per_second", "rate": Decimal("7.10")})


def tokens_and_roles() -> None:
    """A token and a role with something in every field that the file has, and a token with nothing."""
    vip = world.token_group("vip")
    world.token(
        "vip",
        name="- Acme: 'x' \u2028",
        uses_auto_groups=True,
        first_group=vip,
        allow=["gpt-*", "price:input<=5"],
        deny=["no", "tag:new"],
        starts_at=dt.datetime(2026, 12, 1, 8, 0, 1, 5, tzinfo=dt.UTC),
        expires_at=dt.datetime(2099, 12, 1, tzinfo=dt.UTC),
        networks=["203.0.113.0/24", "2001:db8::/32"],
        rate_limit="60/minute",
        budget_amount=Decimal("0.120000000000000000034"),
        budget_currency="CNY",
        budget_period="day",
        is_over_budget=True,
        enabled=False,
        note="a\nb: #c",
        metadata={"customer": Decimal("42.5"), "plan": "no", "trial": None},
    )
    Token.objects.issue("none", groups=[], allow=[])
    Group.objects.create(name="Empty")
    role = Group.objects.create(name="Curators: no")
    role.permissions.set(Permission.objects.filter(codename__in=["view_vendor", "change_aimodel"]))


def test_import_and_export_give_the_same_bytes(tmp_path: Path) -> None:
    rich_catalog()
    tokens_and_roles()
    before = export(tmp_path, "tokens", "roles")
    empty()
    assert export(tmp_path, "tokens", "roles") != before

    bring(tmp_path, before)

    assert export(tmp_path, "tokens", "roles") == before
    assert not any(token.has_key for token in Token.objects.all())
    call_command("rollback_import", str(ImportRun.objects.latest("pk").pk), accept_loss=True)
    assert not Token.objects.exists()
    assert not Group.objects.filter(built_in=None).exists()


def test_a_folder_is_like_one_file(tmp_path: Path) -> None:
    rich_catalog()
    tokens_and_roles()
    whole, folder = export(tmp_path, "tokens", "roles"), tmp_path / "catalog"
    call_command("export_catalog", "yaml", output=f"{folder}/", extra=["tokens,roles"])
    files = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert b"".join(files[f"{name}.yaml"].removeprefix(HEAD) for name in SECTIONS) == whole.removeprefix(HEAD)
    call_command("catalog_diff", str(folder))
    for number, file in enumerate(sorted(folder.iterdir(), reverse=True)):
        file.rename(folder / f"{number:02}.{'YML' if number == 3 else 'yml'}")
    empty()

    call_command("import_catalog", "yaml", file=str(folder), apply=True)

    assert export(tmp_path, "tokens", "roles") == whole
    with pytest.raises(CommandError, match=r"00.yml is not a file of this export"):
        call_command("export_catalog", "yaml", output=str(folder))


def test_prices_of_kinds_without_an_amount_or_for_many_units_are_preserved(tmp_path: Path) -> None:
    world.channel("main")
    world.line(world.price(world.model("router")), "", None, kind="dynamic", per=1, unit="")
    gift = world.price(world.model("searcher"), input="1")
    world.line(gift, "input", "50000", kind="allowance", per=1, unit="token", facts={"period": "day"})
    world.line(gift, "input", "20000", kind="minimum", per=1, unit="token")
    content = export(tmp_path)
    empty()

    bring(tmp_path, content)

    assert export(tmp_path) == content


def test_importing_its_own_export_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rich_catalog()
    before, number = export(tmp_path), revision.current()

    bring(tmp_path, before)

    assert (export(tmp_path), revision.current()) == (before, number)
    # Its prices are listed beside its models.
    assert "without one" not in capsys.readouterr().out


def test_an_edited_file_changes_what_was_edited(tmp_path: Path) -> None:
    rich_catalog()
    edited = export(tmp_path).replace(b"https://east.example.com", b"https://west.example.com")

    bring(tmp_path, edited)

    east = Channel.objects.get(slug="east")
    assert east.base_url == "https://west.example.com"
    assert east.history.first().history_change_reason.startswith("Import ")
    assert export(tmp_path) == edited


def test_a_group_leaves_the_automatic_order_by_a_written_null(tmp_path: Path) -> None:
    rich_catalog()
    edited = export(tmp_path).replace(b"auto_position: 12", b"auto_position: null")

    bring(tmp_path, edited)

    assert TokenGroup.objects.get(slug="vip").auto_position is None
    assert export(tmp_path) == edited


def test_a_budget_is_removed_by_a_written_null_and_counts_at_once_if_it_is_lowered(tmp_path: Path) -> None:
    rich_catalog()
    vip, now = TokenGroup.objects.get(slug="vip"), timezone.now()
    with transaction.atomic():
        record([Cost(world.token("vip")[0].pk, vip.pk, now, Decimal("0.1"), "CNY")])
    content = export(tmp_path)

    bring(tmp_path, content.replace(b"0.120000000000000000034", b"0.1"))

    vip.refresh_from_db()
    assert vip.budget is not None
    assert (vip.spent, vip.budget.is_spent(at=now)) == (Decimal("0.1"), True)
    call_command("rollback_import", str(ImportRun.objects.latest("pk").pk))
    vip.refresh_from_db()
    assert (vip.budget_amount, vip.spent_until) == (Decimal("0.120000000000000000034"), None)
    lines = [line for line in content.split(b"\n") if b"budget_currency" not in line and b"budget_period" not in line]
    bring(tmp_path, b"\n".join(lines).replace(b"'0.120000000000000000034'", b"null"))
    vip.refresh_from_db()
    assert [vip.budget, vip.spent] == [None, Decimal(0)]


def test_a_part_of_the_models_brings_nothing_else(tmp_path: Path) -> None:
    rich_catalog()
    (tmp_path / "brought.yaml").write_bytes(export(tmp_path))
    empty()

    call_command("import_catalog", "yaml", file=str(tmp_path / "brought.yaml"), only=["gpt-*"], apply=True)

    assert not Channel.objects.exists()
    assert [model.name for model in AIModel.objects.all()] == ["gpt-4o"]


def test_it_contains_no_secret(tmp_path: Path) -> None:
    Token.objects.take_over("a customer", plaintext=key(7), groups=[world.token_group()])
    secrets = [value for row in Token.objects.values_list("digest", "key_id", "masked") for value in row]

    content = export(tmp_path).decode()

    assert not [secret for secret in (*secrets, key(7), "a customer") if secret in content]


@pytest.mark.parametrize("name", ["", "litellm/model_prices_1.103.0.json"])
def test_prices_from_litellm_are_preserved(tmp_path: Path, name: str) -> None:
    file = tmp_path / "map.json"
    file.write_bytes(some_rows(real(name)) if name else (HERE / "litellm.json").read_bytes())
    call_command("import_catalog", "litellm", file=str(file), channel="main", publish=True, apply=True)
    before = export(tmp_path)
    empty()

    bring(tmp_path, before)

    assert export(tmp_path) == before


def test_every_table_is_included_or_left_out_on_purpose() -> None:
    in_it = {"vendor", "endpointtype", "channel", "offer", "aimodel", "modelalias", "tokengroup", "modelrelease"}
    in_it |= {"grouprate", "popularmodel", "pricesheet", "priceline", "codexprofile", "token"}
    # Keys, what was imported from where, and the books of what others pay or report.
    left_out = {"retiredkey", "pepper", "revision", "source", "snapshot", "importrun", "fieldpin"}
    left_out |= {"discountrule", "currencyrate", "usagereporter", "usagecount", "usageevent", "spending"}
    left_out |= {"change", "namelist", "pruning", "lastrefusal", "savedfilter", "operatorgroups", "builtinrole"}
    left_out |= {"adminkey", "keyholder", "documentextract"}
    left_out |= {"auditentry", "audithead", "auditcolumns", "storedresponse"}
    # Where events are sent, with secrets, and what was sent.
    left_out |= {"webhook", "event", "delivery", "workerstate"}
    there = {
        model._meta.model_name
        for app in ("catalog", "tokens", "pricing")
        for model in apps.get_app_config(app).get_models()
        if not model.__name__.startswith("Historical")
    }
    assert there - in_it - left_out == set()


@pytest.mark.parametrize("edited_factor", ["2", None])
def test_factors_and_rates_of_groups_of_a_migrated_price_follow_the_file(
    tmp_path: Path, edited_factor: str | None
) -> None:
    """The price is that of a gateway's database, which states factors of usage that price lists do not have."""
    migrated = import_run("gateway")
    sheet = world.price(world.model("gpt-4o"), role="list", input="2.5", output="10")
    vip = [{"dim": "group", "op": "eq", "value": "vip"}]
    world.line(sheet, "", "1", kind="multiplier", unit="", per=1, conditions=vip, facts={"is_group_rate": True})
    PriceSheet.objects.filter(pk=sheet.pk).update(facts={"use_factors": {"input.cache_write": "1.25"}}, run=migrated)
    whole = export(tmp_path)
    bring(tmp_path, whole)
    assert export(tmp_path) == whole
    factors = b"""{"use_factors":{"input.cache_write":"1.25"}}"""
    assert factors in whole
    edited = whole.replace(factors, factors.replace(b"1.25", (edited_factor or "").encode()))
    if edited_factor is None:
        edited = whole.replace(factors, b"{}")

    bring(tmp_path, edited)

    facts = {"use_factors": {"input.cache_write": edited_factor}} if edited_factor else {}
    current = PriceSheet.objects.order_by("pk").last()
    assert current is not None
    assert current.facts == facts
    assert current.lines.filter(facts={"is_group_rate": True}).exists()
