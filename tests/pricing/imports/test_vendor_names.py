"""Imports recognize vendors, and create none for a reseller or for a model whose id shows its vendor."""

import json
from pathlib import Path

import pytest
from django.test import Client

from catalog.models import AIModel, Vendor
from tests import world
from tests.pricing.imports.running import run

pytestmark = pytest.mark.django_db


def document(vendors: dict[str, str]) -> str:
    """A price list of new-api: model -> the name of its vendor."""
    names = list(dict.fromkeys(vendors.values()))
    rows = [
        {"model_name": model, "vendor_id": names.index(name), "quota_type": 0, "model_ratio": 1, "completion_ratio": 2}
        for model, name in vendors.items()
    ]
    return json.dumps({"data": rows, "vendors": [{"id": number, "name": name} for number, name in enumerate(names)]})


def vendors_of_models() -> dict[str, str]:
    return dict(AIModel.objects.values_list("name", "vendor__slug"))


def test_known_vendors_are_found_in_any_spelling(tmp_path: Path) -> None:
    named = {
        "m-1": "智谱清言（官方）",
        "m-2": "微软",
        "m-3": "Azure-OpenAI",
        "m-4": "腾讯混元大模型",
        "m-5": "火山引擎",
    }
    run("new_api", document(named), tmp_path, "--apply")

    assert vendors_of_models() == {
        "m-1": "zhipu", "m-2": "microsoft", "m-3": "openai", "m-4": "tencent", "m-5": "bytedance"
    }  # fmt: skip
    assert {vendor.slug: vendor.name for vendor in Vendor.objects.exclude(models=None)} == {
        "zhipu": "Zhipu", "microsoft": "微软", "openai": "OpenAI", "tencent": "Tencent", "bytedance": "ByteDance"
    }  # fmt: skip


def test_the_id_decides_where_the_name_is_unknown_or_a_platform(tmp_path: Path) -> None:
    named = {"gpt-4o": "某某中转站", "claude-opus-5": "硅基流动", "deepseek-v3": "火山引擎", "house-1": "火山引擎"}
    outcome = run("new_api", document(named), tmp_path, "--apply")

    assert vendors_of_models() == {
        "gpt-4o": "openai", "claude-opus-5": "anthropic", "deepseek-v3": "deepseek", "house-1": "bytedance"
    }  # fmt: skip
    assert "gpt-4o: the vendor 某某中转站 is not known; the id shows OpenAI" in outcome.findings()
    assert "deepseek-v3: the vendor" not in outcome.findings()


def test_a_vendor_that_nobody_knows_keeps_a_readable_name(tmp_path: Path, client: Client) -> None:
    run(
        "new_api", document({"house-1": "我的 实验室", "house-2": "其他", "house-3": "OpenRouter"}), tmp_path, "--apply"
    )

    assert vendors_of_models() == {"house-1": "我的-实验室", "house-2": "other", "house-3": "other"}
    AIModel.objects.get(name="house-1").vendor.full_clean()
    AIModel.objects.update(status=AIModel.Status.PUBLISHED)
    world.channel().offers.create(model=AIModel.objects.get(name="house-1"))
    key = world.key(allow=["vendor:我的-实验室"])
    (listed,) = client.get("/v1/models", headers={"authorization": f"Bearer {key}"}).json()["data"]
    assert (listed["id"], listed["owned_by"]) == ("house-1", "我的-实验室")


def test_vendors_that_the_catalog_has_decide(tmp_path: Path) -> None:
    world.vendor("router", name="OpenRouter")
    run("new_api", document({"house-1": "OpenRouter", "gpt-4o": "OpenRouter"}), tmp_path, "--apply")

    assert vendors_of_models() == {"house-1": "router", "gpt-4o": "router"}
