"""A name that people may take for another one's is refused or confirmed, however the row arrives."""

import html
from pathlib import Path

import pytest
from django.test import Client

from catalog.models import AIModel, Channel, EndpointType, ModelAlias, Source, Vendor
from catalog.names.look_alikes import fault_of_name, looks_of_name
from tests import admin_world, world
from tests.pricing.imports.running import run
from tokens.models import TokenGroup

pytestmark = pytest.mark.django_db

ALIKE = [
    "gpt\u20114o", "gpt-4\u043e", "\uff47\uff50\uff54-4o", "\u0261pt-4o", "GPT-4\u043e", "g\u03c1t-4o",
    "\U0001d5c0pt-4o", "gpt\u22124o",
]  # fmt: skip
HIDDEN = ["gpt\u200b-4o", "gpt-4o\u202e", "\u2066gpt-4o\u2069", "gpt\u00ad-4o", "gpt-4o\ufeff", "gpt\u00a0-4o"]
PATHS = [".", "..", "a/../gpt-4o", "./gpt-4o", "gpt-4o/."]


@pytest.mark.parametrize("name", ALIKE)
def test_letters_that_look_the_same_make_names_look_the_same(name: str) -> None:
    assert name != "gpt-4o"
    assert looks_of_name(name) == looks_of_name("gpt-4o")


@pytest.mark.parametrize("name", ["gpt-40", "gpt-4o-mini", "gpt4o", "gpt_4o", "\u043e1", "模型-4o"])
def test_other_names_do_not(name: str) -> None:
    assert looks_of_name(name) != looks_of_name("gpt-4o")


@pytest.mark.parametrize("name", [*HIDDEN, *PATHS, " gpt-4o", "gpt-4o "])
def test_a_name_with_hidden_parts_is_no_name(name: str) -> None:
    assert fault_of_name(name)


@pytest.mark.parametrize("name", ["gpt-4o", "meta/llama-3.1", "官转 VIP", "a b", "x...y", "claude@latest", "Rénard"])
def test_ordinary_names_are_names(name: str) -> None:
    assert fault_of_name(name) == ""


def post(client: Client, table: str, **fields: str) -> str:
    page = f"/admin/{table}/add/"
    answer = client.post(page, admin_world.filled_in(client, page, **fields))
    if admin_world.is_confirmation(answer):
        # The model takes the calls of an alias that has its name.
        answer = admin_world.confirm(client, page, answer)
    return "" if answer.status_code == 302 else html.unescape(answer.content.decode())


@pytest.mark.parametrize("name", [*ALIKE, *HIDDEN, *PATHS])
def test_the_form_of_a_model_refuses_them(name: str, admin_client: Client) -> None:
    model = world.model("gpt-4o")
    page = post(admin_client, "catalog/aimodel", name=name, vendor=str(model.vendor.pk))
    assert "Choose another name" in page or "not a valid" in page
    assert AIModel.objects.get() == model


def test_a_model_in_other_case_or_named_like_an_alias_is_confirmed(admin_client: Client) -> None:
    model = world.model("gpt-4o")
    ModelAlias.objects.create(name="best", model=model)
    for name, problem in (
        ("GPT-4o", "which differs only by upper and lower case"),
        ("best", "is the name of the alias"),
    ):
        fields = {"name": name, "vendor": str(model.vendor.pk)}
        page = post(admin_client, "catalog/aimodel", **fields)
        assert problem in page
        assert f'name="confirm_name" value="{name}"' in page
        assert "Choose another" in post(admin_client, "catalog/aimodel", **fields | {"name": "gpt-4\u043e"})
        assert not post(admin_client, "catalog/aimodel", **fields, confirm_name=name)
        assert AIModel.objects.filter(name=name).exists()


def test_every_named_row_has_a_form_that_compares(admin_client: Client) -> None:
    world.vendor("openai", name="OpenAI")
    world.channel("east", group="VIP")
    Source.objects.create(slug="litellm", name="LiteLLM")
    tables = (Vendor, Channel, EndpointType, Source, TokenGroup)
    before = [table.objects.count() for table in tables]
    assert "Choose another name" in post(admin_client, "catalog/vendor", slug="\u043epenai", name="Another")
    assert "Choose another name" in post(admin_client, "catalog/vendor", slug="another", name="\uff2fpen\u0410I")
    assert "confirm_slug" in post(admin_client, "catalog/channel", slug="EAST", name="East 2")
    assert "confirm_slug" in post(admin_client, "tokens/tokengroup", slug="vip", label="VIP")
    assert "Choose another name" in post(admin_client, "tokens/tokengroup", slug="\uff36\uff29\uff30", label="VIP")
    assert "confirm_slug" in post(admin_client, "catalog/source", slug="LiteLLM", name="x", reader="litellm")
    assert "valid name" in post(admin_client, "catalog/endpointtype", name="\u043epenai", path="/x")
    assert [table.objects.count() for table in tables] == before


def test_an_alias_that_looks_like_another_model_is_refused_and_one_of_its_own_is_not(admin_client: Client) -> None:
    world.model("claude-5")
    model = world.model("gpt-4o")
    page = f"/admin/catalog/aimodel/{model.pk}/change/"

    def add_alias(name: str) -> None:
        form = {"aliases-TOTAL_FORMS": "1", "aliases-0-name": name, "aliases-0-model": str(model.pk)}
        admin_client.post(page, admin_world.filled_in(admin_client, page, **form))

    for name in ("cl\u0430ude-5", "claude-5", "CLAUDE-5", "cla\u200bude-5"):
        add_alias(name)
    assert not ModelAlias.objects.exists()
    add_alias("GPT-4O")
    assert ModelAlias.objects.get().name == "GPT-4O"


@pytest.mark.parametrize("name", ["gpt-4\u043e", "gpt\u200b-4o", "..", "\uff47pt-4o"])
def test_an_import_leaves_them_out(name: str, tmp_path: Path) -> None:
    world.model("gpt-4o")
    outcome = run("csv", f"model,input,output\n{name},1,2\nother,1,2\n", tmp_path, "--apply")
    assert "the row was left out" in outcome.findings().lower()
    assert sorted(AIModel.objects.values_list("name", flat=True)) == ["gpt-4o", "other"]


def test_a_yaml_file_cannot_add_look_alikes(tmp_path: Path) -> None:
    world.vendor("openai", name="OpenAI")
    world.channel("east", group="VIP")
    world.model("gpt-4o")
    text = """\
format: modelbook/1
vendors:
- {slug: \u043epenai, name: Another}
channels:
- {slug: EAST, name: Another}
groups:
- {slug: vip, label: Another}
aliases:
- {name: gpt-4\u043e, model: claude-5}
models:
- {name: claude-5}
- {name: cl\u0430ude-5}
"""
    findings = run("yaml", text, tmp_path, "--apply").findings()
    assert "vendor \u043epenai was left out: \u043epenai looks like the vendor openai" in findings
    assert "EAST looks like the channel east, which differs only by upper and lower case" in findings
    assert "vip looks like the group VIP" in findings
    assert "alias gpt-4\u043e was left out" in findings
    assert list(AIModel.objects.order_by("pk").values_list("name", flat=True)) == ["gpt-4o", "claude-5"]
    assert not ModelAlias.objects.exists()
    assert Vendor.objects.filter(slug="\u043epenai").count() == 0
