"""import_gateway carries over the facts of models, vendors and channels that have a field here."""

import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from catalog.exact import read_json
from catalog.models import AIModel, Channel, Vendor
from pricing.models import PriceSheet
from tests.pricing.gateways.databases import channel, option, sqlite_gateway
from tests.pricing.imports.running import run

pytestmark = pytest.mark.django_db

ENTRY = {"status": 1, "name_rule": 0}


def migrate(folder: Path, **rows: Any) -> Any:
    out = io.StringIO()
    file = sqlite_gateway(folder, "new-api", tokens=[], **rows)
    call_command("import_gateway", sqlite=str(file), apply=True, format="json", stdout=out)
    return read_json(out.getvalue().encode())


def test_vendors_keep_their_descriptions(tmp_path: Path) -> None:
    migrate(
        tmp_path,
        channels=[channel(1, "acme-1")],
        models=[{**ENTRY, "id": 1, "model_name": "acme-1", "vendor_id": 7}],
        vendors=[{"id": 7, "name": "Acme", "icon": "Acme.Color", "description": "Acme described"}],
    )

    acme = Vendor.objects.get(name="Acme")
    assert (acme.icon, acme.description) == ("Acme.Color", "Acme described")


def test_metadata_becomes_facts_and_the_rest_is_listed(tmp_path: Path) -> None:
    metadata = '{"maxOutputTokens": 8192, "isReasoning": true, "colour": "blue"}'
    report = migrate(
        tmp_path,
        channels=[channel(1, "acme-1,acme-2,other")],
        models=[
            {**ENTRY, "id": 1, "model_name": "acme-", "name_rule": 1, "metadata": metadata},
            {**ENTRY, "id": 2, "model_name": "other", "metadata": "{broken"},
        ],
    )

    acme = AIModel.objects.get(name="acme-2")
    assert (acme.max_output_tokens, acme.capabilities) == (8192, ["reasoning"])
    assert {"subject": "models.metadata", "count": 1, "names": ["colour (2 models)"]}.items() <= {
        kind["subject"]: kind for kind in report["left_out"]
    }["models.metadata"].items()
    assert "model other: its metadata is not JSON and was left out" in report["findings"]


def test_remarks_and_tags_are_in_the_notes_of_channels(tmp_path: Path) -> None:
    migrate(tmp_path, channels=[channel(1, "acme-1", tag="teamA", remark="Call Bob first")])

    assert Channel.objects.get().note == (
        "Channel 1 of new-api, type OpenAI, 1 upstream key (not imported). Tag teamA. Remark: Call Bob first"
    )


def lines(model: str) -> set[tuple[str, str, int, str]]:
    sheet = PriceSheet.objects.get(model__name=model)
    return {(line.meter, f"{line.amount.normalize():f}", line.per, line.unit) for line in sheet.lines.all()}


def test_prices_of_tools_become_lines_of_paid_models(tmp_path: Path) -> None:
    report = migrate(
        tmp_path,
        channels=[channel(1, "acme-1,acme-free,acme-call"), channel(2, "claude-x", type=14)],
        options=[
            option("ModelRatio", {"acme-1": 1, "acme-free": 0, "claude-x": 2}),
            option("CompletionRatio", {"acme-1": 3, "acme-free": 0, "claude-x": 5}),
            option("ModelPrice", {"acme-call": 0.04}),
            option("tool_price_setting.prices", {"web_search_preview": 12.5, "web_search": 11, "google_search": 14}),
        ],
        # What an entry lists does not limit the calls that a channel serves.
        models=[{**ENTRY, "id": 1, "model_name": "acme-1", "endpoints": '["openai"]'}],
    )

    tokens = {("input", "2", 1000000, "token"), ("output", "6", 1000000, "token")}
    assert lines("acme-1") == {*tokens, ("web_search", "12.5", 1000, "query")}
    assert lines("acme-call") == {("request", "0.04", 1, "request"), ("web_search", "12.5", 1000, "query")}
    assert ("web_search", "11", 1000, "query") in lines("claude-x")
    assert not any("web_search" in line for line in lines("acme-free"))
    assert any(
        sentence.startswith("acme-free: only its calls of tools have a price") for sentence in report["findings"]
    )
    kinds = {kind["subject"]: kind["names"] for kind in report["left_out"]}
    assert kinds["options.tool_price_setting.prices"] == ["google_search"]
    assert kinds["tools"] == ["file_search $2.5", "image_generation $11 to $250"]


@pytest.mark.parametrize("listing_first", [True, False])
def test_prices_of_tools_stay_beside_the_gateways_own_list(tmp_path: Path, listing_first: bool) -> None:
    listing = '{"data": [{"model_name": "acme-1", "quota_type": 0, "model_ratio": 1, "completion_ratio": 3}]}'
    steps = [
        lambda: run("new_api", listing, tmp_path, "--apply"),
        lambda: migrate(
            tmp_path,
            channels=[channel(1, "acme-1")],
            options=[
                option("ModelRatio", {"acme-1": 1}),
                option("CompletionRatio", {"acme-1": 3}),
                option("tool_price_setting.prices", {"web_search_preview": 12.5}),
            ],
        ),
    ]
    for step in steps if listing_first else reversed(steps):
        step()

    sheet = PriceSheet.objects.in_force(at=timezone.now()).get(model__name="acme-1")
    assert {line.meter: line.amount for line in sheet.lines.all()} == {
        "input": 2,
        "output": 6,
        "web_search": Decimal("12.5"),
    }
